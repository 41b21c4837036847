"""The pairs that Kraken reads: ``x.png`` and its label in ``x.gt.txt``.

Kraken takes any pair it is given, so the folder ``lines`` gets its name at the end.
"""

from __future__ import annotations

from collections.abc import Sequence

from handgen.formats.base import Sample
from handgen.formats.files import META, FileWriter, image_name, json_line


class KrakenWriter(FileWriter[str]):
    """Writes pairs into ``lines/``; see ``Writer``."""

    format = "kraken"
    whole = "lines"

    def _row(self, sample: Sample, label: str, png: bytes) -> str:
        image = self._part / image_name(sample.index)
        self._store(image, png)
        self._store(image.with_suffix(".gt.txt"), label.encode())
        return json_line(sample.meta) + "\n"

    def _commit(self, rows: Sequence[str]) -> None:
        self._grow(self.path / META, "".join(rows).encode())
