"""A folder of images of one character each.

The label of an image is found in one of three ways:

- ``csv``: in ``labels.csv`` in the folder, with the columns ``filename``; ``words``, ``word``, ``label``, ``text`` or
  ``char``; and, if there are several writers, ``style`` or ``writer``. Paths are relative to the folder.
- ``folder``: in the name of the image's folder: ``永/001.png``. The writer is the folder above, if there is one.
- ``name``: in the file name, up to the first ``_``, ``-``, ``.``, space or bracket: ``永_01.png``, ``A-3.png``,
  ``永.png``. The writer is the file's folder, if it is not the folder that was given.

Without ``labels.csv``, the way that fits most files is taken; files that do not fit are skipped and listed.
Characters that a file name cannot hold (/), or that some systems do not distinguish in names (A and a), can be written
as ``U+6C38``, ``0x6C38`` or ``uni6C38``.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handgen.characters import listed, split_lines
from handgen.collect.base import DAMAGED, Intake, Reader, Writing
from handgen.collect.files import StyleNames, list_files, style_name
from handgen.collect.labels import choose_way, label_of, labels_in_names
from handgen.errors import UsageError, quoted
from handgen.fonts.charsets import is_written
from handgen.formats.easyocr import LABEL_COLUMNS, PATH_COLUMNS, easyocr_rows, has_own_header
from handgen.formats.listed import file_at
from handgen.glyphs.pictures import SUFFIXES, pages, read_fault, read_gray
from handgen.glyphs.records import Origin

LABELS = "labels.csv"
NO_FOLDER = "its folder is not called like one character"
FURTHER = "further pages or frames of a file, which are not read"
_PAGED = frozenset((".gif", ".tif", ".tiff", ".webp", ".png"))
_STYLES = ("style", "writer")
_EXAMPLES = 5
_NAMED = 4
"""How many kinds of unread files a message names."""


@dataclass(frozen=True)
class _Item:
    path: Path
    label: str
    style: str


class ImagesReader(Reader):
    """Reads a folder of images.

    Args:
        folder: the folder.
        labels: ``csv``, ``folder`` or ``name``; None = ``csv`` if there is a ``labels.csv``, else what fits most of the
            images, see ``choose_way``.
        style: one name for all writers; by default each writer's own name, or the folder's.

    Raises:
        UsageError: there is no folder or no image in it, the names do not say what the images show, or ``labels.csv``
            cannot be used.
    """

    kind = "images"

    def __init__(self, folder: Path, labels: str | None = None, style: str | None = None) -> None:
        if not folder.is_dir():
            raise _no_folder(folder)
        self.folder = folder
        self._style = style_name(style) if style else None
        self._names = StyleNames()
        self._listing = list_files(folder, SUFFIXES, (LABELS,))
        self.ignored = dict(self._listing.ignored)
        files = self._listing.files
        if not files:
            common = sorted(self.ignored.items(), key=lambda item: -item[1])
            there = "".join(f"; {count:,} × {why}" for why, count in common[:_NAMED])
            there += f"; {sum(count for _, count in common[_NAMED:]):,} others" if len(common) > _NAMED else ""
            raise UsageError(
                f"no image is in the folder {folder}{there}", "It takes PNG, JPEG, WebP, BMP, TIFF and GIF."
            )
        self.labels = labels or ("csv" if (folder / LABELS).is_file() else choose_way(folder, files))
        ways = {"csv": self._by_csv, "folder": self._by_folder, "name": self._by_name}
        self._guessed = labels is None
        self._unlisted: list[Path] = []
        self._items = ways[self.labels](files)
        self.total = len(self._items)
        self.chars = "".join(sorted({item.label for item in self._items if is_written(item.label)}))

    def plan(self) -> dict[str, Any]:
        """Return the folder, the way labels are found, and examples."""
        ways = {"csv": f"from {LABELS}", "folder": "the folders' names", "name": "the file names"}
        return {
            "images": f"{self.folder} ({self.total:,} files)",
            "labels": ways[self.labels],
            "examples": ", ".join(self._examples()),
        }

    def _examples(self) -> list[str]:
        """Return ``file -> label`` of a few images, with different labels if possible."""
        firsts = {item.label: item for item in reversed(self._items)}
        some = [*reversed(firsts.values()), *self._items]
        chosen = dict.fromkeys(some[:: max(1, len(firsts) // _EXAMPLES)][:_EXAMPLES])
        return [f"{self._where(item.path)} -> {listed(item.label) or 'nothing'}" for item in chosen]

    def _where(self, path: Path) -> str:
        return str(path.relative_to(self.folder)) if path.is_relative_to(self.folder) else str(path)

    def origin(self, style: str) -> Origin:
        """Return the folder."""
        return Origin(kind=self.kind, folder=self.folder.name)

    def writings(self, intake: Intake) -> Iterator[Writing]:
        """Yield the images, sorted by path, or in the order of ``labels.csv``."""
        for folder in self._listing.empty:
            intake.skip("empty folder", self._where(folder))
        for path in self._unlisted:
            intake.skip(f"not in {LABELS}", self._where(path))
        for number, item in enumerate(self._items):
            intake.at(number)
            where = self._where(item.path)
            if self.labels == "csv" and (why := self._amiss(item.path)):
                intake.skip(why, where, item.style)
                continue
            if self.labels == "folder" and not is_written(item.label):
                intake.skip(NO_FOLDER, where, item.style)
                continue
            char = intake.char(item.label, where, item.style)
            if not char or not intake.wants(item.style, char):
                continue
            image = read_gray(item.path)
            if image is None:
                intake.skip(DAMAGED, where, item.style, char, read_fault(item.path))
                continue
            if item.path.suffix.lower() in _PAGED and pages(item.path) > 1:
                intake.skip(FURTHER, where, item.style, char)
            yield Writing(item.style, char, image, where)
        intake.at(len(self._items))

    def _by_folder(self, files: list[Path]) -> list[_Item]:
        return [_Item(file, label_of(file.parent.name), self._writer(file.parent.parent)) for file in files]

    def _by_name(self, files: list[Path]) -> list[_Item]:
        labels = labels_in_names(files, self.folder, guessed=self._guessed)
        return [_Item(file, label, self._writer(file.parent)) for file, label in zip(files, labels, strict=True)]

    def _writer(self, folder: Path) -> str:
        """Return the name of the writer whose images are in ``folder``."""
        if self._style:
            return self._style
        inside = folder.is_relative_to(self.folder) and folder != self.folder
        own = "/".join(folder.relative_to(self.folder).parts) if inside else self.folder.resolve().name
        return self._names.of(own)

    def _by_csv(self, files: list[Path]) -> list[_Item]:
        path = self.folder / LABELS
        if not path.is_file():
            raise UsageError(f"no {LABELS} is in {self.folder}", "Leave out --labels, or write that file.")
        try:
            rows = list(_rows(path))
        except (UnicodeDecodeError, csv.Error) as error:
            raise UsageError(f"{path} cannot be read ({error})", "Save it as UTF-8, comma or tab separated.") from None
        items = []
        for name, label, style in rows:
            file = file_at(self.folder, name) or self.folder / name
            own = self._names.of(style) if style is not None and not self._style else self._writer(self.folder)
            items.append(_Item(file, label_of(label), own))
        self._unlisted = sorted(set(files) - {item.path for item in items})
        return items

    def _amiss(self, path: Path) -> str:
        """Return why a file that ``labels.csv`` names is not read; "" if it is."""
        try:
            if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.folder)):
                return "outside the folder"
            return "" if path.is_file() else "no such file"
        except (OSError, ValueError):  # the name is too long, or has a NUL character
            return "no such file"


def _no_folder(path: Path) -> UsageError:
    if not path.exists():
        return UsageError(f"{path} does not exist", "Give a folder of images.")
    if path.suffix.lower() in (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz"):
        return UsageError(f"{path} is an archive", "Unpack it, and give the folder.")
    remedy = f"Give the folder it is in: {quoted(path.parent)}" if path.is_file() else "Give a folder of images."
    return UsageError(f"{path} is no folder", remedy)


def _is_sound(data: bytes) -> bool:
    """Return whether a table is valid CSV: every row has two cells, and all quotation marks are closed."""
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        return all(len(row) in (0, 2) for row in rows)
    except (UnicodeDecodeError, csv.Error):
        return False


def _rows(file: Path) -> Iterator[tuple[str, str, str | None]]:
    """Yield path, label and writer of each row of ``labels.csv``; the writer is None without such a column.

    Raises:
        UsageError: the header has no column of paths, or none of labels.
        UnicodeDecodeError, csv.Error: the file is damaged.
    """
    data = file.read_bytes()
    if has_own_header(file) and not _is_sound(data):  # EasyOCR's file, in which labels need not be quoted
        yield from ((name, label, None) for name, label in easyocr_rows(file))
        return
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")  # Excel saves both
    head = next(iter(split_lines(text)), "")
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max("\t,;", key=head.count) if head else ",")
    given = rows.fieldnames or []
    columns = [name.strip().casefold() for name in given]
    rows.fieldnames = columns
    names, words, style = (
        next((n for n in some if n in columns), None) for some in (PATH_COLUMNS, LABEL_COLUMNS, _STYLES)
    )
    if names is None or words is None:
        raise UsageError(
            f"{file} has the columns {', '.join(given) or 'none'}",
            "Give it a header: filename,words or filename,words,style.",
        )
    for row in rows:
        yield row[names] or "", row[words] or "", (row[style] or "") if style else None
