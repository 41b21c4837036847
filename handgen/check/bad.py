"""Samples of a dataset that cannot be used: the first is a reason to stop, or all are left out and listed."""

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
"""Defects that stop trainers, and not who reads the dataset here."""
CONVERT = "Repair it, or write the dataset without it: handgen convert {path} OUT --skip-bad"


@dataclass(frozen=True)
class LeftOut:
    """A sample that was not used.

    Attributes:
        dataset: the folder it is in, from the source on.
        sample: its number there, from 1; 0 where it is all that follows.
        name: what the dataset calls it.
        cause: why.
    """

    dataset: str
    sample: int
    name: str
    cause: str

    def __str__(self) -> str:
        where = f"#{self.sample}" if self.sample else "the rest"
        return " ".join(part for part in (self.dataset.removeprefix("."), where, self.name) if part) + f": {self.cause}"


class BadSamples:
    """Stops at what cannot be used, or lists it.

    Args:
        skip: list it.
        remedy: what to do, where it stops; with ``{path}`` for the dataset.

    Attributes:
        left_out: the list.
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
            path: the dataset.
            part: its name in the list, where there are several.

        Raises:
            DatasetError: it is not to be left out.
        """
        if not self.skip:
            name = f" ({record.name})" if record.name else ""
            raise DatasetError(f"sample {record.number}{name} of {path}: {cause}", self._say(path))
        self.left_out.append(LeftOut(part, record.number, record.name, cause))

    def conclude(self, findings: Findings, path: Path, part: str = "") -> None:
        """Judge what a reader found: what is no fault of a single sample.

        Raises:
            DatasetError: the file is damaged, or promises more than it has, and that is not to be left out.
        """
        for finding in findings.sorted():
            if finding.rule.severity != "defect" or finding.name in ALL_IS_READ:
                continue
            example = finding.examples[0] if finding.examples else None
            cause = finding.rule.title + (f" ({example})" if example and str(example) else "")
            if not self.skip:
                raise DatasetError(
                    f"{path}: {cause}", f"{finding.rule.remedy} {self._say(path).replace('Repair it, or', 'Or')}"
                )
            self.left_out.append(LeftOut(part, (example and example.sample) or 0, "", cause))

    def _say(self, path: Path) -> str:
        return self._remedy.format(path=quoted(path))


def json_lines(entries: Iterable[Mapping[str, Any]]) -> str:
    """Return a list as a file has it: a JSON object a line; bytes of names that are no UTF-8 are written as escapes."""
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def label_of(record: Record) -> str:
    """Return a sample's label.

    Raises:
        ValueError: image or label is missing, or it is a label that no format holds; says which.
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
    """Say why a sample cannot be used: it has no label, no image, or one that cannot be read; "" if it can."""
    try:
        label_of(record)
    except ValueError as error:
        return str(error)
    return read_fault(record.image or b"")
