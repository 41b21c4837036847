"""What ``--model`` means: the file of a trained model, or the name of what draws without training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handgen.checkpoints import find
from handgen.sources import GENERATORS


def find_model(place: Path | None, runs: Sequence[Path], wanted: str = "") -> Path:
    """Return the model file that ``--model`` means, or the name of what draws without training.

    Arguments and errors are those of ``handgen.checkpoints.find.find_model``.
    """
    return find.find_model(place, runs, wanted, [entry.name for entry in GENERATORS])
