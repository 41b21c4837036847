"""Reads images and a list as PaddleOCR's ``SimpleDataSet`` does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from handgen.check.files import Entry, ListReader, lines_of
from handgen.check.findings import Findings


class PaddleOcrReader(ListReader):
    """Reads images named by ``rec_gt.txt``, ``rec_gt_train.txt``, ...: path, tab, label.

    Paths count from ``data_dir``, which is the folder of the list or one above it. In place of a path a list of
    paths may stand, in JSON; the trainer draws one of them, and here each is a sample.
    """

    format = "paddleocr"
    marks = ("rec_gt*.txt",)
    above = True

    def _rows(self, file: Path, findings: Findings) -> Iterator[Entry]:
        for number, line in lines_of(file, findings):
            name, *rest = line.split(b"\t")
            where = f"{file.name}, line {number}"
            try:
                names = _names(name.decode())
            except UnicodeDecodeError:
                yield Entry("", rest[0] if rest else None, fault=f"{where}: the path is not UTF-8")
                continue
            for each in names:
                yield Entry(each, rest[0] if rest else None, fault="" if rest else f"{where} has no tab")


def _names(text: str) -> list[str]:
    try:
        names = json.loads(text) if text.startswith("[") else None
    except (ValueError, RecursionError):
        names = None
    return [str(name) for name in names] if isinstance(names, list) and names else [text]
