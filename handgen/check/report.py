"""Checks a folder of datasets and puts the result into a form for machines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handgen.check import READERS
from handgen.check.base import Reader, Record
from handgen.check.findings import Findings
from handgen.check.survey import Survey
from handgen.errors import UsageError

Track = Callable[[Iterable[Record], Path, int], Iterable[Record]]
"""Wraps an iterable of records to show progress; gets the dataset's path and their number too."""


@dataclass
class DatasetReport:
    """What one dataset holds and what is wrong with it."""

    path: Path
    format: str
    samples: int = 0
    count: int | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
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
    """What a folder holds: its datasets, and findings about the folder around them."""

    path: Path
    datasets: list[DatasetReport]
    findings: Findings

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
        }


def check_folder(root: Path, charset: str | None = None, track: Track | None = None) -> Report:
    """Read every dataset in ``root`` whole, as trainers do.

    Args:
        root: a dataset, or a folder of datasets.
        charset: characters that labels may have; without it, each dataset's own ``charset.txt``.
        track: shows progress.

    Raises:
        UsageError: there is no dataset, or its file is of another kind.
    """
    if not root.is_dir():
        found = "is not a folder" if root.exists() else "does not exist"
        raise UsageError(f"{root} {found}", "Give the folder that 'handgen synth --out' wrote.")
    findings = Findings()
    readers: list[type[Reader]] = [READERS.load(entry.name) for entry in READERS]
    found_by = [(reader, path) for reader in readers for path in reader.find(root, findings)]
    if not found_by:
        raise UsageError(f"{root} holds no dataset (no data.mdb)", "Give the folder that 'handgen synth --out' wrote.")
    return Report(root, [_check(reader, path, charset, track) for reader, path in found_by], findings)


def _check(kind: type[Reader], path: Path, charset: str | None, track: Track | None) -> DatasetReport:
    report = DatasetReport(path, kind.format)
    charset = _own_charset(path) if charset is None else charset
    survey = Survey(report.findings, charset)
    with kind(path) as reader:
        records: Iterable[Record] = reader.records(report.findings)
        for record in track(records, path, reader.total) if track else records:
            survey.add(record)
        survey.conclude(reader)
        report.labels = survey.histogram(reader)
        report.samples, report.count = survey.samples, reader.count
    _check_manifest(path, report.findings)
    report.sizes = {f"{width}x{height}": n for (width, height), n in survey.sizes.most_common(10)}
    report.modes = dict(survey.modes.most_common())
    report.styles = dict(survey.styles.most_common())
    report.characters = len(survey.characters if charset is None else survey.characters.keys() & set(charset))
    report.charset = None if charset is None else len(set(charset))
    return report


def _own_charset(path: Path) -> str | None:
    """Return the characters of the dataset's ``charset.txt``: one a line, or all on one."""
    file = path / "charset.txt"
    try:
        return file.read_text(encoding="utf-8").replace("\n", "") if file.is_file() else None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8", "Repair it, or give a charset with --charset.") from None


def _check_manifest(path: Path, findings: Findings) -> None:
    """A dataset of handgen says in its manifest whether it is finished; others have none."""
    file = path / "manifest.json"
    if not file.is_file():
        return
    try:
        finished = json.loads(file.read_text(encoding="utf-8"))["complete"]
    except (ValueError, KeyError, TypeError):
        return
    if not finished:
        findings.add("unfinished", detail="manifest.json")
