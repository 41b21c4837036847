"""Strokes as every source has them, and as the pen wants them: polylines in one square, in writing order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

POINTS = 32
"""Points of a stroke in a ``StrokeTable``."""
LIFTED, JOINED, ONWARD = 0, 1, 2
"""After a stroke the pen is lifted; is joined to the next; goes straight on, as within one stroke."""
_CORNER = np.cos(np.deg2rad(35))
_SHORTEST = 1e-3

Strokes = tuple[NDArray[np.float32], ...]
"""The strokes of a character in writing order: float32 ``[n, 2]`` each, x and y in the unit square, y down."""


@dataclass(frozen=True)
class StrokeTable:
    """The strokes of some characters in flat arrays.

    Attributes:
        chars: the characters. Each is there once in a table of characters; a table of drawings (``Forms.pick``) may
            have one several times, each time in another form.
        points: float32 ``[strokes, POINTS, 2]``, evenly along each stroke; sharp corners are among them.
        lengths: float32 ``[strokes]``, in sides of the square.
        first: int64 ``[len(chars) + 1]``, where the strokes of each character begin.
        codes: uint64 ``[len(chars)]``, their code points.
        sources: name of a source -> how many characters are its.
        licenses: name of a source -> license and provenance, as far as known.
        held: uint8 ``[strokes]``, what the pen does after each: ``LIFTED``, ``JOINED`` or ``ONWARD``; the writer may
            join what is lifted. None = lifted everywhere.
        own: float32 ``[strokes]``, how much of its shape is the stroke's own: 0 = all of a standard stroke is the
            writer's to round, bow, cut short and join; 1 = somebody wrote it so, and its order is not known. None = 0.
    """

    chars: str
    points: NDArray[np.float32]
    lengths: NDArray[np.float32]
    first: NDArray[np.int64]
    codes: NDArray[np.uint64]
    sources: Mapping[str, int] = field(default_factory=dict)
    licenses: Mapping[str, str] = field(default_factory=dict)
    held: NDArray[np.uint8] | None = None
    own: NDArray[np.float32] | None = None

    def strokes(self, char: str) -> NDArray[np.float32]:
        """Return the strokes of a character of the table, float32 ``[n, POINTS, 2]``."""
        number = self.chars.index(char)
        return self.points[self.first[number] : self.first[number + 1]]


def make_table(
    drawn: Mapping[str, Strokes], sources: Mapping[str, int] | None = None, licenses: Mapping[str, str] | None = None
) -> StrokeTable:
    """Put characters into a table; each has at least one stroke of at least one point."""
    counts = [len(strokes) for strokes in drawn.values()]
    points, lengths = resampled([stroke for strokes in drawn.values() for stroke in strokes])
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    codes = np.array([ord(char) for char in drawn], np.uint64)
    return StrokeTable("".join(drawn), points, lengths, first, codes, sources or {}, licenses or {})


def resampled(strokes: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return polylines with ``POINTS`` points each, ``[n, POINTS, 2]``, and their lengths ``[n]``.

    A dot, which has no length, becomes a very short stroke.
    """
    if not strokes:
        return np.empty((0, POINTS, 2), np.float32), np.empty(0, np.float32)
    strokes = _longer(strokes)
    sizes = np.array([len(stroke) for stroke in strokes])
    ends = np.cumsum(sizes)
    xy = np.concatenate(strokes).astype(np.float64)
    step = np.r_[0.0, np.hypot(*np.diff(xy, axis=0).T)]
    step[ends[:-1]] = 0.0  # nothing is written between two strokes
    along = np.cumsum(step) + np.repeat(np.arange(len(sizes)), sizes)  # one more a stroke, so that positions are unique
    starts, stops = along[ends - sizes], along[ends - 1]
    wanted = starts[:, None] + (stops - starts)[:, None] * np.linspace(0, 1, POINTS)
    made = np.stack([np.interp(wanted, along, xy[:, axis]) for axis in (0, 1)], axis=2)
    _keep_corners(made, xy, along, starts, stops, np.repeat(np.arange(len(sizes)), sizes))
    return made.astype(np.float32), (stops - starts).astype(np.float32)


def _longer(strokes: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Return strokes of which those that go nowhere were made very short ones."""
    sizes = np.array([len(stroke) for stroke in strokes])
    step = np.abs(np.diff(np.concatenate(strokes), axis=0, prepend=0)).sum(1)
    step[np.cumsum(sizes) - sizes] = 0.0  # the way from the stroke before
    way = np.bincount(np.repeat(np.arange(len(sizes)), sizes), step, len(sizes))
    made = list(strokes)
    for row in np.flatnonzero((sizes < 2) | (way <= _SHORTEST)).tolist():
        made[row] = np.stack([made[row][0], made[row][0] + np.float32(2 * _SHORTEST)])
    return made


def _keep_corners(
    made: NDArray[np.float64],
    xy: NDArray[np.float64],
    along: NDArray[np.float64],
    starts: NDArray[np.float64],
    stops: NDArray[np.float64],
    owner: NDArray[np.int64],
) -> None:
    """Move the nearest point of ``made`` onto each sharp corner of the polylines."""
    step = np.diff(xy, axis=0)
    step /= np.maximum(np.hypot(*step.T), 1e-9)[:, None]
    sharp = np.flatnonzero((step[1:] * step[:-1]).sum(1) < _CORNER) + 1
    sharp = sharp[(owner[sharp - 1] == owner[sharp]) & (owner[sharp + 1] == owner[sharp])]
    rows = owner[sharp]
    share = (along[sharp] - starts[rows]) / np.maximum(stops[rows] - starts[rows], 1e-9)
    indexes = np.clip(np.round(share * (POINTS - 1)).astype(int), 1, POINTS - 2)
    made[rows, indexes] = xy[sharp]


def as_strokes(lines: Iterable[object]) -> Strokes:
    """Return polylines given as lists of pairs.

    Raises:
        ValueError: one is empty, not of pairs of numbers, or not finite.
    """
    made = tuple(np.asarray(line, np.float32) for line in lines)
    if not made or any(line.ndim != 2 or line.shape[1] != 2 or not len(line) for line in made):
        raise ValueError("a stroke is no list of points")
    if not np.isfinite(np.concatenate(made)).all():
        raise ValueError("a point is not finite")
    return made
