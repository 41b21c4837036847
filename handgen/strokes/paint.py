"""Strokes of known position and width made into images; where the pen stays down, the way to the next stroke too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handgen.strokes.motion import JOIN, bridges
from handgen.strokes.raster import coverage, outlines

_THINNEST = 0.9
"""Pixels: a thinner line would be lost."""
_CURVE = 0.3
"""Of a join; see ``bridges``."""
_WAIST = 0.75
"""A join's width in its middle, as a share of that of its ends."""


def paint(
    strokes: NDArray[np.float32],
    widths: NDArray[np.float32],
    joined: NDArray[np.bool_],
    owner: NDArray[np.int64],
    count: int,
    size: int,
) -> NDArray[np.uint8]:
    """Draw strokes.

    Args:
        strokes: ``[s, k, 2]`` in the unit square, y down.
        widths: ``[s, k]``, in sides of the square.
        joined: bool ``[s]``, whether the pen stays down after it; the last stroke of a drawing has no next.
        owner: int64 ``[s]``, the drawing that each belongs to, ascending.
        count: of drawings.
        size: side of an image in pixels.

    Returns:
        uint8 ``[count, size, size]``, 0 = ink, 255 = paper.
    """
    last = np.r_[owner[1:] != owner[:-1], True] if len(owner) else np.empty(0, bool)
    before = np.flatnonzero(joined & ~last)
    ways = bridges(strokes, before, np.full(len(before), _CURVE, np.float32))
    share = np.linspace(0, 1, JOIN, dtype=np.float32)
    broad = widths[before, -1:] * (1 - share) + widths[np.minimum(before + 1, len(widths) - 1), :1] * share
    broad = broad * (1 - (1 - _WAIST) * np.sin(np.pi * share))
    groups = [
        (outlines(lines * np.float32(size), np.maximum(broad * np.float32(size), np.float32(_THINNEST))), of)
        for lines, broad, of in ((strokes, widths, owner), (ways, broad.astype(np.float32), owner[before]))
    ]
    images: NDArray[np.uint8] = 255 - coverage(groups, count, size)
    return images
