"""Detects boxes that were crossed out: filled, or with long lines through them that are no strokes of a character."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.extras import load_extra
from handgen.sheets.find import SCALE
from handgen.sheets.layout import LINE, ROOM
from handgen.sheets.pictures import EXTRA

_FILLED = 0.6
"""A box is filled if more than this share of it is ink; even a brush leaves more paper."""
_WOBBLE = 0.2
"""Millimeters by which a hand-drawn line may deviate from a smooth curve."""
_BENDS = (0.0, 0.4, -0.4, 0.8, -0.8, 1.2, -1.2)
"""Sagittas of the curves that are tried: millimeters from the middle of the chord to the curve."""
_WHOLE = 0.97
"""Share of a line that must be ink."""
_CORNER = 0.25
"""A line from corner to corner ends within this fraction of the box from the corner."""
_OTHER = 0.2
"""A cross is over other writing if more than this share of the ink is not part of its two lines."""
_BROAD = 1.0
"""Millimeters that are added to the width of a line when its ink is removed."""
_CROSSES = frozenset("XxΧχХх×※乂义又叉爻文")
"""Characters that look like a cross themselves; a cross inside their box does not cross them out."""
_LONG = 0.9
"""Least length of a line that leaves a box on two sides, as a fraction of the box."""
_POINTS = 48
"""Number of points at which a line is tested for ink."""
_STEP = 6
"""Distance in pixels between the end points that are tried."""

Mask = NDArray[np.bool_]


def struck(mine: Mask, box: float, char: str) -> bool:
    """Return whether a box is crossed out.

    Args:
        mine: bool ``[H, W]``, the ink of the box and of ``ROOM`` around it.
        box: side of the box in millimeters.
        char: the character that should be in it.
    """
    room = round(ROOM * SCALE)
    inside = mine[room:-room, room:-room]
    if inside.mean() > _FILLED:
        return True
    cv2 = load_extra("cv2", EXTRA)
    side = 2 * round(_WOBBLE * SCALE) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    thick = cv2.dilate(mine.astype(np.uint8), kernel) > 0
    return _leaves(mine, thick, box) or (char not in _CROSSES and _crossed(mine, thick, box))


def _leaves(mine: Mask, thick: Mask, box: float) -> bool:
    """Return whether one line leaves the box on two sides."""
    out = round((ROOM - 0.7 - LINE) * SCALE)  # 1 mm beyond the box
    last = np.array(mine.shape) - 1 - out
    ends, sides = [], []
    for number, (rows, columns) in enumerate(
        (
            (slice(0, out + 1), slice(None)),
            (slice(last[0], None), slice(None)),
            (slice(None), slice(0, out + 1)),
            (slice(None), slice(last[1], None)),
        )
    ):
        along = mine[rows, columns].any(axis=0 if number < 2 else 1)
        at = np.flatnonzero(along)[:: _STEP // 2]
        edge = (out, last[0], out, last[1])[number]
        ends += [(edge, point) if number < 2 else (point, edge) for point in at.tolist()]
        sides += [number] * len(at)
    if len(set(sides)) < 2:
        return False
    points, side = np.array(ends, float), np.array(sides)
    first, second = np.triu_indices(len(points), 1)
    apart = np.linalg.norm(points[first] - points[second], axis=1)
    good = (side[first] != side[second]) & (apart > _LONG * box * SCALE)
    return bool(len(_lines(thick, points[first[good]], points[second[good]])))


def _crossed(mine: Mask, thick: Mask, box: float) -> bool:
    """Return whether two lines from corner to corner cross over other writing."""
    room, reach = round(ROOM * SCALE), round(_CORNER * box * SCALE)
    low = np.arange(room // 2, room + reach, _STEP)
    high = mine.shape[0] - 1 - low
    cover = np.zeros_like(mine)
    cv2 = load_extra("cv2", EXTRA)
    depth = cv2.distanceTransform(mine.astype(np.uint8), cv2.DIST_L2, 3)
    for start, end in ((low, high), (high, low)):
        # From the upper corner on one side to the lower one on the other.
        begin = np.stack(np.meshgrid(low, start, indexing="ij"), -1).reshape(-1, 2)
        finish = np.stack(np.meshgrid(high, end, indexing="ij"), -1).reshape(-1, 2)
        begin, finish = begin[thick[tuple(begin.T)]], finish[thick[tuple(finish.T)]]
        first = np.repeat(begin, len(finish), axis=0).astype(float)
        second = np.tile(finish, (len(begin), 1)).astype(float)
        lines = _lines(thick, first, second)
        if not len(lines):
            return False
        cover |= _along(lines, depth, cv2)
    return float((mine & ~cover).sum()) > _OTHER * float(mine.sum())


def _along(lines: NDArray[np.float64], depth: NDArray[np.float32], cv2: Any) -> Mask:
    """Return the pixels of one of the lines, the one that runs deepest in the ink, about as broad as its ink."""
    t = np.linspace(0, 1, _POINTS)[None, :, None]
    at = np.rint(lines[:, :1] * (1 - t) + lines[:, 1:] * t).astype(np.intp)
    deep = depth[at[..., 0], at[..., 1]].mean(axis=1)
    best = int(deep.argmax())
    ends = [tuple(int(value) for value in point[::-1]) for point in lines[best]]
    drawn = np.zeros(depth.shape, np.uint8)
    cv2.line(drawn, ends[0], ends[1], 1, round(2 * float(deep[best]) + _BROAD * SCALE))
    covered: Mask = drawn > 0
    return covered


def _lines(thick: Mask, first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return those lines from ``first`` to ``second`` (``[n, 2]``: row, column) that are ink, ``[m, 2, 2]``."""
    if not len(first):
        return np.zeros((0, 2, 2))
    t = np.linspace(0, 1, _POINTS)[None, :, None]
    along = second - first
    aside = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    straight = first[:, None] * (1 - t) + second[:, None] * t
    covered = np.zeros(len(first), bool)
    for bend in _BENDS:
        at = np.rint(straight + 4 * t * (1 - t) * (bend * SCALE) * aside[:, None]).astype(np.intp)
        at = at.clip(0, np.array(thick.shape) - 1)
        covered |= thick[at[..., 0], at[..., 1]].mean(axis=1) >= _WHOLE
    return np.stack([first[covered], second[covered]], axis=1)
