"""Components of characters: runs of strokes that are another character's own, up to scale and position.

口 occurs in 和 as its last three strokes. Stroke data does not say so, but the strokes do: a run of successive strokes
is brought to one size and compared with every component of as many strokes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.strokes.base import POINTS, StrokeTable

RADICALS = "讠氵灬辶纟宀攵亻彳扌艹冖阝饣忄犭刂礻衤疒廴匚凵卩厂广冂罒⺮钅冫夂丬"
"""Components that are seldom characters of their own."""
_MOST = 10
"""Strokes of a component; larger ones are rare, and are characters that have a form of their own."""
_SEEN = np.round(np.linspace(0, POINTS - 1, 6)).astype(np.int64)
"""Points of a stroke that are compared."""
_NEAR = 0.11
"""Root of the mean squared distance of points, in sides of the component's box."""
_FLAT = 0.3
"""A box is at least so high for its width, and the other way round, when sizes are made equal."""
_STRETCH = 2.2
"""A run is the component only if its box is not so many times as wide, or as high, for its other side."""


@dataclass(frozen=True)
class Component:
    """Where a component occurs in a character.

    Attributes:
        part: the component.
        start: its first stroke in the character.
        count: how many strokes it has.
    """

    part: str
    start: int
    count: int


def find_components(table: StrokeTable, parts: Mapping[str, NDArray[np.float32]]) -> dict[str, tuple[Component, ...]]:
    """Find components in characters, those of most strokes first.

    Args:
        table: standard strokes of the characters.
        parts: standard strokes of the components, ``[n, POINTS, 2]``; those of one stroke are left out.

    Returns:
        Character -> its components, which may overlap; a character that is a component itself has itself.
    """
    found: dict[str, list[Component]] = {char: [] for char in table.chars}
    counts, seen = np.diff(table.first), table.points[:, _SEEN]
    for size in range(2, _MOST + 1):
        names = [part for part, strokes in parts.items() if len(strokes) == size]
        owners = np.flatnonzero(counts >= size)
        if not names or not len(owners):
            continue
        several = counts[owners] - size + 1
        owner = np.repeat(owners, several)
        begin = np.arange(len(owner)) - np.repeat(np.cumsum(several) - several, several)
        runs = seen[(table.first[owner] + begin)[:, None] + np.arange(size)]
        best, apart = _nearest(runs, np.stack([parts[name] for name in names])[:, :, _SEEN])
        for row in np.flatnonzero(apart < _NEAR):
            found[table.chars[owner[row]]].append(Component(names[best[row]], int(begin[row]), size))
    return {char: tuple(reversed(some)) for char, some in found.items() if some}


def _nearest(runs: NDArray[np.float32], parts: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the component that each run is nearest to, and how far it is from it: int64 and float32 ``[n]``.

    Args:
        runs: ``[n, k, p, 2]``.
        parts: the components, ``[m, k, p, 2]``.
    """
    shapes, aspect = _normalized(runs)
    wanted, their_aspect = _normalized(parts)
    squared = (shapes**2).sum(1)[:, None] + (wanted**2).sum(1)
    squared -= 2 * shapes @ wanted.T
    stretch = aspect[:, None] / their_aspect
    squared[(stretch > _STRETCH) | (stretch < 1 / _STRETCH)] = np.inf
    best = squared.argmin(1)
    least = squared[np.arange(len(best)), best]
    return best, np.sqrt(np.maximum(least, 0) / wanted.shape[1] * 2)


def _normalized(runs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return strokes ``[n, k, p, 2]`` in a box of sides 1, ``[n, k p 2]``, and the width of each box by its height."""
    flat = runs.reshape(len(runs), -1, 2)
    # One axis at a time: numpy is slow where the last axis is one of two.
    low, high = (np.stack([end(flat[:, :, axis], 1) for axis in (0, 1)], 1) for end in (np.min, np.max))
    side = high - low
    side = np.maximum(side, _FLAT * side.max(1, keepdims=True))
    made = (flat - ((low + high) / 2)[:, None]) / side[:, None]
    return made.reshape(len(runs), -1), side[:, 0] / side[:, 1]
