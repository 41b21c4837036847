"""How fast writers write Chinese characters that were traced: in an order, from which joins follow.

What was traced from a font has no writing order, and is as neat as the font. A fast writer needs an order to join
strokes in. A character is cut where no stroke crosses: into parts side by side, these into parts above one another, and
these again side by side, as pages are cut into columns and lines (Nagy and Seth, "Hierarchical representation of
optically scanned documents", ICPR 1984). Parts are written from the left and from the top, and so are the strokes of
each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handgen.strokes.base import ONWARD

_BINS = 40
"""A side of a character is looked at in so many pieces, to find where no stroke crosses."""
_OVERLAP = 2
"""So many pieces at either end of a stroke do not count: parts may reach a little into one another."""
_AXES = (0, 1, 0)
_GIVEN_UP = 0.7
"""How much of their own shape the fastest writer's strokes give up."""

Traced = tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]
"""Strokes ``[s, k, 2]``, what the pen does after each, and how much of its shape is each stroke's own: see
``StrokeTable``."""


def hastened(
    strokes: Traced, drawing: NDArray[np.int64], haste: NDArray[np.floating], ordered: NDArray[np.bool_]
) -> Traced:
    """Return strokes as fast writers write them: in an order, and with less of a shape of their own.

    Args:
        strokes: of some drawings.
        drawing: int64 ``[s]``, the drawing that each belongs to, ascending.
        haste: ``[s]``, how fast the writer of each is, 0 to 1; what is 0 stays as it is.
        ordered: bool ``[s]``, whether it stands in the order in which it is written.
    """
    points, held, own = strokes[0].copy(), strokes[1].copy(), strokes[2].copy()
    fast = np.flatnonzero(haste > 0)
    lost = fast[~ordered[fast]]
    order = lost[writing_order(points[lost], held[lost], drawing[lost])]
    points[lost], held[lost], own[lost] = points[order], held[order], own[order]
    own[fast] *= 1 - _GIVEN_UP * np.sqrt(haste[fast]).astype(np.float32)
    return points, held, own


def writing_order(
    points: NDArray[np.float32], held: NDArray[np.uint8], drawing: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the order in which strokes are written, a permutation of rows that leaves drawings where they are.

    Args:
        points: ``[s, k, 2]``; pieces of one stroke stay together.
        held: uint8 ``[s]``, see ``StrokeTable``.
        drawing: int64 ``[s]``, the drawing that each belongs to, ascending.
    """
    if not len(points):
        return np.empty(0, np.int64)
    begins = np.r_[True, (held[:-1] != ONWARD) | (drawing[1:] != drawing[:-1])]
    first = np.flatnonzero(begins)
    block = np.cumsum(np.diff(drawing[first], prepend=drawing[0]) > 0, dtype=np.int64)
    whole = np.flatnonzero(np.diff(block, prepend=-1))
    low, high = np.minimum.reduceat(points.min(1), first), np.maximum.reduceat(points.max(1), first)
    least, most = np.minimum.reduceat(low, whole)[block], np.maximum.reduceat(high, whole)[block]
    scale = _BINS / np.maximum(most - least, 1e-3)
    begin, end = (low - least) * scale + _OVERLAP, (high - least) * scale - _OVERLAP
    for axis in _AXES:
        block = _parted(block, begin[:, axis], end[:, axis])
    start = points[first, 0]
    rank = np.lexsort((low[:, 0] + high[:, 0], np.round(start[:, 1] + 0.4 * start[:, 0], 1), block))
    position = np.empty(len(rank), np.int64)
    position[rank] = np.arange(len(rank))
    return np.argsort(position[np.cumsum(begins) - 1], kind="stable")


def _parted(block: NDArray[np.int64], begin: NDArray[np.floating], end: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the numbers of smaller blocks, in their order: of each block, the parts between which no stroke lies.

    Args:
        block: int64 ``[n]``, of each stroke, from 0 on.
        begin: where each begins along an axis, in pieces.
        end: where it ends; what ends before it begins is taken to be a point between.
    """
    middle = (begin + end) / 2
    a, b = (
        np.clip(each, 0, _BINS - 1).astype(np.int64) for each in (np.minimum(begin, middle), np.maximum(end, middle))
    )
    change = np.zeros((int(block.max()) + 1, _BINS + 1), np.int64)
    np.add.at(change, (block, a), 1)
    np.add.at(change, (block, b + 1), -1)
    crossed = np.cumsum(change, 1) > 0
    part = np.cumsum(np.diff(crossed, axis=1, prepend=False) & crossed, 1)
    return np.unique(block * _BINS + part[block, a], return_inverse=True)[1].astype(np.int64)
