"""The single characters of any dataset that handgen reads: LMDB, image folders, WebDataset and so on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handgen.check.bad import ALL_IS_READ
from handgen.collect.base import DAMAGED, NO_LABEL, Intake, Reader, Writing
from handgen.collect.files import StyleNames, style_name
from handgen.formats.find import one_dataset
from handgen.formats.findings import Findings
from handgen.glyphs.pictures import read_fault, read_gray
from handgen.glyphs.records import Origin


class DatasetReader(Reader):
    """Reads the samples of a dataset that show one character.

    Args:
        path: the dataset, which may be sharded.
        style: one name for all writers; by default the style in each sample's meta, or else the folder's name.

    Raises:
        UsageError: there is no dataset, or more than one.
    """

    kind = "lmdb"

    def __init__(self, path: Path, style: str | None = None) -> None:
        self._path = path
        self._found = one_dataset(path)
        self._style = style_name(style) if style else None
        with self._found.open() as records:
            self.total = records.total

    def plan(self) -> dict[str, Any]:
        """Return the dataset and its format."""
        count = f", {self.total:,} samples" if self.total is not None else ""
        return {"dataset": f"{self._path} ({self._found.kind.format}{count})"}

    def origin(self, style: str) -> Origin:
        """Return the dataset."""
        return Origin(kind=self._found.kind.format, folder=self._path.name)

    def writings(self, intake: Intake) -> Iterator[Writing]:
        """Yield the samples in order."""
        findings, seen = Findings(), 0
        names = StyleNames()
        default = style_name(self._path.resolve().name)
        with self._found.open() as records:
            for seen, record in enumerate(records.records(findings), 1):
                intake.at(seen)
                style = self._style or (names.of(record.style) if record.style else default)
                where = f"sample {record.number}" + (f" ({record.name})" if record.name else "")
                try:
                    label = (record.label or b"").decode()
                except UnicodeDecodeError:
                    intake.skip(NO_LABEL, where, style, cause="it is not UTF-8")
                    continue
                char = intake.char(label, where, style)
                if not char or not intake.wants(style, char):
                    continue
                image = read_gray(record.image) if record.image else None
                if image is None:
                    cause = read_fault(record.image) if record.image else record.fault or "it has no image"
                    intake.skip(DAMAGED, where, style, char, cause)
                    continue
                yield Writing(style, char, image, where)
        if "damaged" in findings:
            intake.skip(DAMAGED, f"{self._path.name}: after {seen:,} samples", default)
        for finding in findings.sorted():
            if finding.name != "damaged" and finding.rule.severity == "defect" and finding.name not in ALL_IS_READ:
                intake.skip(finding.rule.title, f"{self._path.name} ({finding.count:,} times)", default)
        if not seen and not intake.skips:
            intake.skip("there is not one sample", self._path.name, default)
