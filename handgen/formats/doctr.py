"""The ``images/`` and ``labels.json`` that docTR's ``RecognitionDataset`` reads.

``labels.json`` is one object: path in ``images/`` -> label.
"""

from __future__ import annotations

from handgen.formats.base import Sample
from handgen.formats.files import json_line
from handgen.formats.listed import ListWriter


class DoctrWriter(ListWriter):
    """Writes ``images/`` and ``labels.json``; see ``Writer``."""

    format = "doctr"
    whole = "labels.json"
    head, between, tail = "{\n", ",\n", "\n}\n"

    def _entry(self, name: str, label: str, sample: Sample) -> str:
        return f"{json_line(name.removeprefix('images/'))}: {json_line(label)}"
