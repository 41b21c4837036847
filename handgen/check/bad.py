"""Samples that cannot be used. Either the first one stops the work, or all of them are left out and listed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handgen.errors import DatasetError, quoted
from handgen.formats.base import label_fault
from handgen.formats.findings import Findings
from handgen.formats.reading import Record
from handgen.glyphs.pictures import read_fault

LEFT_OUT = "left_out.jsonl"
SKIP = "Repair it, or leave bad samples out with --skip-bad; see: handgen check {path}"
ALL_IS_READ = frozenset(
    ("byte-order-mark", "typed-labels", "list-header", "list-encoding", "list-layout", "dotted-name")
)
"""Defects that stop or mislead trainers, while handgen's own readers still read every sample."""
CONVERT = "Repair it, or write the dataset without it: handgen convert {path} OUT --skip-bad"


@dataclass(frozen=True)
class LeftOut:
    """A sample that was not used.

    Attributes:
        dataset: the dataset's folder, relative to the folder that was read.
        sample: its number in the dataset, from 1; 0 = all samples from there on.
        name: its name in the dataset, such as a file; may be empty.
        cause: why it was not used.
    """

    dataset: str
    sample: int
    name: str
    cause: str

    def __str__(self) -> str:
        where = f"#{self.sample}" if self.sample else "the rest"
        return " ".join(part for part in (self.dataset.removeprefix("."), where, self.name) if part) + f": {self.cause}"


class BadSamples:
    """Stops at the first bad sample, or lists all of them.

    Args:
        skip: list bad samples instead of stopping.
        remedy: the remedy of the error, with ``{path}`` in it for the dataset.

    Attributes:
        left_out: the bad samples so far.
    """

    def __init__(self, skip: bool = False, remedy: str = SKIP) -> None:
        self.skip = skip
        self._remedy = remedy
        self.left_out: list[LeftOut] = []

    def add(self, record: Record, cause: str, path: Path, part: str = "") -> None:
        """Note a bad sample.

        Args:
            record: the sample.
            cause: what is wrong with it.
            path: the dataset's folder.
            part: the dataset's name in the list, if there are several datasets.

        Raises:
            DatasetError: without ``skip``.
        """
        if not self.skip:
            name = f" ({record.name})" if record.name else ""
            raise DatasetError(f"sample {record.number}{name} of {path}: {cause}", self._remedy_for(path))
        self.left_out.append(LeftOut(part, record.number, record.name, cause))

    def conclude(self, findings: Findings, path: Path, part: str = "") -> None:
        """Judge the findings of a reader that concern the dataset as a whole, such as a damaged file.

        Raises:
            DatasetError: there is such a defect, without ``skip``.
        """
        for finding in findings.sorted():
            if finding.rule.severity != "defect" or finding.name in ALL_IS_READ:
                continue
            example = finding.examples[0] if finding.examples else None
            cause = finding.rule.title + (f" ({example})" if example and str(example) else "")
            if not self.skip:
                remedy = self._remedy_for(path).replace("Repair it, or", "Or")
                raise DatasetError(f"{path}: {cause}", f"{finding.rule.remedy} {remedy}")
            self.left_out.append(LeftOut(part, (example and example.sample) or 0, "", cause))

    def _remedy_for(self, path: Path) -> str:
        return self._remedy.format(path=quoted(path))


def json_lines(entries: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of a JSON Lines file. Lone surrogates, as in file names that are not UTF-8, become escapes."""
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def label_of(record: Record) -> str:
    """Return a sample's label.

    Raises:
        ValueError: the image or the label is missing, or no format can hold the label; the message says which.
    """
    if record.label is None or not record.image:
        raise ValueError(record.fault or f"it has no {'label' if record.image else 'image'}")
    try:
        label = record.label.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("the label is not UTF-8") from None
    if fault := label_fault(label):
        raise ValueError(f"the label {fault}")
    return label


def fault_of(record: Record) -> str:
    """Return why a sample cannot be used: its label or its image is missing or cannot be read; "" if it can."""
    try:
        label_of(record)
    except ValueError as error:
        return str(error)
    return read_fault(record.image or b"")
