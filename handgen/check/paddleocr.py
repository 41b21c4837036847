"""Reads images and a list as PaddleOCR's ``SimpleDataSet`` does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from handgen.check.files import ListReader, Meta


class PaddleOcrReader(ListReader):
    """Reads images named by ``rec_gt.txt``, ``rec_gt_train.txt``, ...: path, tab, label."""

    format = "paddleocr"
    marks = "rec_gt*.txt"

    def _rows(self, file: Path) -> Iterator[tuple[str, bytes | None, Meta | None]]:
        with file.open("rb") as lines:
            for line in lines:
                name, *rest = line.strip(b"\r\n").split(b"\t")
                yield name.decode(), rest[0] if rest else None, None
