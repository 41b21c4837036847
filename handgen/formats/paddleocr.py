"""The images and the list that PaddleOCR reads with ``SimpleDataSet``.

``rec_gt.txt`` has one line per sample: path, tab, label. ``dict.txt`` is the dictionary, one
character per line. It has no space: PaddleOCR adds that itself when ``use_space_char`` is set.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from pathlib import Path, PurePath

from handgen.files import PICTURES, write_text
from handgen.formats.base import Format, Sample
from handgen.formats.findings import Findings
from handgen.formats.listed import Entry, ListReader, ListWriter, decoded, file_at, lines_of


class PaddleOcrWriter(ListWriter):
    """Writes ``images/``, ``rec_gt.txt`` and ``dict.txt``; see ``Writer``."""

    format = "paddleocr"
    whole = "rec_gt.txt"

    def _entry(self, name: str, label: str, sample: Sample) -> str:
        return f"{name}\t{label}"  # no label has a tab: it is a control character

    def _end(self) -> None:
        write_text(self.path / "dict.txt", "".join(f"{char}\n" for char in sorted(self._characters - {" "})))
        super()._end()


_USUAL = "rec_gt*.txt"
_OTHERS = ("gt*.txt", "*_gt.txt", "*list*.txt", "*label*.txt", "Label*.txt", "train*.txt", "val*.txt", "test*.txt")
_PROBED = 5
_HEAD = 1 << 13


def _names_images(file: Path) -> bool:
    """Return whether one of the first lines of a file names an existing picture, then a tab and a label.

    A label that begins as JSON (``[{``) does not count: the file is then a list for text detection.
    """
    try:
        with file.open("rb") as stream:
            head, _ = decoded(stream.read(_HEAD))
    except OSError:
        return False
    rows = [line.partition("\t") for line in head.splitlines()[:_PROBED]]
    bases = (file.parent, *file.parent.absolute().parents[:3])
    return any(
        tab
        and not label.startswith("[{")
        and PurePath(name).suffix.lower() in PICTURES
        and any(file_at(base, name) for base in bases)
        for name, tab, label in rows
    )


class PaddleOcrReader(ListReader):
    """Reads the images that ``rec_gt.txt``, ``rec_gt_train.txt``, ... name: path, tab, label.

    If there is no such file, other common names (``train_list.txt``, ``gt.txt``, ``val.txt``, ...) are tried, because
    the trainer takes a list of any name; such a file counts if its lines name existing images. Paths are relative to
    the trainer's ``data_dir``: the folder of the list or one above it. A line may have a JSON list of paths; the
    trainer picks one of them at random, and this reader yields each as a sample.
    """

    format = "paddleocr"
    marks = (_USUAL, *_OTHERS)
    above = True

    @classmethod
    def holds(cls, folder: Path) -> bool:
        """Look into the files: their names alone are too common."""
        return bool(lists_in(folder))

    def _listed(self) -> list[Path]:
        return lists_in(self.folder)

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


def lists_in(folder: Path) -> list[Path]:
    """Return the lists in a folder, sorted: those called ``rec_gt*.txt``, or else those that name existing images."""
    files = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file())
    usual = [file for file in files if fnmatch.fnmatch(file.name, _USUAL)]
    others = (file for file in files if any(fnmatch.fnmatch(file.name, mark) for mark in _OTHERS))
    return usual or [file for file in others if _names_images(file)]


def _names(text: str) -> list[str]:
    try:
        names = json.loads(text) if text.startswith("[") else None
    except (ValueError, RecursionError):
        names = None
    return [str(name) for name in names] if isinstance(names, list) and names else [text]


PADDLEOCR = Format(PaddleOcrWriter, PaddleOcrReader)
