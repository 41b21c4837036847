"""How far the lines of a character are apart, and how crowded it is, as most Chinese characters are.

It is the geometric mean of the lines that cross a row and of those that cross a column, divided by the distance of
lines as a share of the longer side: 8 for half of all letters and digits, beyond 11 for one in twelve of them, and 17
for half of all Chinese characters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LINE, _INK = 0.4, 0.08
"""A pixel belongs to a line from this share of the darkest ink on, and if it is darker than paper by this much."""
_LONG = 1.5
"""An image so many times wider than high is a line of text: nothing in it is crowded."""
_SOME = 4
"""Fewer gaps between lines tell nothing."""
_FEW, _MANY = 11.0, 13.0
"""A character is crowded from the first on, and from the second on wholly."""


@dataclass(frozen=True)
class Crowding:
    """How the lines of characters lie, ``[B]`` each.

    Attributes:
        distance: from the middle of a line to that of the next, in pixels, across or down, whichever is less.
        share: how crowded they are, 0 to 1.
    """

    distance: NDArray[np.float64]
    share: NDArray[np.float64]

    @classmethod
    def of(cls, drawn: NDArray[np.float32], width: NDArray[np.float64], side: NDArray[np.float64]) -> Crowding:
        """Measure.

        Args:
            drawn: ``[B, H, W]``, 1 = paper.
            width: ``[B]``, of lines, in pixels.
            side: ``[B]``, longer sides of characters, in pixels.
        """
        count, height, wide = drawn.shape
        if wide > _LONG * height:
            return cls(np.full(count, float(height)), np.zeros(count))
        ink = 1 - drawn
        mark = ink > np.maximum(_LINE * ink.max((1, 2), keepdims=True), _INK)
        turned = np.ascontiguousarray(mark.transpose(0, 2, 1))
        lines, gaps = zip(*(_crossed(each) for each in (mark, turned)), strict=True)
        distance = np.minimum(np.minimum(*gaps), side) + width
        crowded = np.sqrt(lines[0] * lines[1]) * side / np.maximum(distance, 1)
        return cls(distance, np.clip((crowded - _FEW) / (_MANY - _FEW), 0, 1))


def _crossed(mark: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many lines cross a row, and the usual gap between two: ``[B]`` each; wide gaps count for less."""
    count, height, wide = mark.shape
    framed = np.zeros((count, height, wide + 1), np.bool_)
    framed[:, :, :wide] = mark
    flat = framed.reshape(-1)
    change = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    if flat[:1].any():
        change = np.concatenate([[0], change])
    begin, end = change[::2], change[1::2]
    row = begin // (wide + 1)
    inside = row[1:] == row[:-1]
    gap, image = np.sqrt((begin[1:] - end[:-1])[inside]), (row[1:] // height)[inside]
    number = np.bincount(image, minlength=count)
    usual = (np.bincount(image, gap, count) / np.maximum(number, 1)) ** 2
    rows = np.asarray(mark.any(2))
    tall = np.where(rows.any(1), height - rows[:, ::-1].argmax(1) - rows.argmax(1), 0)
    lines = np.bincount(row // height, minlength=count) / np.maximum(tall, 1)
    return lines, np.where(number >= _SOME, usual, np.inf)
