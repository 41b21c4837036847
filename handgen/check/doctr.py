"""Reads ``images`` and ``labels.json`` as docTR does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from handgen.check.files import ListReader, Meta


class DoctrReader(ListReader):
    """Reads the images that ``labels.json`` names."""

    format = "doctr"
    marks = "labels.json"
    frame = 2

    @classmethod
    def holds(cls, folder: Path) -> bool:
        """The name is a common one; the folder ``images`` tells."""
        return (folder / "images").is_dir()

    def _rows(self, file: Path) -> Iterator[tuple[str, bytes | None, Meta | None]]:
        labels = json.loads(file.read_text(encoding="utf-8"))
        for name, label in dict(labels).items():
            yield f"images/{name}", str(label).encode("utf-8", "surrogatepass"), None
