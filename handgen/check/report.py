"""Checks a folder of datasets; the result can be written as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from handgen.check.bad import BadSamples, LeftOut, fault_of
from handgen.check.labels import Labels
from handgen.check.survey import Survey
from handgen.errors import UsageError
from handgen.formats.find import Found, find_datasets, is_finished
from handgen.formats.findings import Findings
from handgen.formats.nearby import no_folder
from handgen.formats.reading import Record

Track = Callable[[Iterable[Record], Path, int | None], Iterable[Record]]
"""Wraps an iterable of records to show progress; takes also the dataset's path and the number of records."""


@dataclass
class DatasetReport:
    """What one dataset holds and what is wrong with it.

    Attributes:
        path: its folder.
        format: its format's name.
        samples: how many samples were read.
        count: how many it says it has; None if it does not say.
        shards: number of its shards; 0 without shards.
        sizes: ``WIDTHxHEIGHT`` -> images, the ten most frequent.
        modes: Pillow's mode -> images.
        aspect: width / height of the widest image.
        labels: statistics of its labels, see ``Survey.histogram``.
        characters: how many different characters its labels have; of those in the charset, if there is one.
        charset: size of the charset; None without one.
        styles: style -> samples.
        findings: what is wrong.
    """

    path: Path
    format: str
    samples: int = 0
    count: int | None = None
    shards: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    aspect: float = 1.0
    labels: dict[str, Any] = field(default_factory=dict)
    characters: int = 0
    charset: int | None = None
    styles: dict[str, int] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON."""
        found = [finding.as_dict() for finding in self.findings.sorted()]
        return {**vars(self), "path": str(self.path), "findings": found}


@dataclass
class Report:
    """The reports on a folder's datasets, findings about the folder itself, and the samples that were left out."""

    path: Path
    datasets: list[DatasetReport]
    findings: Findings
    left_out: list[LeftOut] = field(default_factory=list)

    def count(self, severity: str) -> int:
        """Return how many rules of a severity are broken, summed over the datasets."""
        parts = [self.findings, *(dataset.findings for dataset in self.datasets)]
        return sum(findings.count(severity) for findings in parts)

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON."""
        return {
            "path": str(self.path),
            "defects": self.count("defect"),
            "warnings": self.count("warning"),
            "findings": [finding.as_dict() for finding in self.findings.sorted()],
            "datasets": [dataset.as_dict() for dataset in self.datasets],
            **({"left_out": [asdict(each) for each in self.left_out]} if self.left_out else {}),
        }


def check_folder(
    root: Path,
    charset: str | None = None,
    track: Track | None = None,
    labels: Labels | None = None,
    *,
    skip_bad: bool = False,
) -> Report:
    """Read all samples of every dataset below ``root``, and judge them.

    Args:
        root: a dataset, or a folder of datasets.
        charset: characters that labels may have; by default those of each dataset's ``charset.txt``.
        track: shows progress.
        labels: counts all labels, if given.
        skip_bad: list the samples that cannot be read, and judge only the others.

    Raises:
        UsageError: there is no dataset, or a file of it is of another kind.
    """
    if not root.is_dir():
        raise no_folder(root)
    findings = Findings()
    datasets = find_datasets(root, findings)
    left_out: list[LeftOut] = []
    reports = []
    for dataset in datasets:
        bad = BadSamples(skip=True) if skip_bad else None
        reports.append(_check(dataset, charset, track, labels, bad))
        part = dataset.path.relative_to(root).as_posix()
        left_out += [replace(each, dataset=part) for each in bad.left_out] if bad else []
    return Report(root, reports, findings, left_out)


def _check(
    found: Found, charset: str | None, track: Track | None, labels: Labels | None, bad: BadSamples | None
) -> DatasetReport:
    path = found.path
    report = DatasetReport(path, found.kind.format, shards=len(found.shards))
    charset = own_charset(path) if charset is None else charset
    survey = Survey(report.findings, charset, labels)
    with found.open() as reader:
        records: Iterable[Record] = reader.records(report.findings)
        for record in track(records, path, reader.total) if track else records:
            if bad and (cause := fault_of(record)):
                bad.add(record, cause, path)
            else:
                survey.add(record)
        survey.conclude(reader)
        report.labels = survey.histogram(reader)
        report.samples, report.count = survey.samples, reader.count
    if not is_finished(path):
        report.findings.add("unfinished", detail="manifest.json")
    report.sizes = {f"{width}x{height}": n for (width, height), n in survey.sizes.most_common(10)}
    report.aspect = max((width / height for width, height in survey.sizes), default=1.0)
    report.modes = dict(survey.modes.most_common())
    report.styles = dict(survey.styles.most_common())
    report.characters = len(survey.characters if charset is None else survey.characters.keys() & set(charset))
    report.charset = None if charset is None else len(set(charset))
    return report


def own_charset(path: Path) -> str | None:
    """Return the characters of the dataset's ``charset.txt``, one per line or all on one; None without the file.

    Raises:
        UsageError: the file is not UTF-8.
    """
    file = path / "charset.txt"
    try:
        return file.read_text(encoding="utf-8-sig").replace("\n", "") if file.is_file() else None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8", "Repair it, or give a charset with --charset.") from None
