"""From strokes to what a hand does with them: displaced, bent, smoothed, cut short and joined, with the speed of it.

A stroke is the straight line between its ends, and a sine series that vanishes there. Dampening the series' higher
terms bounds the curvature and moves no end; its first term is a bow, and its last ones are tremor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.deform.strokes import Part, moved, whole_of
from handgen.seeds import keys, uniforms_of
from handgen.strokes.base import LIFTED, ONWARD, POINTS, StrokeTable
from handgen.strokes.writer import NUMBERS

JOIN = 14
"""Points of a join."""
_T = np.linspace(0, 1, POINTS, dtype=np.float32)
_TERMS = np.arange(1, POINTS - 1, dtype=np.float32)
_SINES = np.sin(np.pi * np.outer(_T[1:-1], _TERMS)).astype(np.float32)
"""Its own inverse, times 2 / (POINTS - 1)."""
_TREMOR = slice(3, 12)
_SHORT = 0.22
"""Strokes shorter than this share of the square are dots."""
IDEOGRAPHIC = 0x2E80
"""The first code point of Chinese and Japanese writing."""
_USUAL_HABIT, _USUAL_LOOSENESS = 0.5, 0.2
"""At which writers differ from each other, and each from drawing to drawing, as people on scans do."""
_CARE = 0.4
"""The cursiveness from which writers take no more care with Chinese characters than with letters."""
_WAVES = 3

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Written:
    """What the pen does on paper, in the unit square, y down.

    Attributes:
        strokes: float32 ``[s, POINTS, 2]``.
        glyph: int64 ``[s]``, the drawing that each belongs to, ascending.
        held: bool ``[s, 2]``: whether the pen stays down before and after it.
        joins: float32 ``[j, JOIN, 2]``.
        joined: int64 ``[j]``, the drawing that each belongs to, ascending.
        solid: bool ``[j]``: as thick as a stroke, as between dots that have become one.
        own: float32 ``[s]``, how much of its shape is each stroke's own, as in a ``StrokeTable``.
    """

    strokes: Array
    glyph: NDArray[np.int64]
    held: NDArray[np.bool_]
    joins: Array
    joined: NDArray[np.int64]
    solid: NDArray[np.bool_]
    own: Array


class Hand:
    """The numbers of the writers of some drawings, by name: float32 ``[n]``.

    Args:
        numbers: ``[n, len(NUMBERS)]``.
        key: uint64 ``[n]``, of the writer, from which all follows that is always alike in a hand.
    """

    def __init__(self, numbers: NDArray[np.float64], key: NDArray[np.uint64]) -> None:
        self._numbers = numbers.astype(np.float32)
        self.key = key
        self._other: tuple[NDArray[np.uint64], NDArray[np.float64]] | None = None

    def towards(self, key: NDArray[np.uint64], share: NDArray[np.float64]) -> Hand:
        """Return these hands, with habits ``share`` (``[n]``, 0 to 1) of the way to those of other writers."""
        made = Hand(self._numbers.astype(np.float64), self.key)
        made._other = (key, share)
        return made

    def habits(self, draw: Callable[[NDArray[np.uint64]], Array], owner: NDArray[np.int64] | None = None) -> Array:
        """Return what ``draw`` makes of the writers' keys: of mean 0, and always alike in a hand.

        On the way from one writer to another, amounts lie on a quarter of a circle: their variance stays.

        Args:
            draw: makes numbers, ``[rows, ...]``, of keys ``[n]``.
            owner: int64 ``[rows]``, the drawing that each row belongs to; rows are drawings by default.
        """
        first = draw(self.key)
        if self._other is None:
            return first
        (_, cos), (other, sin) = self.shares()
        cos, sin = (part if owner is None else part[owner] for part in (np.asarray(cos), np.asarray(sin)))
        shape = (-1, *[1] * (first.ndim - 1))
        return np.asarray(cos.reshape(shape) * first + sin.reshape(shape) * draw(other), np.float32)

    def shares(self) -> list[tuple[NDArray[np.uint64], Array | float]]:
        """Return the keys of the writers whose habits these are, and how much of each: the squares' sum is 1."""
        if self._other is None:
            return [(self.key, 1.0)]
        key, share = self._other
        angle = share.astype(np.float32) * np.float32(np.pi / 2)
        return [(self.key, np.cos(angle)), (key, np.sin(angle))]

    def __getitem__(self, name: str) -> Array:
        column: Array = self._numbers[:, NUMBERS.index(name)]
        return column


