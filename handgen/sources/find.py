"""What ``--model`` means: the file of a trained model, the name of what draws without training, or a glyph store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handgen.checkpoints import find
from handgen.checkpoints.find import Choice
from handgen.glyphs.store import is_store
from handgen.sources import MODEL, SOURCES, STORE, UNTRAINED


def find_model(path: Path | None, runs: Sequence[Path], wanted: str = "") -> Path:
    """Return the file of ``choose_model``; arguments and errors are its."""
    return choose_model(path, runs, wanted).file


def choose_model(path: Path | None, runs: Sequence[Path], wanted: str = "") -> Choice:
    """Return the model file that ``--model`` means, the folder of a glyph store, or the name of what is not trained.

    Arguments and errors are those of ``handgen.checkpoints.find.choose_model``.
    """
    if path is not None and is_store(path):
        return Choice(path)
    return find.choose_model(path, runs, wanted, UNTRAINED)


def kind_of(source: str) -> str:
    """Return the name in ``SOURCES`` of what draws ``source``: itself, ``store`` for a store's path, else ``model``."""
    if source in SOURCES and source != MODEL:
        return source
    return STORE if is_store(Path(source)) else MODEL
