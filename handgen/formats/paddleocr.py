"""The images and list file that PaddleOCR reads with ``SimpleDataSet``.

``rec_gt.txt`` has one line a sample: path, tab, label. ``dict.txt`` is the dictionary, without
the space, which PaddleOCR adds itself when ``use_space_char`` is set.
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
    """Tell whether one of the first lines is the path of a picture that is there, a tab and a text, which is no JSON.

    Lists for the detection of text have JSON there.
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
    """Reads images named by ``rec_gt.txt``, ``rec_gt_train.txt``, ...: path, tab, label.

    Without such a file, by ``train_list.txt``, ``gt.txt``, ``val.txt`` and their like, whose lines name images that
    are there: the trainer is told a list by any name. Paths count from ``data_dir``, which is the folder of the list
    or one above it. Instead of a path a list of paths may stand, in JSON; the trainer draws one of them, and here
    each is a sample.
    """

    format = "paddleocr"
    marks = (_USUAL, *_OTHERS)
    above = True

    @classmethod
    def holds(cls, folder: Path) -> bool:
        """The other names are common ones; the lines tell."""
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
    """Return the lists in a folder, sorted: the ones with the usual names, or else those that name images."""
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
