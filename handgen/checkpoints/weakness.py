"""Why a run is not chosen by default: it is unfinished, or its drawings are bad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from handgen.checkpoints.record import read_stats
from handgen.checkpoints.run import read_config
from handgen.errors import CheckpointError

LEAST_SSIM = 0.25
"""The least SSIM on held-out glyphs. Gray fog after a few steps had 0.1; usable models had 0.4 to 0.75."""
LEAST_STROKES = 0.3
"""The least harmonic mean of stroke recall and precision on held-out glyphs. Blank paper has 0, whatever its L1 and
SSIM; usable models had 0.5 to 0.9."""
LEAST_DIVERSITY = 0.3
"""The least ratio of the drawings' diversity to that of real glyphs, as ``training.health.COLLAPSED``."""


def weakness(run: Path) -> str:
    """Return what is wrong with the model of a run folder, in a few words; empty for a good one.

    A folder without a record of training, such as that of a copied model file, counts as good.
    """
    try:
        stats = read_stats(run)
    except CheckpointError as error:
        return error.message
    config = read_config(run)
    images, budget = _seen(stats), config.get("images")
    if isinstance(budget, int) and images is not None and images < budget:
        return f"it was stopped after {images:,} of {budget:,} images"
    mean = _last(stats, "held-out").get("styles", {}).get("mean", {})
    ssim, l1 = mean.get("ssim"), mean.get("l1")
    known = f"SSIM {ssim:.2f}, L1 {l1:.3f}" if _is_number(ssim) and _is_number(l1) else ""
    if _is_number(ssim) and ssim < LEAST_SSIM:
        return f"its held-out glyphs are unlike the true ones ({known}), after {images or 0:,} images"
    recall, precision = mean.get("stroke_recall"), mean.get("stroke_precision")
    if _is_number(recall) and _is_number(precision):
        found = 2 * recall * precision / (recall + precision) if recall + precision else 0.0
        if found < LEAST_STROKES:
            return f"it draws {found:.0%} of the strokes of held-out glyphs ({known}), after {images or 0:,} images"
    ratio = _last(stats, "diversity").get("ratio")
    if _is_number(ratio) and ratio < LEAST_DIVERSITY:
        return f"its styles draw nearly the same ({ratio:.2f} of the diversity of real glyphs)"
    return ""


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and value == value


def _seen(stats: Sequence[Mapping[str, Any]]) -> int | None:
    return max((line["images"] for line in stats if isinstance(line.get("images"), int)), default=None)


def _last(stats: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    return next((line for line in reversed(stats) if line.get("kind") == kind), {})
