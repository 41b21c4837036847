"""Out of memory: finds out how many images fit, and says which settings to change."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable

import torch

from handgen.errors import TrainingError
from handgen.settings import Settings
from handgen.training.settings import TrainSettings


def ran_out(error: RuntimeError) -> bool:
    """Return whether ``error`` says that the memory of a GPU or a CPU is used up."""
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in words or "can't allocate memory" in words


def forget(error: BaseException) -> None:
    """Free the memory that the frames of ``error`` refer to."""
    traceback.clear_frames(error.__traceback__)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def fitting(attempt: Callable[[int], object], count: int) -> int:
    """Return how many images fit into a step: ``count`` is halved until ``attempt(count)`` succeeds; 0 = none."""
    count //= 2
    while count and not _fits(attempt, count):
        count //= 2
    return count


def _fits(attempt: Callable[[int], object], count: int) -> bool:
    try:
        attempt(count)
    except RuntimeError as error:
        if not ran_out(error):
            raise
        forget(error)
        return False
    return True


def explanation(
    device: torch.device, settings: TrainSettings, config: Settings, ranks: int, fits: int
) -> TrainingError:
    """Return the error for a run that ran out of memory: it names settings that would fit.

    Args:
        device: the device whose memory is used up.
        settings: the settings of the run.
        config: the settings of its model.
        ranks: how many processes share a batch.
        fits: how many images fit at a time; 0 = none.
    """
    held = settings.batch // (settings.accumulate * ranks)
    ways = []
    if fits:
        share = settings.batch // ranks
        parts = next(n for n in range(settings.accumulate, share + 1) if share % n == 0 and share // n <= fits)
        batch = fits * settings.accumulate * ranks
        ways = [f"--accumulate {parts}"] + ([f"--batch {batch}"] if batch > 1 else [])
    width = {field.name: field for field in dataclasses.fields(config)}.get("width")  # type: ignore[arg-type]
    if width is not None:
        # The activations of a step grow with the channels as they do with the images.
        narrower = getattr(config, width.name) * max(1, fits) // held
        ways += [f"--width {narrower}"] if narrower >= width.metadata["minimum"] else []
    return TrainingError(
        f"{held} images at a time do not fit into the memory of {device}",
        f"Use {' or '.join(ways)}." if ways else "Use a smaller network.",
    )
