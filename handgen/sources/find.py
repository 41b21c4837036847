"""What ``--model`` means: the file of a trained model, the name of what draws without training, or a glyph store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handgen.checkpoints import find
from handgen.glyphs.store import is_store
from handgen.sources import MODEL, SOURCES, STORE, UNTRAINED


def find_model(path: Path | None, runs: Sequence[Path], wanted: str = "") -> Path:
    """Return the model file that ``--model`` means, the folder of a glyph store, or the name of what is not trained.

    Arguments and errors are those of ``handgen.checkpoints.find.find_model``.
    """
    if path is not None and is_store(path):
        return path
    return find.find_model(path, runs, wanted, UNTRAINED)


def kind_of(source: str) -> str:
    """Return the name in ``SOURCES`` of what draws ``source``: itself, ``store`` for a store's path, else ``model``."""
    if source in SOURCES and source != MODEL:
        return source
    return STORE if is_store(Path(source)) else MODEL
