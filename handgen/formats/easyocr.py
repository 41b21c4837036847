"""The folder that EasyOCR's trainer reads: images, and beside them ``labels.csv``.

The trainer takes every folder without folders in it for a dataset, so there is none. The header
is ``filename,words``; labels with commas or quotation marks are quoted as CSV wants it.
"""

from __future__ import annotations

import csv
import io

from handgen.formats.base import Sample
from handgen.formats.listed import ListWriter


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
