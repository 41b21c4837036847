"""A folder of images, one character each.

What an image shows is said in one of three ways:

- ``csv``: ``labels.csv`` in the folder, with a header: ``filename``; ``words``, ``word``, ``label``, ``text`` or
  ``char``; and, if there are several writers, ``style`` or ``writer``. Files stand below the folder.
- ``folder``: the name of the image's folder: ``永/001.png``. The writer is the folder above, if there is one.
- ``name``: the file name up to the first ``_``, ``-``, ``.``, space or bracket: ``永_01.png``, ``A-3.png``,
  ``永.png``. The writer is the file's folder, if it is not the one that was given.

A character may be written as ``U+6C38``, for what a file name cannot hold (/) or tell apart (A and a).
"""

from __future__ import annotations

import csv
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handgen.collect.base import DAMAGED, Intake, Reader, Writing
from handgen.collect.files import files_in, style_name
from handgen.errors import UsageError
from handgen.fonts.charsets import is_written
from handgen.glyphs.pictures import SUFFIXES, read_gray
from handgen.glyphs.records import Origin

LABELS = "labels.csv"
WAYS = ("csv", "folder", "name")
_WORDS, _STYLES = ("words", "word", "label", "text", "char", "character"), ("style", "writer")
_CODE = re.compile(r"U\+([0-9A-Fa-f]{4,6})(?![0-9A-Fa-f])")
_END = re.compile(r"[_\-.\s(\[]|$")


@dataclass(frozen=True)
class _Item:
    path: Path
    label: str
    style: str


class ImagesReader(Reader):
    """Reads a folder of images.

    Args:
        folder: where they are.
        labels: one of ``WAYS``; None = ``csv`` if there is such a file, ``folder`` if every folder with
            images in it is called like one character, else ``name``.
        style: one name for all; by default each writer's own, or the folder's.

    Raises:
        UsageError: there is no folder, no image in it, or ``labels.csv`` cannot be used.
    """

    kind = "images"

    def __init__(self, folder: Path, labels: str | None = None, style: str | None = None) -> None:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder", "Give a folder of images.")
        self.folder = folder
        self._style = style_name(style) if style else None
        files = list(files_in(folder, SUFFIXES))
        if not files:
            raise UsageError(f"no image is in the folder {folder}", "It takes PNG, JPEG, WebP, BMP, TIFF and GIF.")
        self.labels = labels or self._way(files)
        ways = {"csv": self._by_csv, "folder": self._by_folder, "name": self._by_name}
        self._items = ways[self.labels](files)
        self.total = len(self._items)
        self.chars = "".join(sorted({item.label for item in self._items if is_written(item.label)}))

    def plan(self) -> dict[str, Any]:
        """Return the folder, and how labels are found."""
        ways = {"csv": f"from {LABELS}", "folder": "the folders' names", "name": "the file names"}
        return {"images": f"{self.folder} ({self.total:,} files)", "labels": ways[self.labels]}

    def origin(self, style: str) -> Origin:
        """Return the folder."""
        return Origin(kind=self.kind, folder=self.folder.name)

    def writings(self, intake: Intake) -> Iterator[Writing]:
        """Yield the images in the order of their names, or of ``labels.csv``."""
        for folder in self._empty():
            intake.skip("empty folder", folder)
        for number, item in enumerate(self._items):
            intake.at(number)
            where = str(item.path.relative_to(self.folder)) if item.path.is_relative_to(self.folder) else str(item.path)
            if self.labels == "csv" and (why := self._amiss(item.path)):
                intake.skip(why, where, item.style)
                continue
            char = intake.char(item.label, where, item.style)
            if not char or not intake.wants(item.style, char):
                continue
            image = read_gray(item.path)
            if image is None:
                intake.skip(DAMAGED, where, item.style, char)
                continue
            yield Writing(item.style, char, image, where)
        intake.at(len(self._items))

    def _way(self, files: list[Path]) -> str:
        if (self.folder / LABELS).is_file():
            return "csv"
        folders = {file.parent for file in files}
        return "folder" if all(named(folder.name) and folder != self.folder for folder in folders) else "name"

    def _by_folder(self, files: list[Path]) -> list[_Item]:
        return [_Item(file, _label(file.parent.name), self._writer(file.parent.parent)) for file in files]

    def _by_name(self, files: list[Path]) -> list[_Item]:
        return [_Item(file, char_in_name(file.stem), self._writer(file.parent)) for file in files]

    def _writer(self, folder: Path) -> str:
        """Return the writer's name of what is in ``folder``."""
        if self._style:
            return self._style
        inside = folder.is_relative_to(self.folder) and folder != self.folder
        own = "-".join(folder.relative_to(self.folder).parts) if inside else self.folder.resolve().name
        return style_name(own)

    def _by_csv(self, files: list[Path]) -> list[_Item]:
        place = self.folder / LABELS
        if not place.is_file():
            raise UsageError(f"no {LABELS} is in {self.folder}", "Leave out --labels, or write that file.")
        items = []
        try:
            with place.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.DictReader(file, delimiter="\t" if "\t" in file.readline() else ",")
                file.seek(0)
                columns = rows.fieldnames or []
                words = next((name for name in _WORDS if name in columns), None)
                style = next((name for name in _STYLES if name in columns), None)
                if "filename" not in columns or words is None:
                    raise UsageError(
                        f"{place} has the columns {', '.join(columns) or 'none'}",
                        "Give it a header: filename,words or filename,words,style.",
                    )
                for row in rows:
                    own = style_name(row[style] or "") if style and not self._style else self._writer(self.folder)
                    items.append(_Item(self.folder / (row["filename"] or ""), _label(row[words] or ""), own))
        except (UnicodeDecodeError, csv.Error) as error:
            raise UsageError(f"{place} cannot be read ({error})", "Save it as UTF-8, comma or tab separated.") from None
        return items

    def _amiss(self, path: Path) -> str:
        """Return why a file that ``labels.csv`` names is not read; empty if nothing is amiss."""
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.folder)):
            return "outside the folder"
        return "" if path.is_file() else "no such file"

    def _empty(self) -> Iterator[str]:
        for parent, folders, names in os.walk(self.folder):
            folders.sort()
            if not folders and not names:
                yield str(Path(parent).relative_to(self.folder))


def _label(text: str) -> str:
    """Return the text, or the character that it spells as ``U+6C38``."""
    text = unicodedata.normalize("NFC", text.strip())
    match = _CODE.fullmatch(text)
    return _of_code(match) if match else text


def _of_code(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return unicodedata.normalize("NFC", chr(code)) if code < 0x110000 else ""


def named(text: str) -> bool:
    """Whether a folder's name is one character."""
    return is_written(_label(text))


def char_in_name(stem: str) -> str:
    """Return the character that a file's name begins with, alone or before a separator; empty if there is none."""
    stem = unicodedata.normalize("NFC", stem)
    match = _CODE.match(stem)
    char, rest = (_of_code(match), stem[match.end() :]) if match else (stem[:1], stem[1:])
    return char if is_written(char) and _END.match(rest) else ""
