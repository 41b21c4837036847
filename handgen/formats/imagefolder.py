"""The image folder that Hugging Face's ``load_dataset("imagefolder", data_dir=...)`` reads.

``metadata.jsonl`` has one JSON object per line: ``file_name``, ``text``, and all keys of the
sample's meta, such as ``style``. They become the columns of the dataset.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from handgen.errors import DatasetError
from handgen.formats.base import Format, Sample
from handgen.formats.columns import ColumnTypes
from handgen.formats.files import Meta, json_line, utf8
from handgen.formats.findings import Findings
from handgen.formats.listed import UTF16, Entry, ListReader, ListWriter, decoded, lines_of, raw_bytes


class ImageFolderWriter(ListWriter):
    """Writes ``images/`` and ``metadata.jsonl``; see ``Writer``."""

    format = "imagefolder"
    whole = "metadata.jsonl"
    sidecar = False

    def _entry(self, name: str, label: str, sample: Sample) -> str:
        own = {"file_name": name, "text": label}
        if taken := own.keys() & sample.meta.keys():
            message = f"sample {sample.index} has the meta key '{min(taken)}', which metadata.jsonl has itself"
            raise DatasetError(message, "Give the key another name.")
        return json_line({**own, **sample.meta})


TEXT_COLUMNS = (
    "text", "label", "transcription", "words", "sentence", "caption", "txt", "word", "line", "ground_truth", "answer",
)  # fmt: skip
"""Names of the column with the label; the first that exists is taken. TrOCR's examples call it ``text``."""
_FILE = "file_name"
_KINDS: dict[type, str] = {list: "a list", dict: "an object", bool: "a truth value", bytes: "bytes"}


class ImageFolderReader(ListReader):
    """Reads the images that ``metadata.jsonl`` names, or ``metadata.csv`` if there is no such file."""

    format = "imagefolder"
    marks = ("metadata.jsonl", "metadata.csv")

    @classmethod
    def holds(cls, folder: Path) -> bool:
        """Require the column ``file_name`` in a ``metadata.csv``: that name alone is too common."""
        if (folder / "metadata.jsonl").is_file():
            return True
        try:
            text, _ = decoded((folder / "metadata.csv").read_bytes())
            return _FILE in next(csv.reader(io.StringIO(text, newline="")), ())
        except (OSError, csv.Error):
            return False

    def _listed(self) -> list[Path]:
        return super()._listed()[-1:]  # if both exist, metadata.jsonl sorts last

    def _rows(self, file: Path, findings: Findings) -> Iterator[Entry]:
        of_csv = file.suffix == ".csv"
        with file.open("rb") as stream:
            if stream.read(2) in UTF16:
                findings.add("list-encoding", detail=f"{file.name} is UTF-16")
        labels = ColumnTypes(of_csv)
        for where, row in _csv_rows(file) if of_csv else _json_rows(file):
            if isinstance(row, str):
                yield Entry("", None, fault=f"{where}: {row}")
                continue
            name = row.pop(_FILE, None)
            text = row.pop(column) if (column := text_column(row)) else None
            labels.add(text)
            fault = no_text(text, where) if column else f"{where}: no column text"
            encoded = None if text is None or fault else (raw_bytes if of_csv else utf8)(text_of(text))
            yield Entry(str(name or ""), encoded, row, fault)
        if labels.classes:
            findings.add("class-numbers", detail=f"in {file.name}")
        if wrong := labels.verdict():
            findings.add("typed-labels", detail=f"{file.name}: {wrong}")


def no_text(value: Any, where: str = "") -> str:
    """Return why a value cannot be a label: it is neither text nor a number; "" if it can, or if it is None."""
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
        return ""
    return f"{where}: the label is {_KINDS.get(type(value), type(value).__name__)}, no text".removeprefix(": ")


def text_of(value: Any) -> str:
    """Return a label as text. From JSON as in Donut's column ``ground_truth``, its ``text_sequence`` is taken."""
    text = str(value)
    if text.startswith("{"):
        try:
            parsed = json.loads(text)["gt_parse"]["text_sequence"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return text
        return parsed if isinstance(parsed, str) else text
    return text


def text_column(names: Iterable[str]) -> str | None:
    """Return the name of the column with the label; None if there is none."""
    there = set(names)
    return next((name for name in TEXT_COLUMNS if name in there), None)


def _json_rows(file: Path) -> Iterator[tuple[str, Meta | str]]:
    for number, line in lines_of(file, Findings()):  # Hugging Face's reader accepts odd line ends: they are no findings
        where = f"{file.name}, line {number}"
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield where, f"no JSON ({getattr(error, 'msg', None) or type(error).__name__})"
            continue
        yield where, row if isinstance(row, dict) else "no object"


def _csv_rows(file: Path) -> Iterator[tuple[str, Meta | str]]:
    text, _ = decoded(file.read_bytes())
    rows = csv.DictReader(io.StringIO(text, newline=""))
    for row in rows:
        where = f"{file.name}, line {rows.line_num}"
        more = row.pop(None, None)
        yield where, "more cells than the header has" if more else dict(row)


IMAGEFOLDER = Format(ImageFolderWriter, ImageFolderReader)
