"""Reads images and ``labels.csv``, the layout of EasyOCR's trainer."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from handgen.check.files import ListReader, Meta


class EasyOcrReader(ListReader):
    """Reads the images that ``labels.csv`` names."""

    format = "easyocr"
    marks = "labels.csv"
    frame = 1
    damage = (ValueError, csv.Error)

    @classmethod
    def holds(cls, folder: Path) -> bool:
        """The name is a common one; the header tells."""
        with (folder / cls.marks).open("rb") as file:
            return file.readline(100).strip().removeprefix(b"\xef\xbb\xbf") == b"filename,words"

    def _rows(self, file: Path) -> Iterator[tuple[str, bytes | None, Meta | None]]:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines)
            next(rows)
            for name, label in rows:
                yield name, label.encode(), None
