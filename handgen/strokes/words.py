"""Words as the pen writes them.

It goes from letter to letter without being lifted where the writer joins them; dots, accents and bars come after the
word.
Lengths are in em, x to the right and y up from the base line.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.strokes.base import POINTS

Floats = NDArray[np.float64]

LOW_ENDS = frozenset("acdehiklmntuxzαηικλμνυдилмншцщьыъ")
HIGH_ENDS = frozenset("ovwbrоσδωю")
_DEEP_ENDS = frozenset("gjyq")
"""Letters that end on the base line, at the height of an x, and below."""
_BARRED = frozenset("tf")
_DOTTED = frozenset("ij")
_BANDS, _LOWEST, _HIGHEST = 12, -0.35, 0.85
"""Strips in which the paper between two letters is measured."""
_BOXES = 0.35
"""How much of the space between letters is that of their boxes; the rest is where they are nearest."""
_FARTHEST = 0.6
"""A longer gap is not crossed."""
_BACK = 0.12
"""How far to the left a join may go."""
_T = np.linspace(0, 1, POINTS)[:, None]
_BEZIER = np.concatenate([(1 - _T) ** 3, 3 * (1 - _T) ** 2 * _T, 3 * (1 - _T) * _T**2, _T**3], axis=1)


@dataclass(frozen=True, eq=False)
class Letters:
    """The letters of a line, each at its own origin.

    Attributes:
        chars: of each letter; no spaces.
        after_space: bool ``[n]``, whether a letter begins a word.
        strokes: float64 ``[s, POINTS, 2]``.
        owner: int64 ``[s]``, the letter that each stroke is of, ascending.
        x_height: of an x.
    """

    chars: str
    after_space: NDArray[np.bool_]
    strokes: Floats
    owner: NDArray[np.int64]
    x_height: float


@dataclass(frozen=True)
class Manner:
    """How a writer sets letters together.

    Attributes:
        joins: bool ``[n]``, whether the pen would go on from each letter to the next.
        gaps: ``[n]``, paper between each letter and the one before it.
        word_gaps: ``[n]``, likewise, where a word begins.
        late: how far to the right dots, accents and bars come that are written after the word, ``[n]``.
        bars: how many times as long as they are bars become, ``[n]``.
        dots: how many times as wide as they are dots and accents become.
    """

    joins: NDArray[np.bool_]
    gaps: Floats
    word_gaps: Floats
    late: Floats
    bars: Floats
    dots: float = 1.0


@dataclass(frozen=True, eq=False)
class Path:
    """The way of the pen along a line, in writing order.

    Attributes:
        strokes: float64 ``[s, POINTS, 2]``.
        owner: int64 ``[s]``, the letter of each; a join is of the letter before it.
        join: bool ``[s]``, which are joins.
        late: bool ``[s]``, which are written after their word.
    """

    strokes: Floats
    owner: NDArray[np.int64]
    join: NDArray[np.bool_]
    late: NDArray[np.bool_]


def base_of(char: str) -> str:
    """Return a letter without its marks."""
    return unicodedata.normalize("NFD", char)[:1]


def write_words(letters: Letters, manner: Manner) -> Path:
    """Set letters side by side and join them."""
    late, bars = _late(letters)
    moved = letters.strokes.copy()
    _finish_late(moved, letters.owner, late, bars, manner)
    moved[:, :, 0] += _positions(letters, manner)[letters.owner, None]
    bounds = np.searchsorted(letters.owner, np.arange(len(letters.chars) + 1)).tolist()
    ends: dict[int, _Ends] = {}
    joins = manner.joins & np.r_[~letters.after_space[1:], False]
    for number in np.flatnonzero(joins | np.r_[False, joins[:-1]]).tolist():
        some = slice(bounds[number], bounds[number + 1])
        ends[number] = _ends(moved[some][~late[some]])
    strokes: list[Floats] = []
    notes: list[tuple[int, bool, bool]] = []
    waiting: list[int] = []
    for number in range(len(letters.chars)):
        if letters.after_space[number]:
            strokes += [moved[row] for row in waiting]
            notes += [(int(letters.owner[row]), False, True) for row in waiting]
            waiting = []
        for row in range(bounds[number], bounds[number + 1]):
            if late[row]:
                waiting.append(row)
            else:
                strokes.append(moved[row])
                notes.append((number, False, False))
        if joins[number]:
            pair = letters.chars[number], letters.chars[number + 1]
            join = join_letters(ends[number], ends[number + 1], pair, letters.x_height)
            if join is not None:
                strokes.append(join)
                notes.append((number, True, False))
    strokes += [moved[row] for row in waiting]
    notes += [(int(letters.owner[row]), False, True) for row in waiting]
    owner, join_, late_ = (np.array(column) for column in zip(*notes, strict=True))
    return Path(np.stack(strokes), owner.astype(np.int64), join_, late_)


def _late(letters: Letters) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which strokes are written after the word, and which of these are bars."""
    y = letters.strokes[:, :, 1]
    span = np.ptp(letters.strokes, axis=1)
    above = y.min(1) > 1.08 * letters.x_height
    flat = (span[:, 0] > 1.5 * span[:, 1]) & (y.mean(1) > 0.4 * letters.x_height)
    count = np.bincount(letters.owner, minlength=len(letters.chars))[letters.owner]
    bases = [base_of(char) for char in letters.chars]
    dotted = np.array([b in _DOTTED or b != c for b, c in zip(bases, letters.chars, strict=True)])[letters.owner]
    barred = np.array([base in _BARRED for base in bases])[letters.owner]
    small = np.array([char.islower() for char in letters.chars])[letters.owner]
    bars = barred & flat & (count > 1)
    late = (dotted & above & small & (count > 1)) | bars
    # Something of a letter is always written with the word.
    whole = np.bincount(letters.owner, late, len(letters.chars)) >= np.maximum(
        np.bincount(letters.owner, minlength=len(letters.chars)), 1
    )
    late &= ~whole[letters.owner]
    return late, bars & late


