"""Files of folders and names, as all readers take them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterator
from pathlib import Path


def files_in(folder: Path, suffixes: Collection[str]) -> Iterator[Path]:
    """Yield the files below ``folder`` that end so, sorted; hidden ones and linked folders are passed over."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in suffixes:
                yield Path(parent, name)


def style_name(text: str) -> str:
    """Return a writer's name as ``--styles`` can take it: in NFC, without commas, slashes, spaces and controls."""
    text = unicodedata.normalize("NFC", text)
    kept = ("-" if char in ",/\\:" or char.isspace() or not char.isprintable() else char for char in text)
    return "".join(kept).strip("-") or "hand"
