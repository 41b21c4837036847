"""Reads pairs of an image and ``.gt.txt`` as Kraken does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from handgen.check.files import FileReader, Stored

_LABEL, _IMAGES = ".gt.txt", (".png", ".jpg", ".jpeg", ".tif", ".tiff")


class KrakenReader(FileReader):
    """Reads ``x.png`` and ``x.gt.txt`` for each x, in the order of their paths."""

    format = "kraken"
    marks = f"*{_LABEL}"
    inside = "lines"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        lines = folder / self.inside
        names = self._names(lines if lines.is_dir() else folder)
        self._pairs = sorted(names.items())
        self.total = len(names)

    @staticmethod
    def _names(folder: Path) -> dict[str, str]:
        """Return the path of each pair without its ending, and the ending of the image."""
        found: dict[str, str] = {}
        for name, _, files in os.walk(folder):
            for file in files:
                stem, ending = os.path.splitext(f"{name}/{file}")  # noqa: PTH122
                if file.endswith(_LABEL):
                    found.setdefault(stem.removesuffix(".gt"), "")
                elif ending.lower() in _IMAGES:
                    found[stem] = ending
        return found

    def _samples(self) -> Iterator[Stored]:
        for (stem, ending), meta in zip(self._pairs, self._sidecar(), strict=False):
            label = Path(f"{stem}{_LABEL}")
            yield (
                Path(stem + ending).read_bytes() if ending else None,
                label.read_bytes().strip(b"\r\n") if label.is_file() else None,
                meta,
            )
