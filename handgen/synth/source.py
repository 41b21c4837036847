"""What ``--model`` means: a trained model's file, or what draws without training, by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from handgen.checkpoints import files as checkpoint
from handgen.checkpoints.files import Checkpoint
from handgen.errors import UsageError
from handgen.glyphs.records import StyleRecord
from handgen.models.adapters import Adapted
from handgen.models.base import Generator
from handgen.sources import GENERATORS, added, loading
from handgen.sources.pen import PenRequest, open_pen


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
    model = loading.build(loaded).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return loaded, added.with_added(loaded, model)


def style_records(source: Checkpoint, drawer: Generator) -> list[StyleRecord]:
    """Return the records of the trained styles, and of added ones that were picked."""
    return [*source.model.styles, *(drawer.records if isinstance(drawer, Adapted) else ())]


def list_styles(place: Path, pen: PenRequest) -> list[dict[str, Any]]:
    """Return the records of all styles that ``--styles`` knows by name.

    Of an added one ``added`` is true; ``glyphs`` says from how many it was learned, or ``error`` why it is of no use.

    Raises:
        HandgenError: as ``open_source``.
    """
    source, _ = open_source(place, torch.device("cpu"), pen)
    trained = [style.to_json() for style in source.model.styles]
    return [*trained, *([] if untrained(place) else added.summaries(source))]
