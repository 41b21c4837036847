"""The pen goes on from one Chinese character to the next, where its writer writes that fast.

The way is a curve from where the pen leaves a character to where it enters the next one, thin and bent as the pen
turns. It is drawn only where it is short, leads onward, and crosses neither character.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from handgen.lines.layout import Floats
from handgen.strokes.ends import Ends
from handgen.strokes.motion import IDEOGRAPHIC, JOIN, bridges
from handgen.strokes.raster import coverage, outlines

_CURVE = 0.45
"""How far a way swings out, 0 to 1."""
_BACK, _FORTH = -0.75, 0.9
"""Sides of a character that a way goes back, or on, along the line."""
_COLUMNS = 1.15
"""How much farther the pen goes on down a column, where the next character begins below."""
_RUN = 3
"""Characters in a row after which the pen goes on, at most: four are written as one."""
_CLEAR = slice(2, JOIN - 2)
"""Points of a way that must be on paper."""
_INKED = 110
_CROSSED = 1
"""Of these points so many may be on ink: they touch the stroke that the way comes from, or leads to."""
_THINNEST = 0.7
"""Pixels."""


def is_joinable(char: str) -> bool:
    """Whether the pen may go on from, or to, a character: letters of Chinese and Japanese."""
    return ord(char) >= IDEOGRAPHIC and unicodedata.category(char) == "Lo"


def joined(
    image: NDArray[np.uint8],
    chars: Sequence[str],
    spaced: NDArray[np.bool_],
    ends: Ends,
    placed: tuple[Floats, Floats],
    *,
    vertical: bool,
) -> list[int]:
    """Join the characters of a line, in place.

    Args:
        image: uint8 ``[height, width]``, of the line; of a column, mirrored in its diagonal.
        chars: ``[n]``.
        spaced: bool ``[n]``, which follow a space.
        ends: of the characters, as they lie on the image.
        placed: where their canvases begin, ``[n, 2]``, and how large these are, ``[n]``, in pixels.
        vertical: whether it is a column.

    Returns:
        The numbers of the characters that are joined to the next.
    """
    origin, side = placed
    able = np.array([is_joinable(char) for char in chars])
    after = np.flatnonzero((ends.reach[:-1] > 0) & able[:-1] & able[1:] & ~spaced[1:])
    if not len(after):
        return []
    ways = _ways(ends, origin, side, after)
    gap = (ways[:, -1] - ways[:, 0]) / side[after, None]
    reach = ends.reach[after] * (_COLUMNS if vertical else 1)
    near = (np.hypot(*gap.T) <= reach) & (gap[:, 0] > _BACK) & (gap[:, 0] < _FORTH)
    clear = [_is_clear(image, way) for way in ways]
    good = _in_short_runs(after, near & clear)
    _draw(image, ways[good], (ends.width * side)[after[good]], ends.ink[after[good]])
    return [int(number) for number in after[good]]


def _in_short_runs(after: NDArray[np.int64], able: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return which of the joins that can be are: not more than ``_RUN`` without the pen being lifted."""
    made, run, last = [], 0, -2
    for row in np.flatnonzero(able).tolist():
        run = run + 1 if after[row] == last + 1 else 1
        if run <= _RUN:
            made.append(row)
            last = int(after[row])
    return np.array(made, np.int64)


def _ways(ends: Ends, origin: Floats, side: Floats, after: NDArray[np.int64]) -> Floats:
    """Return the ways of the pen, ``[k, JOIN, 2]`` in pixels."""
    steps = np.linspace(0, 0.1, 4)[:, None]
    pairs = np.empty((2 * len(after), 4, 2))
    for number, row in enumerate(after.tolist()):
        point, heading = ends.leave[row].astype(np.float64)
        pairs[2 * number] = (point + (steps - 0.1) * heading) * side[row] + origin[row]
        point, heading = ends.enter[row + 1].astype(np.float64)
        pairs[2 * number + 1] = (point + steps * heading) * side[row + 1] + origin[row + 1]
    curve = np.full(len(after), _CURVE, np.float32)
    return bridges(pairs.astype(np.float32), 2 * np.arange(len(after)), curve).astype(np.float64)


def _is_clear(image: NDArray[np.uint8], way: Floats) -> bool:
    """Whether a way, but for its ends, is on the image and on paper."""
    x, y = np.rint(way[_CLEAR] - 0.5).astype(int).T
    if x.min() < 0 or y.min() < 0 or x.max() >= image.shape[1] or y.max() >= image.shape[0]:
        return False
    return int((image[y, x] < _INKED).sum()) <= _CROSSED


def _draw(image: NDArray[np.uint8], ways: Floats, width: Floats, ink: NDArray[np.floating]) -> None:
    """Draw ways of so many pixels' width; the darker ink wins."""
    # The pen is still pressed where it leaves a stroke, and is again where it begins one.
    t = np.linspace(-1, 1, JOIN)
    for way, wide, dark in zip(ways, width, ink, strict=True):
        least = np.floor(way.min(axis=0)).astype(int) - 3
        size = int(np.ceil((way.max(axis=0) - least).max())) + 4
        widths = np.maximum(wide * (0.7 + 0.5 * t**4), _THINNEST).astype(np.float32)[None]
        line = outlines((way - least).astype(np.float32)[None], widths)
        patch = coverage([(line, np.zeros(1, np.int64))], 1, size)[0] * float(dark)
        y0, x0 = max(least[1], 0), max(least[0], 0)
        under = image[y0 : least[1] + size, x0 : least[0] + size]
        part = patch[y0 - least[1] :, x0 - least[0] :][: under.shape[0], : under.shape[1]]
        np.minimum(under, 255 - np.rint(part).astype(np.uint8), out=under)
