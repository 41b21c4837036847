"""Joins between letters of fonts that have none: the pen goes from where one letter ends to where the next begins.

Both are looked for on the outlines. Only small letters of Latin, Greek and Cyrillic are joined, and only where the
way is short, as people do.
"""

from __future__ import annotations

import unicodedata

import numpy as np
from numpy.typing import NDArray

from handgen.fonts.contours import Outline
from handgen.strokes.words import HIGH_ENDS, LOW_ENDS

Floats = NDArray[np.float64]

_TALL = frozenset("bdfhkltβδλ")
_STEPS = 8
_FARTHEST = 0.4
"""Em between two letters beyond which nobody joins them."""


def base_of(char: str) -> str:
    """Return a letter without its marks."""
    return unicodedata.normalize("NFD", char)[:1]


def is_joinable(char: str) -> bool:
    """Whether writers join a letter: a small one."""
    return char.islower() and char.isalpha()


def join(first: Outline, second: Outline, chars: tuple[str, str], x_height: float, width: float) -> Outline | None:
    """Return the stroke that joins two letters; None where there is no way.

    Args:
        first: outline of a letter, in em, where it is in the line.
        second: of the next one.
        chars: the two.
        x_height: of the font.
        width: of the stroke, in em.
    """
    one, other = map(base_of, chars)
    if one in LOW_ENDS:
        start = _outermost(first.points, -0.1 * x_height, 0.42 * x_height, right=True)
    elif one in HIGH_ENDS:
        start = _outermost(first.points, 0.6 * x_height, 1.15 * x_height, right=True)
    else:
        return None
    low, high = (0.25, 0.75) if other in _TALL else (0.35, 1.05)
    end = _outermost(second.points, low * x_height, high * x_height, right=False)
    if start is None or end is None or not -0.05 < end[0] - start[0] < _FARTHEST:
        return None
    inward = np.array([0.85 * width, 0.0])  # well into both strokes: a thin pen draws them narrower than they are
    start, end = start - inward, end + inward
    reach = max(end[0] - start[0], width)
    sag = 0.08 * x_height if one in LOW_ENDS else -0.12 * x_height
    leaving = np.array([0.45 * reach, -sag])
    arriving = np.array([0.4 * reach, 0.35 * (end[1] - start[1])])
    controls = np.stack([start, start + leaving, end - arriving, end])
    t = np.linspace(0, 1, _STEPS + 1)[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3], axis=1)
    return ribbon(weights @ controls, width * (1 - 0.2 * np.sin(np.pi * t)))


def _outermost(points: Floats, low: float, high: float, *, right: bool) -> Floats | None:
    """Return the point farthest to one side, of those between two heights."""
    inside = points[(points[:, 1] >= low) & (points[:, 1] <= high)]
    if not len(inside):
        return None
    found: Floats = inside[inside[:, 0].argmax() if right else inside[:, 0].argmin()]
    return found


def ribbon(middle: Floats, width: Floats | float) -> Outline:
    """Return a stroke along a way.

    Args:
        middle: float64 ``[n, 2]``, the way.
        width: of the stroke, everywhere or ``[n, 1]``.
    """
    along = np.gradient(middle, axis=0)
    along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    aside = np.stack([-along[:, 1], along[:, 0]], axis=1) * width / 2
    # Down one side and back on the other, with the ink on the left.
    points = np.concatenate([middle - aside, (middle + aside)[::-1]])
    return Outline(points, np.ones(len(points), np.uint8), np.array([len(points) - 1]))


def stroke_width(outline: Outline) -> float:
    """Return about how wide the strokes of a letter are, in its unit: twice its area by its outline's length."""
    area, length, start = 0.0, 0.0, 0
    for end in outline.ends.tolist():
        x, y = outline.points[start : end + 1].T
        u, v = np.roll(x, -1), np.roll(y, -1)
        area += float((x * v - u * y).sum()) / 2
        length += float(np.hypot(u - x, v - y).sum())
        start = end + 1
    return 2 * abs(area) / max(length, 1e-9)
