"""The images and list file that PaddleOCR reads with ``SimpleDataSet``.

``rec_gt.txt`` has one line a sample: path, tab, label. ``dict.txt`` is the dictionary, without
the space, which PaddleOCR adds itself when ``use_space_char`` is set.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from handgen.files import write_text
from handgen.formats.base import Format, Sample
from handgen.formats.findings import Findings
from handgen.formats.listed import Entry, ListReader, ListWriter, lines_of


class PaddleOcrWriter(ListWriter):
    """Writes ``images/``, ``rec_gt.txt`` and ``dict.txt``; see ``Writer``."""

    format = "paddleocr"
    whole = "rec_gt.txt"

    def _entry(self, name: str, label: str, sample: Sample) -> str:
        return f"{name}\t{label}"  # no label has a tab: it is a control character

    def _end(self) -> None:
        write_text(self.path / "dict.txt", "".join(f"{char}\n" for char in sorted(self._characters - {" "})))
        super()._end()


class PaddleOcrReader(ListReader):
    """Reads images named by ``rec_gt.txt``, ``rec_gt_train.txt``, ...: path, tab, label.

    Paths count from ``data_dir``, which is the folder of the list or one above it. Instead of a path a list of
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


PADDLEOCR = Format(PaddleOcrWriter, PaddleOcrReader)
