"""How far a source font's glyphs were moved to fit their canvas, so that a line can move them back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handgen.fonts.coverage import survey
from handgen.fonts.face import FontRef
from handgen.fonts.raster import Placement
from handgen.glyphs.records import Raster


def drops_of(ref: FontRef, raster: Raster, chars: str) -> dict[str, float]:
    """Return how much lower than on its canvas each character belongs, in canvas sides.

    A charset of ideographs fills the canvas to the bottom, and ``raster`` moves what reaches
    below (g, j, p, q, y, brackets) up until it fits. Side by side, such letters would dance.

    Args:
        ref: the source font.
        raster: how the source is drawn.
        chars: characters; those that stay where they are, are left out of the result.

    Raises:
        FontError, UsageError: the font cannot be opened.
    """
    assert raster.placement is not None
    coverage = survey(ref, chars)
    return drops_at(raster.placement, coverage.drawn, coverage.boxes, raster.size)


def drops_at(placement: Placement, chars: str, boxes: NDArray[np.float64], size: int) -> dict[str, float]:
    """Return the same of characters whose ink has these boxes, as ``Coverage.boxes``, at a placement."""
    drops = {}
    for char, (_, bottom, _, top) in zip(chars, boxes.tolist(), strict=True):
        above = placement.baseline - top * placement.scale_y
        below = placement.baseline - bottom * placement.scale_y - size
        if (above < 0 or below > 0) and below - above <= 0:  # out on one side, and not too tall
            drops[char] = (below if below > 0 else above) / size
    return drops
