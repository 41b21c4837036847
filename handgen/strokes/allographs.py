"""Allographs: other forms of one character, which people write and fonts hardly have.

A looped l, a barred 7, an n with a stroke that leads in, a 日 whose middle stroke goes on into the last: such forms
stand in hands/allographs.txt as points, and writers own some of them beside the forms of their hand.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.hands import ALLOGRAPHS
from handgen.seeds import keys, uniforms_of
from handgen.strokes.base import LIFTED, resampled
from handgen.strokes.motion import IDEOGRAPHIC, Array
from handgen.strokes.tracing import LATIN_BASE, LATIN_TOP, TRACED, FontForms, encoded

ANCHOR = np.array([0.5, LATIN_BASE], np.float32)
"""Where letters stand in the unit square: their middle, on the base line."""
_MIDDLE = np.array([0.5, 0.48], np.float32)
"""Where the middle of Chinese characters is."""
ALLOGRAPH_LICENSE = "Apache-2.0"
_CAPITAL = 100.0
"""Height of a capital in the file, and the side of the box of a Chinese character."""
_STEPS = 12
"""Pieces that a curve between two points is cut into."""
_SIZES = (0.5, 2.0)
"""A form is not made smaller or larger than that."""
_LIKING, _FORM = 0x414C, 0x4146
"""Set the keys of choices apart from others of a writer."""


@dataclass(frozen=True, eq=False)
class Allographs:
    """The allographs of some characters.

    Attributes:
        forms: one entry a form, those of a character one after the other; its ``chars`` repeat.
        first: int64 ``[chars + 1]``, where the forms of each of the characters begin.
        codes: int64 ``[chars]``, the code points of the characters.
        extents: float64 ``[forms]``, of each, see ``extent``.
        below: float64 ``[forms + 1]``, how common the forms before each are together, 1 = a usual one.
    """

    forms: FontForms
    first: NDArray[np.int64]
    codes: NDArray[np.int64]
    extents: NDArray[np.float64]
    below: NDArray[np.float64]

    @classmethod
    def of(cls, chars: str) -> Allographs:
        """Return those of some characters, each once; most have none."""
        known = read_allographs()
        made = [(char, form) for char in chars for form in known.get(char, ())]
        strokes = [stroke for _, form in made for stroke in form.strokes]
        counts = np.array([len(known.get(char, ())) for char in chars], np.int64)
        first = np.concatenate([[0], np.cumsum([len(form.strokes) for _, form in made])]).astype(np.int64)
        points = resampled(strokes)[0]
        ends = itertools.pairwise(first)
        extents = np.array([extent(char, points[a:b]) for (char, _), (a, b) in zip(made, ends, strict=True)])
        held = np.full(len(strokes), LIFTED, np.uint8)
        way, fit = np.full(len(made), TRACED, np.uint8), np.ones((len(made), 2), np.float32)
        names = "".join(char for char, _ in made)
        forms = FontForms(names, first, encoded(points), held, way, fit)
        begins = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        below = np.concatenate([[0.0], np.cumsum([form.rate for _, form in made])])
        return cls(forms, begins, np.array([*map(ord, chars)], np.int64), extents, below)

    def choose(self, characters: NDArray[np.int64], key: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the form that writers have of characters, rows of ``forms``; -1 = that of their hand.

        Some writers own an allograph of nearly every letter that has any, others hardly one.

        Args:
            characters: int64 ``[n]``, rows of the characters.
            key: uint64 ``[n]``, of the writers.
        """
        first, last = self.first[characters], self.first[characters + 1]
        rate = self.below[last] - self.below[first]
        liking = uniforms_of(keys(key, _LIKING), 1)[:, 0]
        luck = uniforms_of(keys(key, self.codes[characters], _FORM), 2)
        chosen = np.searchsorted(self.below, self.below[first] + luck[:, 1] * rate, side="right") - 1
        owned = luck[:, 0] * (last - first) < liking * rate
        return np.where(owned, np.clip(chosen, first, last - 1), -1)

    def sized(
        self, points: Array, form: NDArray[np.int64], characters: NDArray[np.int64], own: NDArray[np.float32]
    ) -> Array:
        """Return strokes ``[n, k, 2]`` as large as the hand's own form; as they are where ``form`` is -1.

        Args:
            points: the strokes.
            form: int64 ``[n]``, rows of ``forms``, or -1.
            characters: int64 ``[n]``, rows of the characters.
            own: ``[n]``, the extent of the hand's own form; 0 = not known.
        """
        wanted = np.where((form >= 0) & (own > 0), own / self.extents[form], 1)
        size = np.clip(wanted, *_SIZES).astype(np.float32)[:, None, None]
        base = np.where(self.codes[characters, None] < IDEOGRAPHIC, ANCHOR, _MIDDLE)[:, None]
        return np.where(size == 1, points, base + (points - base) * size)

    def number(self, characters: NDArray[np.int64], form: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which of its character's allographs each form is, from 1; 0 where ``form`` is -1."""
        return np.where(form >= 0, form - self.first[characters] + 1, 0)


def extent(char: str, points: Array) -> float:
    """Return how large a form is, in sides of the square: its height above the base line; of Chinese, its longer side.

    Args:
        char: what it is a form of.
        points: its strokes, ``[n, k, 2]``.
    """
    if ord(char) < IDEOGRAPHIC:
        return float(ANCHOR[1] - points[..., 1].min())
    return float(np.ptp(points.reshape(-1, 2), axis=0).max())


@dataclass(frozen=True)
class Allograph:
    """One form of a character.

    Attributes:
        strokes: polylines ``[n, 2]`` in the unit square, y down.
        rate: how common it is, 1 = usual.
    """

    strokes: tuple[NDArray[np.float32], ...]
    rate: float = 1.0


@functools.cache
def read_allographs() -> Mapping[str, tuple[Allograph, ...]]:
    """Return character -> its forms."""
    found: dict[str, tuple[Allograph, ...]] = {}
    for line in ALLOGRAPHS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            char, strokes = line.split(" ", 1)
            rate, rest = strokes.split(" ", 1)
            rate, strokes = ("1", strokes) if "," in rate else (rate, rest)
            form = _placed(char, [_curve(stroke) for stroke in strokes.split(" / ")])
            found[char] = (*found.get(char, ()), Allograph(form, float(rate)))
    return found


def _placed(char: str, form: list[NDArray[np.float64]]) -> tuple[NDArray[np.float32], ...]:
    """Return what the file draws in the unit square: letters on the base line, Chinese characters in all of it."""
    across = np.concatenate(form)[:, 0]
    middle, scale, base = (across.min() + across.max()) / 2, (LATIN_BASE - LATIN_TOP) / _CAPITAL, ANCHOR
    if ord(char) >= IDEOGRAPHIC:
        middle, scale, base = 50.0, 1 / _CAPITAL, _MIDDLE + np.array([0, 0.5], np.float32)
    return tuple(
        np.stack([base[0] + (x - middle) * scale, base[1] - y * scale], 1).astype(np.float32)
        for x, y in (stroke.T for stroke in form)
    )


@functools.cache
def allographs_digest() -> str:
    """Return a hash of the file of allographs."""
    return hashlib.sha256(ALLOGRAPHS.read_bytes()).hexdigest()


def _curve(text: str) -> NDArray[np.float64]:
    """Return a smooth curve through points, ``[n, 2]``: a centripetal Catmull-Rom spline that corners break."""
    words = text.split()
    points = np.array([[float(number) for number in word.rstrip("!").split(",")] for word in words])
    corner = [word.endswith("!") or at in (0, len(words) - 1) for at, word in enumerate(words)]
    knots = np.sqrt(np.hypot(*np.diff(points, axis=0).T))[:, None]
    slopes = np.diff(points, axis=0) / knots
    made = [points[:1]]
    t = np.linspace(0, 1, _STEPS + 1)[1:, None]
    for at, (knot, slope) in enumerate(zip(knots, slopes, strict=True)):
        leave = None if corner[at] else _tangent(points, knots, at)
        arrive = None if corner[at + 1] else _tangent(points, knots, at + 1)
        # At a corner the curve bends evenly toward its other end.
        begin = leave if leave is not None else slope if arrive is None else 1.5 * slope - 0.5 * arrive
        end = arrive if arrive is not None else slope if leave is None else 1.5 * slope - 0.5 * leave
        made.append(
            (2 * t**3 - 3 * t**2 + 1) * points[at]
            + (t**3 - 2 * t**2 + t) * knot * begin
            + (3 * t**2 - 2 * t**3) * points[at + 1]
            + (t**3 - t**2) * knot * end
        )
    return np.concatenate(made)


def _tangent(points: NDArray[np.float64], knots: NDArray[np.float64], at: int) -> NDArray[np.float64]:
    """Return the direction at an inner point, by the centripetal parameter."""
    before, after = knots[at - 1], knots[at]
    return np.asarray(
        (points[at] - points[at - 1]) / before
        - (points[at + 1] - points[at - 1]) / (before + after)
        + (points[at + 1] - points[at]) / after
    )
