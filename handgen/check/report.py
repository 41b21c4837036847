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
from handgen.check.labels import Labels
from handgen.check.survey import Survey
from handgen.check.tree import Found, gathered
from handgen.errors import UsageError
from handgen.files import walk
from handgen.formats.tree import Tree

_TREE = Tree.format

Track = Callable[[Iterable[Record], Path, int | None], Iterable[Record]]
"""Wraps an iterable of records to show progress; gets the dataset's path and their number too."""


@dataclass
class DatasetReport:
    """What one dataset holds and what is wrong with it."""

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


def check_folder(
    root: Path, charset: str | None = None, track: Track | None = None, labels: Labels | None = None
) -> Report:
    """Read every dataset in ``root`` whole, as trainers do.

    Args:
        root: a dataset, or a folder of datasets.
        charset: characters that labels may have; without it, each dataset's own ``charset.txt``.
        track: shows progress.
        labels: takes down all labels.

    Raises:
        UsageError: there is no dataset, or its file is of another kind.
    """
    if not root.is_dir():
        found = "is not a folder" if root.exists() else "does not exist"
        raise UsageError(f"{root} {found}", "Give the folder that 'handgen synth --out' wrote.")
    findings = Findings()
    datasets = find_datasets(root, findings)
    return Report(root, [_check(found, charset, track, labels) for found in datasets], findings)


def find_datasets(root: Path, findings: Findings) -> list[Found]:
    """Return every dataset in ``root``; add what stands around them.

    Raises:
        UsageError: there is none, or none that is finished.
    """
    readers: list[type[Reader]] = [READERS.load(entry.name) for entry in READERS]
    found = [(reader, path) for reader in readers for path in reader.find(root, findings)]
    places = {path for _, path in found}
    begun = _begun(root)
    seen = places | {path.parent for path in places}
    unfinished = sorted(path for path, whole in begun.items() if not whole and path not in seen)
    if not found and unfinished:
        again = "Run the command that made it again: it goes on where it stopped."
        raise UsageError(f"{unfinished[0]} is not finished", again)
    if not found:
        known = ", ".join(entry.name for entry in READERS)
        raise UsageError(f"{root} holds no dataset", f"Give a folder with one of: {known}.")
    for path in unfinished:
        findings.add("unfinished", detail=str(path))
    trees = {path: shards for path in begun if (shards := _shards_of(path))}
    for tree, shards in trees.items():
        here = sum(path.parent == tree for path in places)
        if begun[tree] and shards > here:
            findings.add("missing-shard", detail=f"{here:,} of {shards:,} in {tree}", count=shards - here)
    return gathered(found, [*trees])


def _shards_of(path: Path) -> int:
    """Return how many shards a folder of them says it has; 0 if it is none."""
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        return int(manifest["plan"]["shards"]) if manifest["format"] == _TREE else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _begun(root: Path) -> dict[Path, bool]:
    """Return the folders that handgen has begun to write, and whether no more is to come.

    Of a single dataset its reader knows better than its manifest, and counts as not finished here.
    """
    begun = {}
    for folder, _, files in walk(root):
        if "manifest.json" in files and (folder / "manifest.json").is_file():
            try:
                manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
                if "plan" in manifest and (manifest["format"] in READERS or manifest["format"] == _TREE):
                    begun[folder] = manifest["format"] == _TREE and bool(manifest["complete"])
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                continue
    return begun


def _check(found: Found, charset: str | None, track: Track | None, labels: Labels | None) -> DatasetReport:
    path = found.path
    report = DatasetReport(path, found.kind.format, shards=len(found.shards))
    charset = own_charset(path) if charset is None else charset
    survey = Survey(report.findings, charset, labels)
    with found.open() as reader:
        records: Iterable[Record] = reader.records(report.findings)
        for record in track(records, path, reader.total) if track else records:
            survey.add(record)
        survey.conclude(reader)
        report.labels = survey.histogram(reader)
        report.samples, report.count = survey.samples, reader.count
    _check_manifest(path, report.findings)
    report.sizes = {f"{width}x{height}": n for (width, height), n in survey.sizes.most_common(10)}
    report.aspect = max((width / height for width, height in survey.sizes), default=1.0)
    report.modes = dict(survey.modes.most_common())
    report.styles = dict(survey.styles.most_common())
    report.characters = len(survey.characters if charset is None else survey.characters.keys() & set(charset))
    report.charset = None if charset is None else len(set(charset))
    return report


def own_charset(path: Path) -> str | None:
    """Return the characters of the dataset's ``charset.txt``: one a line, or all on one."""
    file = path / "charset.txt"
    try:
        return file.read_text(encoding="utf-8").replace("\n", "") if file.is_file() else None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8", "Repair it, or give a charset with --charset.") from None


def _check_manifest(path: Path, findings: Findings) -> None:
    if not is_finished(path):
        findings.add("unfinished", detail="manifest.json")


def is_finished(path: Path) -> bool:
    """Return False if the manifest of the dataset at ``path`` says that more is to come; others' have no manifest."""
    try:
        return bool(json.loads((path / "manifest.json").read_text(encoding="utf-8"))["complete"])
    except (OSError, ValueError, KeyError, TypeError):
        return True
