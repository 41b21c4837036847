"""The folder that EasyOCR's trainer reads: images, and beside them ``labels.csv``.

The trainer reads every folder without sub-folders as a dataset, so this one has none. The header
is ``filename,words``; labels with commas or quotation marks are quoted as in any CSV file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from handgen.formats.base import Format, Sample
from handgen.formats.findings import Findings
from handgen.formats.listed import BOM, Entry, ListReader, ListWriter, decoded, lines_of, raw_bytes


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
PATH_COLUMNS = ("filename", "file_name", "file", "image", "path")
LABEL_COLUMNS = ("words", "word", "label", "text", "char", "character")
_PATH, _LABEL = "\0path", "\0label"


class EasyOcrReader(ListReader):
    """Reads the images that ``labels.csv`` names.

    There are two kinds of such files. Today's trainer cuts each line at its first comma and does not unquote the label
    ("raw"); earlier versions of it and other programs read CSV. A file is raw if any of its lines is not what a CSV
    writer would write; else it is read as CSV. A table with another header, separator or encoding is read as CSV too,
    with its further columns as meta; the trainer does not read it, which is a finding.
    """

    format = "easyocr"
    marks = ("labels.csv",)
    damage = (ValueError, OSError, csv.Error)

    @classmethod
    def holds(cls, folder: Path) -> bool:
        """Look at the header: the name ``labels.csv`` alone is too common."""
        file = folder / cls.marks[0]
        return has_own_header(file) or bool(_table_of(file))

    def _rows(self, file: Path, findings: Findings) -> Iterator[Entry]:
        if not has_own_header(file):
            yield from _as_table(file, findings)
            return
        for number, name, label in _cut(file):
            encoded = None if label is None else label.encode("utf-8", "surrogateescape")
            fault = f"{file.name}, line {number} has no comma" if label is None else ""
            yield Entry(name, encoded, fault=fault)


def has_own_header(file: Path) -> bool:
    """Return whether a list has the header that EasyOCR's trainer needs."""
    try:
        with file.open("rb") as stream:
            header = stream.readline(100).replace(b"\r", b"\n").partition(b"\n")[0].strip()
    except OSError:
        return False
    return header.removeprefix(BOM) == HEADER


def _table_of(file: Path) -> csv.DictReader[str] | None:
    """Return the rows of a table, with its columns of paths and of labels renamed ``_PATH`` and ``_LABEL``.

    Returns:
        None if the table lacks one of the two columns.
    """
    try:
        text, _ = decoded(file.read_bytes())
    except OSError:
        return None
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        names = [name.strip().casefold() for name in rows.fieldnames or ()]
    except csv.Error:
        return None
    path = next((name for name in PATH_COLUMNS if name in names), None)
    label = next((name for name in LABEL_COLUMNS if name in names), None)
    if path is None or label is None:
        return None
    rows.fieldnames = [{path: _PATH, label: _LABEL}.get(name, name) for name in names]
    return rows


def _as_table(file: Path, findings: Findings) -> Iterator[Entry]:
    rows = _table_of(file)
    if rows is None:
        raise ValueError(f"{file.name} has no columns filename and words")
    encoding = decoded(file.read_bytes())[1]
    if encoding != "utf-8":
        findings.add("list-encoding", detail=f"{file.name} is {encoding.upper()}")
    header = file.read_bytes().splitlines()[0].decode("utf-8", "replace")
    findings.add("list-header", detail=f"{file.name} begins with {header[:40]}" if encoding == "utf-8" else file.name)
    for row in rows:
        found: dict[Any, Any] = dict(row)
        fault = f"{file.name}, line {rows.line_num}: more cells than the header has" if found.pop(None, None) else ""
        name, label = found.pop(_PATH) or "", found.pop(_LABEL)
        meta = {key: value for key, value in found.items() if key and value is not None}
        yield Entry(name, None if label is None else raw_bytes(label), meta, fault)


def easyocr_rows(file: Path) -> Iterator[tuple[str, str]]:
    """Yield path and label of each line of a ``labels.csv``.

    Raises:
        UnicodeDecodeError: the file is not UTF-8.
    """
    for _, name, label in _cut(file, "strict"):
        yield name, label or ""


def _cut(file: Path, errors: str = "surrogateescape") -> Iterator[tuple[int, str, str | None]]:
    """Yield number, path and label of each line; the label is None if the line has no comma."""
    lines = lines_of(file, Findings())  # pandas ignores blank lines, CRs and a byte-order mark: they are no findings
    next(lines, None)
    raw = is_raw(file)
    for number, line in lines:
        text = line.decode("utf-8", errors)
        name, comma, label = text.strip().partition(",")
        if not raw and (row := _as_csv(text)):
            name, label = row
        yield number, name, label if comma else None


def is_raw(file: Path) -> bool:
    """Return whether the labels of a ``labels.csv`` are raw: some need quoting as CSV and are not quoted."""
    lines = lines_of(file, Findings())
    next(lines, None)
    return any(b"," in line and not _as_csv(line.decode("utf-8", "surrogateescape")) for _, line in lines)


def _as_csv(line: str) -> list[str] | None:
    """Return path and label of a line of CSV; None if no CSV writer would write such a line."""
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