def write(
    table: StrokeTable,
    characters: NDArray[np.int64],
    hand: Hand,
    sample: NDArray[np.uint64],
    vary: float,
    aspect: NDArray[np.float64] | float = 0.0,
) -> Written:
    """Write characters, one a drawing.

    Args:
        table: their strokes.
        characters: int64 ``[n]``, numbers in the table.
        hand: of the writer of each.
        sample: uint64 ``[n]``, keys from which follows what is not alike from one drawing to the next.
        vary: 0 (nothing differs) to 1.
        aspect: ``[n]``, log width by height of drawings beside the writer's.
    """
    counts = table.first[characters + 1] - table.first[characters]
    glyph = np.repeat(np.arange(len(characters)), counts)
    number = np.arange(len(glyph)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = table.first[characters][glyph] + number
    own = np.zeros(len(rows), np.float32) if table.own is None else table.own[rows]
    held = np.zeros(len(rows), np.uint8) if table.held is None else table.held[rows]
    if (held == ONWARD).any():
        # Pieces of one stroke are displaced as one.
        begins = np.where(np.r_[True, held[:-1] != ONWARD], np.arange(len(rows)), 0)
        number = number[np.maximum.accumulate(begins)]
    codes = table.codes[characters]
    strokes = table.points[rows].copy()
    _balance(strokes, hand, glyph)
    inexact = _inexactness(hand, codes)
    _displace(strokes, hand, glyph, inexact)
    _place(strokes, hand, glyph)
    parts = _parts(hand, codes, sample, inexact, vary)
    strokes = _reattached(moved(strokes, glyph, number, parts), table.points[rows], held == ONWARD)
    ever = hand.habits(lambda key: _even(keys(keys(key, codes)[glyph], number, 1), 2), glyph)
    luck = 0.5 + 0.85 * ever + 0.15 * _even(keys(sample[glyph], number, 1), 2)
    # Within a Latin letter strokes are seldom joined: what looks joined is one stroke already.
    ease = np.where(codes < IDEOGRAPHIC, 0.35, 1).astype(np.float32)[glyph]
    joined, solid = _choose_joins(strokes, table.lengths[rows], hand, glyph, luck / ease[:, None], own, held)
    _pull(strokes, joined, hand, glyph, own)
    _bend(strokes, hand, glyph, keys(sample[glyph], number, 2), own)
    before = np.flatnonzero(joined)
    joins = bridges(strokes, before, hand["join_curve"][glyph[before]])
    down = np.stack([np.r_[False, joined[:-1]], joined], 1)
    whole = whole_of(parts).astype(np.float32)
    whole[:, 1] += aspect
    _settle(strokes, joins, glyph, glyph[before], hand, whole, _normal(keys(sample, 4), 3) * np.float32(vary))
    return Written(strokes, glyph, down, joins, glyph[before], solid[before], own)


def _inexactness(hand: Hand, codes: NDArray[np.uint64]) -> Array:
    """Return how inexactly hands write, ``[n]``: who writes neatly takes care, and who writes fast does not.

    With Chinese characters care lasts longer: what is taken for another one is moved by less than a letter is.
    """
    fast = hand["cursiveness"]
    haste = np.where(codes < IDEOGRAPHIC, 1, np.minimum(1, fast / _CARE) ** 1.5)
    return np.asarray(0.2 + 1.8 * haste * fast**1.5, np.float32)


def lengths_of(lines: Array) -> Array:
    """Return the lengths of the pieces of lines ``[n, k, 2]``: ``[n, k - 1]``."""
    step = np.diff(lines, axis=1)
    step *= step
    length: Array = np.sqrt(step[:, :, 0] + step[:, :, 1])
    return length


def _even(key: NDArray[np.uint64], columns: int) -> Array:
    """Return even numbers from -0.5 to 0.5."""
    return uniforms_of(key, columns).astype(np.float32) - np.float32(0.5)


def _normal(key: NDArray[np.uint64], columns: int) -> Array:
    """Return numbers of mean 0 and variance 1, none beyond 3: sums of three uniform ones, times 2."""
    some = uniforms_of(key, 3 * columns).astype(np.float32).reshape(len(key), columns, 3)
    normal: Array = 2 * (some[:, :, 0] + some[:, :, 1] + some[:, :, 2] - np.float32(1.5))
    return normal


def _balance(strokes: Array, hand: Hand, glyph: NDArray[np.int64]) -> None:
    """Move the middle: p + b p (1 - p)."""
    for axis, name in ((0, "balance_x"), (1, "balance_y")):
        p = strokes[:, :, axis]
        p += hand[name][glyph, None] * p * (1 - p)


def _displace(strokes: Array, hand: Hand, glyph: NDArray[np.int64], inexact: Array) -> None:
    """Move neighboring strokes together, by some slow waves, in all characters alike."""
    wave = hand.habits(lambda key: _normal(keys(key, 3), 6 * _WAVES)).reshape(-1, _WAVES, 6)[glyph]
    middle = strokes.mean(1)
    phase = 2.2 * (wave[:, :, 0] * middle[:, :1] + wave[:, :, 1] * middle[:, 1:]) + 3 * wave[:, :, 2]
    size = (hand["structure"] * inexact)[glyph, None]
    strokes += ((wave[:, :, 3:5] * np.sin(phase)[:, :, None]).sum(1) * size)[:, None]


def _reattached(strokes: Array, before: Array, onward: NDArray[np.bool_]) -> Array:
    """Return strokes of which pieces of one (``onward``: the next goes on) are as far apart as in the table."""
    if not onward.any():
        return strokes
    number = np.arange(len(strokes))
    order = number - np.maximum.accumulate(np.where(np.r_[False, onward[:-1]], 0, number))
    made = strokes.copy()
    for step in range(1, int(order.max()) + 1):
        at = np.flatnonzero(order == step)
        gap = before[at, 0] - before[at - 1, -1]
        made[at] += (made[at - 1, -1] + gap - made[at, 0])[:, None]
    return made


def _parts(
    hand: Hand, codes: NDArray[np.uint64], sample: NDArray[np.uint64], inexact: Array, vary: float
) -> list[Part]:
    """Return how strokes are moved: by the habits of each writer with each character, and anew each time.

    Writers on the whole move them as people do, one of twice the habit or looseness twice as much.
    """
    always = inexact * hand["habit"] / _USUAL_HABIT
    anew = inexact * hand["looseness"] * np.float32(vary) / _USUAL_LOOSENESS
    habits = [Part(keys(key, codes), "habit", always * share) for key, share in hand.shares()]
    return [*habits, Part(sample, "anew", anew)]


def _place(strokes: Array, hand: Hand, glyph: NDArray[np.int64]) -> None:
    """Scale each stroke about its middle, as a writer does with strokes across and down."""
    middle = (strokes[:, :1] + strokes[:, -1:]) / 2
    arm = strokes - middle
    across = np.abs(arm[:, -1, 0]) > np.abs(arm[:, -1, 1])
    length = np.hypot(*(2 * arm[:, -1]).T)
    usual = np.where(across, hand["breadth"][glyph], hand["height"][glyph])
    scale = 1 + (usual - 1) * np.clip(length / 0.5, 0, 1)  # dots stay dots
    strokes[:] = middle + scale[:, None, None] * arm


def _choose_joins(
    strokes: Array,
    lengths: Array,
    hand: Hand,
    glyph: NDArray[np.int64],
    luck: NDArray[np.floating],
    own: Array,
    held: NDArray[np.uint8],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell after which strokes the pen stays down, and where it then writes on as on a stroke; both ``[s]``."""
    c = hand["cursiveness"][glyph]
    next_start = np.roll(strokes[:, 0], -1, axis=0)
    gap = np.hypot(*(next_start - strokes[:, -1]).T)
    dots = (lengths < _SHORT) & (np.roll(lengths, -1) < _SHORT)
    reach = hand["join_reach"][glyph] * (0.35 + 1.15 * c)
    # Near gaps are joined first; the chance is about 0 in print, and about 0.9 in a running hand.
    chance = c**0.9 * 1.2 * np.exp(-((gap / np.maximum(reach, 1e-3)) ** 2)) * np.clip(4 * c - 0.15, 0, 1)
    chance = np.where(dots, np.maximum(chance, c * hand["dots"][glyph] * 1.6 * (gap < 0.45)), chance)
    last = np.r_[glyph[1:] != glyph[:-1], True] if len(glyph) else np.empty(0, bool)
    # Where the order is not known, what is joined is joined in the form itself.
    free = (own < 1) & (np.roll(own, -1) < 1)
    joined = ((luck[:, 0] < chance) & free & (gap > 0.005) | (held > LIFTED)) & ~last
    return joined, joined & (dots & (luck[:, 1] < hand["dots"][glyph]) | (held == ONWARD))


def _pull(strokes: Array, joined: NDArray[np.bool_], hand: Hand, glyph: NDArray[np.int64], own: Array) -> None:
    """Cut running strokes short, and bring the ends that a join connects nearer to each other."""
    amount = (hand["cursiveness"] * hand["shortening"])[glyph] * (1 - own)
    _trim(strokes, 0.18 * amount * ~joined * (np.hypot(*(strokes[:, -1] - strokes[:, 0]).T) > _SHORT))
    before = np.flatnonzero(joined)
    gap = strokes[before + 1, 0] - strokes[before, -1]
    share = (0.5 * amount[before])[:, None, None]
    strokes[before] += share * gap[:, None] * (_T**2)[:, None]
    strokes[before + 1] -= share * gap[:, None] * ((1 - _T) ** 2)[:, None]


def _trim(strokes: Array, share: Array) -> None:
    """End strokes earlier by a share of their points."""
    at = _T[None] * (1 - share[:, None]) * (POINTS - 1)
    low = np.minimum(at.astype(np.int64), POINTS - 2)
    part = (at - low)[:, :, None].astype(np.float32)
    rows = np.arange(len(strokes))[:, None]
    strokes[:] = strokes[rows, low] * (1 - part) + strokes[rows, low + 1] * part


def _bend(strokes: Array, hand: Hand, glyph: NDArray[np.int64], key: NDArray[np.uint64], own: Array) -> None:
    """Round corners, bow and shake, all in the sine series of each stroke."""
    span = strokes[:, -1] - strokes[:, 0]
    length = np.hypot(*span.T)
    straight = strokes[:, :1] + _T[:, None] * span[:, None]
    series = np.matmul(_SINES, (strokes - straight)[:, 1:-1]) * np.float32(2 / (POINTS - 1))
    way = lengths_of(strokes).sum(1)
    radius = (0.006 + 0.05 * hand["rounding"] + 0.15 * hand["cursiveness"] ** 1.6)[glyph]
    radius = radius - 0.9 * own * (radius - 0.006)
    series *= np.exp(-((_TERMS[None] * (radius / np.maximum(way, 0.05))[:, None]) ** 2) * 2.2)[:, :, None]
    across = np.abs(span[:, 0]) > np.abs(span[:, 1])
    bows = hand["bow_across"][glyph] * np.sign(span[:, 0]), -hand["bow_down"][glyph] * np.sign(span[:, 1])
    bow = np.where(across, *bows)
    plain = np.clip(2.5 - 1.5 * way / np.maximum(length, 1e-3), 0, 1) * (1 - own)  # a bent stroke has its shape already
    up = np.stack([span[:, 1], -span[:, 0]], 1)
    series[:, 0] += (bow * plain * np.clip(way / 0.4, 0, 1))[:, None] * up
    wobble = _normal(key, 2 * (_TREMOR.stop - _TREMOR.start)).reshape(len(strokes), -1, 2)
    size = 0.009 * hand["tremor"][glyph] * np.clip(way / 0.3, 0.2, 1)
    series[:, _TREMOR] += wobble * (size[:, None] / np.sqrt(_TERMS[_TREMOR]))[:, :, None]
    strokes[:] = straight
    strokes[:, 1:-1] += np.matmul(_SINES, series)


def bridges(strokes: Array, before: NDArray[np.int64], curve: Array) -> Array:
    """Return the way of the pen from strokes to the next: Bezier curves that leave and arrive as the strokes do.

    Args:
        strokes: ``[s, k, 2]``.
        before: int64 ``[j]``, the strokes that are joined to the next.
        curve: ``[j]``, from 0, straight, to 1.

    Returns:
        ``[j, JOIN, 2]``.
    """
    start, end = strokes[before, -1], strokes[before + 1, 0]
    gap = end - start
    distance = np.hypot(*gap.T)[:, None]
    curve = curve[:, None]
    leave = _unit(strokes[before, -1] - strokes[before, -4])
    arrive = _unit(strokes[before + 1, 3] - strokes[before + 1, 0])
    reach = 0.33 * distance * (0.35 + 0.9 * curve)
    ahead = gap / 3 * (1 - curve * 0.6)
    handles = start + ahead * 0.6 + leave * reach * 0.8, end - ahead * 0.6 - arrive * reach * 0.8
    t = np.linspace(0, 1, JOIN, dtype=np.float32)[:, None]
    parts = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
    points = (start, *handles, end)
    made = np.zeros((len(before), JOIN, 2), np.float32)
    for part, point in zip(parts, points, strict=True):
        made += part * point[:, None]
    return made


def _unit(vector: Array) -> Array:
    length = np.sqrt(vector[..., :1] ** 2 + vector[..., 1:] ** 2)
    unit: Array = vector / np.maximum(length, np.float32(1e-6))
    return unit


def _settle(
    strokes: Array,
    joins: Array,
    glyph: NDArray[np.int64],
    joined: NDArray[np.int64],
    hand: Hand,
    whole: Array,
    draw: Array,
) -> None:
    """Give whole characters their size, slant, tilt, proportions and position, about the middle of the square.

    ``whole`` is how they differ from the writer's usual, see ``whole_of``; ``draw`` (``[n, 3]``), what is new in size
    and position.
    """
    size = hand["size"] * (1 + hand["size_rhythm"] * draw[:, 0])
    stretch = np.sqrt(hand["aspect"]) * np.exp(whole[:, 1] / 2)
    slant, tilt = hand["slant"] + whole[:, 2], hand["tilt"] + whole[:, 3]
    shift = np.stack([0.6 * hand["baseline"] * draw[:, 1], hand["baseline"] * draw[:, 2]], 1)
    for points, owner in ((strokes, glyph), (joins, joined)):
        x, y = points[:, :, 0] - 0.5, points[:, :, 1] - 0.5
        x, y = x * (size * stretch)[owner, None], y * (size / stretch)[owner, None]
        y -= tilt[owner, None] * x
        x -= slant[owner, None] * y
        points[:, :, 0], points[:, :, 1] = x + 0.5 + shift[owner, :1], y + 0.5 + shift[owner, 1:]