def _finish_late(
    strokes: Floats, owner: NDArray[np.int64], late: NDArray[np.bool_], bars: NDArray[np.bool_], manner: Manner
) -> None:
    strokes[late, :, 0] += manner.late[owner[late], None]
    wide = np.where(bars, manner.bars[owner], manner.dots)[late, None]
    x = strokes[late, :, 0]
    middle = x.mean(axis=1, keepdims=True)
    strokes[late, :, 0] = middle + (x - middle) * wide


def _positions(letters: Letters, manner: Manner) -> Floats:
    """Return where each letter's origin comes along the line."""
    count = len(letters.chars)
    x, y = letters.strokes[:, :, 0], letters.strokes[:, :, 1]
    band = ((y - _LOWEST) * (_BANDS / (_HIGHEST - _LOWEST))).astype(np.int64).clip(0, _BANDS - 1)
    flat = (letters.owner[:, None] * _BANDS + band).ravel()
    left, right = np.full(count * _BANDS, np.inf), np.full(count * _BANDS, -np.inf)
    np.minimum.at(left, flat, x.ravel())
    np.maximum.at(right, flat, x.ravel())
    lefts, rights = left.reshape(count, _BANDS), right.reshape(count, _BANDS)
    wide = lefts.copy()
    wide[:, 1:] = np.minimum(wide[:, 1:], lefts[:, :-1])
    wide[:, :-1] = np.minimum(wide[:, :-1], lefts[:, 1:])
    boxes = lefts[1:].min(1) - rights[:-1].max(1)
    nearest = (wide[1:] - rights[:-1]).min(1)
    # Letters that share no strip, as a hyphen and a comma, are as far apart as their boxes.
    near = np.where(np.isfinite(nearest), np.minimum(nearest, boxes + 0.35), boxes)
    between = _BOXES * boxes + (1 - _BOXES) * near
    gap = np.where(letters.after_space[1:], manner.word_gaps[1:], manner.gaps[1:])
    # Between words it is the boxes that are apart.
    between = np.where(letters.after_space[1:], boxes, between)
    return np.concatenate([[0.0], np.cumsum(gap - between)])


