"""The ``images/`` and ``labels.json`` that docTR's ``RecognitionDataset`` reads.

``labels.json`` is one JSON object: path in ``images/`` -> label.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handgen.formats.base import Format, Sample
from handgen.formats.easyocr import PATH_COLUMNS
from handgen.formats.files import Meta, json_line, utf8
from handgen.formats.findings import Findings
from handgen.formats.imagefolder import text_column
from handgen.formats.listed import BOM, Entry, ListReader, ListWriter, file_at, raw_bytes, without_bom


class DoctrWriter(ListWriter):
    """Writes ``images/`` and ``labels.json``; see ``Writer``."""

    format = "doctr"
    whole = "labels.json"
    head, between, tail = "{\n", ",\n", "\n}\n"

    def _entry(self, name: str, label: str, sample: Sample) -> str:
        return f"{json_line(name.removeprefix('images/'))}: {json_line(label)}"


class DoctrReader(ListReader):
    """Reads the images that ``labels.json`` names; they lie in ``images/`` or beside the file."""

    format = "doctr"
    marks = ("labels.json",)

    @classmethod
    def holds(cls, folder: Path) -> bool:
        """Require a folder ``images``, or names of existing files: the name ``labels.json`` alone is too common."""
        if (folder / "images").is_dir():
            return True
        try:
            labels = json.loads((folder / cls.marks[0]).read_bytes())
        except (OSError, ValueError, RecursionError):
            return False
        names = (name for name, _, _ in itertools.islice(_pairs(labels), 20))
        return any(file_at(folder, name) for name in names)

    def _images_of(self) -> Path:
        return self._find_base()

    def _find_base(self) -> Path:
        images = self.folder / "images"
        if not images.is_dir():
            return self.folder
        try:
            labels = json.loads((self.folder / self.marks[0]).read_bytes().removeprefix(BOM))
        except self.damage:
            return images
        names = [name for name, _, _ in itertools.islice(_pairs(labels), 20) if name]
        return self.folder if any(file_at(self.folder, n) and not file_at(images, n) for n in names) else images

    def _rows(self, file: Path, findings: Findings) -> Iterator[Entry]:
        labels = json.loads(_text(without_bom(file.read_bytes(), file, findings), file, findings))
        if not isinstance(labels, dict):
            findings.add("list-layout", detail=f"{file.name} is a {type(labels).__name__}")
        for name, label, meta in _pairs(labels):
            if meta is not None and isinstance(labels, dict):
                findings.add("list-layout", detail=f"{name} has an object with its label")
            if isinstance(label, str):
                yield Entry(name, _encoded(label), meta)
            else:
                keys = f" with {', '.join(list(label)[:4])}" if label and isinstance(label, dict) else ""
                yield Entry(name, None, fault=f"the label is {type(label).__name__}{keys}, no text")


def _text(data: bytes, file: Path, findings: Findings) -> str:
    """Decode a list; note if it is not UTF-8. Bytes that are not UTF-8 become lone surrogates."""
    encoding = json.detect_encoding(data)
    text = data.decode(encoding, "surrogateescape" if encoding.startswith("utf-8") else "replace")
    if not encoding.startswith("utf-8"):
        findings.add("list-encoding", detail=f"{file.name} is {encoding[:6].upper()}")
    elif text.encode("utf-8", "replace") != data:
        findings.add("list-encoding", detail=file.name)
    return text


def _encoded(label: str) -> bytes:
    try:
        return raw_bytes(label)
    except UnicodeEncodeError:  # JSON can hold a lone surrogate that stands for no byte
        return utf8(label)


def _pairs(labels: Any) -> Iterator[tuple[str, Any, Meta | None]]:
    """Yield path, label and further facts of each image, from an object or a list of objects; facts may be None."""
    rows: list[tuple[str, Any]] = [*labels.items()] if isinstance(labels, dict) else []
    for row in labels if isinstance(labels, list) else ():
        path = next((key for key in PATH_COLUMNS if isinstance(row, dict) and isinstance(row.get(key), str)), None)
        rows.append((row[path], {key: each for key, each in row.items() if key != path}) if path else ("", row))
    for name, label in rows:
        column = text_column(label) if isinstance(label, dict) else None
        if column and isinstance(label[column], str):
            yield name, label[column], {key: each for key, each in label.items() if key != column}
        else:
            yield name, label, None


DOCTR = Format(DoctrWriter, DoctrReader)
