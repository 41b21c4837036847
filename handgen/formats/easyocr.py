"""The folder that EasyOCR's trainer reads: images, and beside them ``labels.csv``.

The trainer takes every folder without folders in it for a dataset, so there is none. The header
is ``filename,words``; labels with commas or quotation marks are quoted as CSV wants it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from handgen.formats.base import Format, Sample
from handgen.formats.findings import Findings
from handgen.formats.listed import BOM, Entry, ListReader, ListWriter, lines_of


class EasyOcrWriter(ListWriter):
    """Writes images and ``labels.csv``; see ``Writer``."""

    format = "easyocr"
    whole = "labels.csv"
    head = "filename,words\n"

    def _name(self, index: int) -> str:
        return f"{index + 1:09d}.png"

    def _entry(self, name: str, label: str, sample: Sample) -> str:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow((name, label))
        return line.getvalue()


HEADER = b"filename,words"


class EasyOcrReader(ListReader):
    """Reads the images that ``labels.csv`` names.

    Two programs read such files: the trainer of today cuts each line at its first comma, as it stands; that of
    before, and other programs, read CSV. A file in which a label has a comma or a quotation mark that CSV would
    quote is of the first kind, any other of the second.
    """

    format = "easyocr"
    marks = ("labels.csv",)
    damage = (ValueError, OSError)

    @classmethod
    def holds(cls, folder: Path) -> bool:
        """The name is a common one; the header tells."""
        try:
            with (folder / cls.marks[0]).open("rb") as file:
                header = file.readline(100).replace(b"\r", b"\n").partition(b"\n")[0].strip()
        except OSError:
            return False
        return header.removeprefix(BOM) == HEADER

    def _rows(self, file: Path, findings: Findings) -> Iterator[Entry]:
        for number, name, label in _cut(file):
            encoded = None if label is None else label.encode("utf-8", "surrogateescape")
            fault = f"{file.name}, line {number} has no comma" if label is None else ""
            yield Entry(name, encoded, fault=fault)


def easyocr_rows(file: Path) -> Iterator[tuple[str, str]]:
    """Yield path and label of each line of a ``labels.csv``.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    for _, name, label in _cut(file, "strict"):
        yield name, label or ""


def _cut(file: Path, errors: str = "surrogateescape") -> Iterator[tuple[int, str, str | None]]:
    """Yield number, path and label of each line; the label is None where there is no comma."""
    lines = lines_of(file, Findings())  # its reader takes blank lines, CRs and the byte-order mark for none
    next(lines, None)
    raw = is_raw(file)
    for number, line in lines:
        text = line.decode("utf-8", errors)
        name, comma, label = text.strip().partition(",")
        if not raw and (row := _as_csv(text)):
            name, label = row
        yield number, name, label if comma else None


def is_raw(file: Path) -> bool:
    """Tell whether the labels of a ``labels.csv`` stand as they are, commas and quotation marks among them."""
    lines = lines_of(file, Findings())
    next(lines, None)
    return any(b"," in line and not _as_csv(line.decode("utf-8", "surrogateescape")) for _, line in lines)


def _as_csv(line: str) -> list[str] | None:
    """Return path and label of a line of CSV; None if no program that writes CSV writes such a line."""
    if '"' not in line:
        row = line.split(",")
        return row if len(row) == 2 else None
    try:
        (row,) = csv.reader([line], strict=True)
    except (csv.Error, ValueError):
        return None
    if len(row) != 2:
        return None
    if not any(mark in cell for cell in row for mark in ',"'):
        return row
    return row if line in (_written(row, csv.QUOTE_MINIMAL), _written(row, csv.QUOTE_ALL)) else None


def _written(row: list[str], quoting: Literal[0, 1, 2, 3]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="", quoting=quoting).writerow(row)
    return line.getvalue()


EASYOCR = Format(EasyOcrWriter, EasyOcrReader)
