"""Where the pen enters and leaves characters, so that it can go on from one to the next in a line.

Where the order of strokes is known the pen enters at the first point and leaves at the last one. Where it is not, as
in forms traced along centerlines, it enters at the free end nearest the upper left and leaves at the one nearest the
lower right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.seeds import keys, uniforms_of
from handgen.strokes.ink import Laid
from handgen.strokes.motion import IDEOGRAPHIC, Array, Hand, Written

_COLUMNS = 11
_NEAT = 0.4
"""Writers of a lower cursiveness lift the pen after each character."""
_SHARE = 0.75
"""Of the characters after which the most cursive writers would go on, where the next one begins near enough."""
_ALWAYS = 0.6
"""How much of that is alike whenever a writer writes the character; the rest is another one each time."""
_REACH = (0.45, 0.4)
"""Sides of a character that the pen goes on for, and what full cursiveness adds."""
_RIGHT = 0.7
"""How much farther right is worth, against farther down."""
_LAST = 10.0
"""Sides that an end is moved away by where the pen stays down: it is taken if there is no other."""


@dataclass(frozen=True, eq=False)
class Ends:
    """Where the pen enters and leaves n drawings; lengths in sides of the image, y down.

    Attributes:
        values: float32 ``[n, 11]``, see the properties. A row of zeros is a drawing that no pen goes on from.
    """

    values: Array

    @classmethod
    def none(cls, count: int) -> Ends:
        """Return those of drawings that no pen made."""
        return cls(np.zeros((count, _COLUMNS), np.float32))

    def __getitem__(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Ends:
        return Ends(self.values[rows])

    def turned(self) -> Ends:
        """Return those of the same drawings mirrored in their diagonals."""
        return Ends(self.values[:, [1, 0, 3, 2, 5, 4, 7, 6, 8, 9, 10]])

    @property
    def enter(self) -> Array:
        """``[n, 2, 2]``: where the pen enters, and the unit vector that it moves along there."""
        return self.values[:, 0:4].reshape(-1, 2, 2)

    @property
    def leave(self) -> Array:
        """``[n, 2, 2]``: likewise where it leaves."""
        return self.values[:, 4:8].reshape(-1, 2, 2)

    @property
    def width(self) -> Array:
        """``[n]``: of a join."""
        return self.values[:, 8]

    @property
    def ink(self) -> Array:
        """``[n]``: how dark it is, 0 to 1."""
        return self.values[:, 9]

    @property
    def reach(self) -> Array:
        """``[n]``: how far the pen would go on to the next character; 0 where it is lifted."""
        return self.values[:, 10]


def ends_together(some: Sequence[Ends | None]) -> Ends | None:
    """Return the ends of several runs of drawings as those of one; None if any has none."""
    known = [each for each in some if each is not None]
    return Ends(np.concatenate([each.values for each in known])) if known and len(known) == len(some) else None


def ends_of(written: Written, laid: Laid, hand: Hand, codes: NDArray[np.uint64], sample: NDArray[np.uint64]) -> Ends:
    """Return where the pen enters and leaves what was written, and how far its writers would go on.

    Args:
        written: the way of the pen.
        laid: the same on the images.
        hand: of the writer of each drawing.
        codes: uint64 ``[n]``, code points.
        sample: uint64 ``[n]``, keys of the drawings.
    """
    made = Ends.none(len(codes))
    fast = np.clip((hand["cursiveness"] - _NEAT) / (1 - _NEAT), 0, 1)
    some = np.flatnonzero(fast[written.glyph] > 0)
    if not len(some):
        return made
    always = uniforms_of(keys(hand.key, codes, 31), 1)[:, 0]
    anew = uniforms_of(keys(sample, 32), 1)[:, 0]
    goes = (_ALWAYS * always + (1 - _ALWAYS) * anew < _SHARE * fast) & (codes >= IDEOGRAPHIC)
    made.values[:, 10] = np.where(goes, _REACH[0] + _REACH[1] * fast, 0)
    glyph = written.glyph[some]
    drawings, ways = _ways_in_and_out(laid.strokes[some], glyph, written.held[some], written.own[some] < 1)
    made.values[drawings, :8] = ways
    made.values[:, 8] = laid.width * hand["join_weight"]
    made.values[:, 9] = laid.ink
    return made


def _ways_in_and_out(
    strokes: Array, glyph: NDArray[np.int64], held: NDArray[np.bool_], known: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], Array]:
    """Return the drawings, and where the pen enters each, its heading there, where it leaves, and its heading there.

    Args:
        strokes: ``[k, POINTS, 2]``.
        glyph: int64 ``[k]``, the drawing that each is of, ascending.
        held: bool ``[k, 2]``, see ``Written``.
        known: bool ``[k]``, whether the order of strokes is known.

    Returns:
        int64 ``[n]`` and ``[n, 8]``.
    """
    drawings, first = np.unique(glyph, return_index=True)
    in_order = np.logical_and.reduceat(known, first)
    points = np.concatenate([strokes[:, 0], strokes[:, -1]])
    inside = np.concatenate([strokes[:, 3], strokes[:, -4]])
    far = points @ np.array([_RIGHT, 1.0], np.float32)
    far_in = np.where(np.concatenate([held[:, 0], held[:, 1]]), far + _LAST, far)
    far_out = np.where(np.concatenate([held[:, 0], held[:, 1]]), far - _LAST, far)
    owner = np.concatenate([glyph, glyph])
    nearest = np.lexsort((far_in, owner))[2 * first]
    farthest = np.lexsort((-far_out, owner))[2 * first]
    last = np.append(first[1:], len(glyph)) - 1
    begin = np.where(in_order, first, nearest)
    end = np.where(in_order, len(glyph) + last, farthest)
    into, out = _unit(inside[begin] - points[begin]), _unit(points[end] - inside[end])
    return drawings, np.concatenate([points[begin], into, points[end], out], axis=1)


def _unit(vector: Array) -> Array:
    made: Array = vector / np.maximum(np.hypot(*vector.T), np.float32(1e-6))[:, None]
    return made
