"""Drawings of one character laid over each other, stroke by stroke."""

from __future__ import annotations

import gzip
import itertools
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

POINTS = 24
_LEAST, _MOST_STROKES = 5, 6
_FAR = 0.22
"""A drawing whose strokes are further than this from the mean's, in sides of the character, is another form of it."""
_ROUNDS = 3

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Matched:
    """Drawings of one character that have the same strokes.

    Attributes:
        alphabet: which one.
        drawers: int64 ``[n]``.
        points: ``[n, strokes, POINTS, 2]``, y down; the mean drawing's longer side is 1 and its middle 0.
        mean: ``[strokes, POINTS, 2]``.
        left_out: drawings with other strokes.
    """

    alphabet: str
    drawers: NDArray[np.int64]
    points: Array
    mean: Array
    left_out: int


def read_characters(path: Path) -> list[Matched]:
    """Read drawings ``{part, alphabet, character, drawer, strokes [[x, y, ms]...]}``, a line each, and match them."""
    groups: dict[tuple[str, str, int], list[tuple[int, list[Array]]]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            strokes = [np.array(stroke, np.float64)[:, :2] for stroke in row["strokes"]]
            groups[row["part"], row["alphabet"], row["character"]].append((row["drawer"], strokes))
    found = []
    for (part, alphabet, _), drawings in groups.items():
        count = Counter(len(strokes) for _, strokes in drawings).most_common(1)[0][0]
        same = [(drawer, strokes) for drawer, strokes in drawings if len(strokes) == count]
        if len(same) >= _LEAST and count <= _MOST_STROKES:
            found.append(_match(f"{part} {alphabet}", same, len(drawings)))
    return [matched for matched in found if len(matched.drawers) >= _LEAST]


def _match(alphabet: str, drawings: list[tuple[int, list[Array]]], count: int) -> Matched:
    points = np.stack([np.stack([resample(stroke, POINTS) for stroke in strokes]) for _, strokes in drawings])
    mean = _standard(points[0])
    for turn in range(_ROUNDS):
        if turn == 1:  # the medoid is a better beginning than the first drawing
            mean = _standard(points[_apart(points).sum(1).argmin()])
        points = np.stack([_ordered(drawing, mean) for drawing in points])
        mean = _standard(np.stack([_laid_over(drawing, mean) for drawing in points]).mean(0))
    laid = np.stack([_laid_over(drawing, mean) for drawing in points])
    near = np.sqrt(((laid - mean) ** 2).sum(-1)).mean((1, 2)) < _FAR
    # What is left is brought to one size on the whole: how far sizes differ within it is measured later.
    scale, shift = np.exp(np.mean([np.log(_size(drawing)) for drawing in points])), points.mean((1, 2))
    points = (points - shift.mean(0)) * _size(mean) / scale
    drawers = np.array([drawer for drawer, _ in drawings])
    return Matched(alphabet, drawers[near], points[near], mean, count - int(near.sum()))


def resample(stroke: Array, count: int) -> Array:
    """Return ``count`` points evenly along a polyline."""
    step = np.hypot(*np.diff(stroke, axis=0).T) if len(stroke) > 1 else np.zeros(0)
    along = np.r_[0.0, np.cumsum(step)]
    if along[-1] <= 0:
        return np.repeat(stroke[:1], count, 0)
    kept = np.r_[True, np.diff(along) > 0]
    wanted = np.linspace(0, along[-1], count)
    return np.stack([np.interp(wanted, along[kept], stroke[kept, axis]) for axis in (0, 1)], 1)


def _size(points: Array) -> float:
    """Return the root mean square distance of points from their middle."""
    flat = points.reshape(-1, 2)
    return float(np.sqrt(((flat - flat.mean(0)) ** 2).sum(1).mean()))


def _standard(points: Array) -> Array:
    """Return points with a longer side of 1 and the middle of their box at 0."""
    flat = points.reshape(-1, 2)
    low, high = flat.min(0), flat.max(0)
    return np.asarray((points - (low + high) / 2) / max((high - low).max(), 1e-6))


def _laid_over(points: Array, mean: Array) -> Array:
    """Return a drawing with the mean's middle and size."""
    own, usual = points.reshape(-1, 2).mean(0), mean.reshape(-1, 2).mean(0)
    return np.asarray((points - own) * (_size(mean) / max(_size(points), 1e-6)) + usual)


def _apart(points: Array) -> Array:
    laid = np.stack([_standard(drawing) for drawing in points]).reshape(len(points), -1)
    return np.asarray(np.sqrt(((laid[:, None] - laid[None]) ** 2).mean(-1)))


def _ordered(drawing: Array, mean: Array) -> Array:
    """Return the strokes of a drawing in the order and the directions that lie nearest to the mean's."""
    laid = _laid_over(drawing, mean)
    both = np.stack([laid, laid[:, ::-1]])  # [2, s, POINTS, 2]
    cost = ((both[:, :, None] - mean[None, None]) ** 2).sum((3, 4))  # [2, drawn, mean's]
    turned, least = cost.argmin(0), cost.min(0)
    positions = range(len(mean))
    best = min(itertools.permutations(positions), key=lambda order: sum(least[order[i], i] for i in positions))
    return np.stack([drawing[s, ::-1] if turned[s, i] else drawing[s] for i, s in enumerate(best)])
