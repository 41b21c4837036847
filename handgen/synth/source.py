"""What ``--model`` means: a trained model's file, or what draws without training, by its name."""

from __future__ import annotations

from pathlib import Path

import torch

from handgen.errors import UsageError
from handgen.models import GENERATORS
from handgen.models.base import Generator
from handgen.strokes.model import PenRequest, open_pen
from handgen.training import checkpoint
from handgen.training.checkpoint import Checkpoint


def untrained(place: Path) -> bool:
    """Tell whether ``--model`` names something that draws without training."""
    return str(place) in GENERATORS


def open_source(place: Path, device: torch.device, pen: PenRequest, seed: int = 0) -> tuple[Checkpoint, Generator]:
    """Return what draws, on its device, and the facts of it.

    Args:
        place: a model file, or a name of ``GENERATORS``.
        device: where a model draws.
        pen: what is asked of a pen.
        seed: of the run; a pen's writers follow from it.

    Raises:
        UsageError: there is none; or a pen's options are given with a model.
        HandgenError: it is damaged.
    """
    if untrained(place):
        facts, drawer = open_pen(pen, seed)
        return Checkpoint(place, {}, facts), drawer
    if pen != PenRequest():
        raise UsageError("--writer, --cursiveness, --strokes and --size are for a pen", "Add --model pen.")
    loaded = checkpoint.load(place)
    return loaded, checkpoint.build(loaded).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
