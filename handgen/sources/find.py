"""What ``--model`` means: the file of a trained model, or the name of what draws without training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handgen.checkpoints import find
from handgen.checkpoints.find import Choice
from handgen.sources import GENERATORS


def find_model(model: Path | None, runs: Sequence[Path], wanted: str = "") -> Path:
    """Return the file of ``choose_model``; arguments and errors are its."""
    return choose_model(model, runs, wanted).file


def choose_model(model: Path | None, runs: Sequence[Path], wanted: str = "") -> Choice:
    """Return the model file that ``--model`` means, or the name of what draws without training.

    Arguments and errors are those of ``handgen.checkpoints.find.choose_model``.
    """
    return find.choose_model(model, runs, wanted, [entry.name for entry in GENERATORS])