@dataclass(frozen=True, eq=False)
class _Ends:
    """Where the pen can enter and leave a letter: points, and the unit vector that the pen moves along there."""

    points: Floats
    inward: Floats
    left: float
    right: float
    outline: Floats


def _ends(body: Floats) -> _Ends:
    """Find the free ends of a letter's strokes, ``[k, POINTS, 2]``; ``inward`` leads from an end into its stroke."""
    points = np.concatenate([body[:, 0], body[:, -1]])
    inward = np.concatenate([body[:, 3] - body[:, 0], body[:, -4] - body[:, -1]])
    inward /= np.maximum(np.hypot(*inward.T), 1e-6)[:, None]
    flat = body.reshape(-1, 2)
    return _Ends(points, inward, float(flat[:, 0].min()), float(flat[:, 0].max()), flat)


def join_letters(first: _Ends, second: _Ends, pair: tuple[str, str], x_height: float) -> Floats | None:
    """Return the way of the pen from a letter to the next, ``[POINTS, 2]``; None where there is none."""
    if not all(char.isalpha() for char in pair) or not pair[1].islower():
        return None
    leave = _leave(first, base_of(pair[0]), x_height)
    enter = _enter(second, x_height)
    if leave is None or enter is None:
        return None
    (start, out), (end, into) = leave, enter
    gap = end - start
    distance = float(np.hypot(*gap))
    if distance > _FARTHEST or gap[0] < -_BACK:
        return None
    reach = 0.4 * distance
    controls = np.stack([start, start + reach * out, end - reach * into, end])
    made: Floats = _BEZIER @ controls
    return made


def _leave(ends: _Ends, char: str, x: float) -> tuple[Floats, Floats] | None:
    """Return where, and in which direction, the pen leaves a letter."""
    if char in LOW_ENDS or char.isupper():
        low, high, usual = -0.2 * x, 0.5 * x, np.array([0.95, -0.3])
    elif char in HIGH_ENDS:
        low, high, usual = 0.55 * x, 1.2 * x, np.array([0.9, -0.45])
    elif char in _DEEP_ENDS:
        low, high, usual = -0.9 * x, 0.45 * x, np.array([0.7, 0.7])
    else:
        return None
    return _outermost(ends, low, high, usual, right=True)


def _enter(ends: _Ends, x: float) -> tuple[Floats, Floats] | None:
    """Return where, and in which direction, the pen enters a letter."""
    return _outermost(ends, 0.25 * x, 1.15 * x, np.array([0.8, 0.6]), right=False)


def _outermost(ends: _Ends, low: float, high: float, usual: Floats, *, right: bool) -> tuple[Floats, Floats] | None:
    """Return a stroke's end between two heights near one side, or else the outermost point there."""
    sign = 1.0 if right else -1.0
    edge = ends.right if right else -ends.left
    width = max(ends.right - ends.left, 1e-3)
    y = ends.points[:, 1]
    able = (y >= low) & (y <= high) & (sign * ends.points[:, 0] > edge - 0.35 * width)
    if able.any():
        best = int(np.where(able, sign * ends.points[:, 0], -np.inf).argmax())
        # The pen goes out of the stroke as the stroke ends, and on to the right.
        direction = usual - sign * 0.8 * ends.inward[best]
        return ends.points[best], direction / max(float(np.hypot(*direction)), 1e-6)
    inside = ends.outline[(ends.outline[:, 1] >= low) & (ends.outline[:, 1] <= high)]
    if not len(inside):
        return None
    found = inside[(sign * inside[:, 0]).argmax()]
    return found, usual / float(np.hypot(*usual))
