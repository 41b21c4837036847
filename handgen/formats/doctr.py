"""The ``images/`` and ``labels.json`` that docTR's ``RecognitionDataset`` reads.

``labels.json`` is one object: path in ``images/`` -> label.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

from handgen.formats.base import Format, Sample
from handgen.formats.files import json_line, utf8
from handgen.formats.findings import Findings
from handgen.formats.listed import Entry, ListReader, ListWriter, file_at, without_bom


class DoctrWriter(ListWriter):
    """Writes ``images/`` and ``labels.json``; see ``Writer``."""

    format = "doctr"
    whole = "labels.json"
    head, between, tail = "{\n", ",\n", "\n}\n"

    def _entry(self, name: str, label: str, sample: Sample) -> str:
        return f"{json_line(name.removeprefix('images/'))}: {json_line(label)}"


class DoctrReader(ListReader):
    """Reads the images that ``labels.json`` names, beside it or in ``images``, as ``RecognitionDataset`` is told."""

    format = "doctr"
    marks = ("labels.json",)

    @classmethod
    def holds(cls, folder: Path) -> bool:
        """The name is a common one; the folder ``images`` tells, or that it names files beside it."""
        if (folder / "images").is_dir():
            return True
        try:
            labels = json.loads((folder / cls.marks[0]).read_bytes())
        except (OSError, ValueError, RecursionError):
            return False
        return isinstance(labels, dict) and any(file_at(folder, name) for name in itertools.islice(labels, 20))

    def _find_base(self) -> Path:
        return self.folder / "images" if (self.folder / "images").is_dir() else self.folder

    def _rows(self, file: Path, findings: Findings) -> Iterator[Entry]:
        labels = json.loads(without_bom(file.read_bytes(), file, findings))
        if not isinstance(labels, dict):
            raise ValueError(f"{file.name} is no object of path and label")
        for name, label in labels.items():
            if isinstance(label, str):
                yield Entry(name, utf8(label))
            else:
                yield Entry(name, None, fault=f"the label is {type(label).__name__}, no text")


DOCTR = Format(DoctrWriter, DoctrReader)
