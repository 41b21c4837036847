"""A line written by a pen as a whole: letters along the centerlines of fonts, joined where the writer joins them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.fonts.contours import Drawable, Outline, joined
from handgen.lines.compose import Box, Line
from handgen.lines.cut import Limits
from handgen.lines.draws import Draw
from handgen.lines.habits import ShapedHabits, bend, draw_shaped_habits, onto_image, stretch
from handgen.lines.paper import PLAIN, Paper, Slip, beside, slip, strokes_across
from handgen.seeds import SampleKey, generator, keys, uniforms_of
from handgen.strokes.base import POINTS, StrokeTable
from handgen.strokes.ink import PenTrace, inked, line_of, widths_along
from handgen.strokes.motion import Hand
from handgen.strokes.raster import outlines
from handgen.strokes.words import Letters, Manner, Path, write_words

Floats = NDArray[np.float64]

BASE = 0.851
"""Of the square, from its top: the base line of letters in a ``StrokeTable`` of forms."""
X_HEIGHT = 0.46
"""Of an x there, by and large, in sides of the square."""
_REACH = (-0.25, 0.75)
"""How low and how high letters go."""
_FINEST = 0.7
"""Pixels: a thinner line would be lost."""
_THIN = 0.02
"""Heights of the image, likewise: half as wide as lines are on scans, by the median."""
_ON_PAGES = 1.3
"""How much wider lines on pages are at least: ink of any color is drawn with them."""
_DARKEST, _PALEST = 1.0, 0.72
"""Of ink; what is paler is not found on scans of pages that anybody kept."""
_ROUGHEST = 0.35
"""Of any pen on paper: how much of it a scanner sees through the ink, at most."""
_WAVES = 3
_HABIT, _ANEW = 0.028, 0.014
"""Em by which points of a letter are elsewhere than in the font: always with one writer, and each time."""
_WORD_APART = 0.24
"""Em by which gaps between words are at least wider than those between letters: else words cannot be told apart."""
_JOIN_WIDTH = 0.88
_EVENER = 0.85
"""Power of a line's width: the letters of writers differ in it already."""
_BREADTH = 1.08
"""Of letters, against those of fonts."""


@dataclass(frozen=True, eq=False)
class Hands:
    """Letters of one writer, before they are set.

    Attributes:
        table: the strokes of each letter; entry i is letter i.
        hand: the writer, ``[n]`` alike.
        pens: int64 ``[n]``.
        notes: what is worth keeping of who writes.
    """

    table: StrokeTable
    hand: Hand
    pens: NDArray[np.int64]
    notes: dict[str, Any]


class PenLine:
    """Draws lines of one style.

    Args:
        chars: what it can write.
        letters: finds the letters of a text without its spaces, and who writes them.
        vary: how much a letter differs from the next one like it, 0 to 1.
    """

    def __init__(self, chars: str, letters: Callable[[str, SampleKey], Hands], vary: float) -> None:
        self._chars, self._letters, self._vary = frozenset(chars), letters, vary

    def draw(
        self,
        text: str,
        *,
        height: int,
        seed: int,
        line: int,
        vertical: bool = False,
        paper: Paper = PLAIN,
        writer: int | None = None,
    ) -> Line:
        """Draw a line; as ``shaped.LineFont.draw``."""
        kept = "".join(char for char in text if char == " " or char in self._chars)
        text = kept if kept == text else " ".join(kept.split())
        if not text:
            return Line("", np.full((height, height), 255, np.uint8), [])
        chance = Draw(generator(seed, "paper", line), "", Limits())
        wrong = slip(text, chance, paper.struck) if chance.chance(paper.corrections) else None
        habits = draw_shaped_habits(seed, line, self._vary, writer)
        key = SampleKey.of(seed, np.array([line if writer is None else writer]), line + 1)
        image, boxes, notes = self._draw(wrong.text if wrong else text, habits, height, key, chance, wrong)
        if chance.chance(paper.neighbors):
            for above in chance.pick(((True,), (False,), (True, False))):
                words = text.split(" ")
                start = chance.between(0, len(words) - 1)
                other, _, _ = self._draw(" ".join(words[start:] + words[:start]), habits, height, key, chance, None)
                image = beside(image, other, chance, above=above)
        if wrong:
            text, boxes = wrong.label, [boxes[number] for number in wrong.positions]
            boxes = [None if char == " " else box for char, box in zip(text, boxes, strict=True)]
            notes["struck"] = wrong.text[wrong.start : wrong.stop]
        if vertical:
            image = np.ascontiguousarray(np.rot90(image, -1))
            boxes = [box and (height - box[3], box[0], height - box[1], box[2]) for box in boxes]
        return Line(text, image, boxes, notes)

    def _draw(
        self, text: str, habits: ShapedHabits, height: int, key: SampleKey, chance: Draw, wrong: Slip | None
    ) -> tuple[NDArray[np.uint8], list[Box | None], dict[str, Any]]:
        chars = text.replace(" ", "")
        key = SampleKey.of(key.seed, key.sample[0], key.position[0] * 1000 + np.arange(len(chars)))
        hands = self._letters(chars, key)
        spaced = np.array([text[at - 1] == " " for at, char in enumerate(text) if char != " "], bool)
        spaced[0] = True
        path = write_words(*_prepared(hands, chars, spaced, habits, key, self._vary))
        # The writer's slant, and half of what a line by anybody leans.
        slant = 0.5 * habits.slant + float(hands.hand["slant"][0])
        habits = replace(habits, slant=slant, width=habits.width**_EVENER)
        points = bend(path.strokes.reshape(-1, 2), habits, X_HEIGHT)
        low, high = stretch(np.array(_REACH), habits, X_HEIGHT)
        flat = Outline(points, np.zeros(0, np.uint8), np.zeros(0, np.int64))
        finest = max(_FINEST, _THIN * height * (1 if habits.room == 1 else _ON_PAGES))
        placed, (height, width), scale = onto_image(flat, habits, height, (float(low), float(high)), small=True)
        line = line_of(hands.hand, hands.pens)
        strokes = placed.points.reshape(-1, POINTS, 2)
        whole, owners, bounds = _outlined(strokes, path, line, scale, finest)
        if wrong:
            first, last = (at - text[:at].count(" ") for at in (wrong.start, wrong.stop))
            ink = strokes[(path.owner >= first) & (path.owner < last)].reshape(-1, 2)
            across = strokes_across(ink, float(line.width[0] * scale), chance)
            whole, _ = joined([whole, across])
            owners = np.concatenate([owners, np.full(len(across), 2 * len(chars))])
        drawn = Drawable(whole, owners, 2 * len(chars) + 1)
        dark = np.clip(line.ink[:1], _PALEST, _DARKEST)
        rough = _ROUGHEST * uniforms_of(keys(hands.hand.key[:1], 14), 1)[:, 0].astype(np.float32)
        grain = np.maximum(line.grain[:1], rough)
        image = inked(drawn.fill((height, width))[None], dark, grain, key.keys("paper")[:1])[0]
        boxes = iter(_boxes(bounds, (height, width)))
        notes = {"slant": round(math.degrees(math.atan(slant)), 1), "neatness": neatness_of(hands.hand), **hands.notes}
        return image, [None if char == " " else next(boxes) for char in text], notes


def neatness_of(hand: Hand) -> float:
    """Return how neat a writer is, 0 to 1: 1 less the mean of habit, looseness and cursiveness, each 0 to 1."""
    return round(1 - sum(float(hand[name][0]) for name in ("habit", "looseness", "cursiveness")) / 3, 3)


def _outlined(
    strokes: Floats, path: Path, line: PenTrace, scale: float, finest: float
) -> tuple[Outline, NDArray[np.int64], Floats]:
    """Return the outlines of strokes, whose each point is, and left, bottom, right and top of each letter, ``[n, 4]``.

    Those of letter i are glyph 2 i, and of its join 2 i + 1.

    Args:
        strokes: ``[s, POINTS, 2]`` in pixels, y up.
        path: whose they are.
        line: of the pen.
        scale: pixels per em.
        finest: pixels that no line is thinner than.
    """
    down = np.stack([strokes[:, :, 0], -strokes[:, :, 1]], axis=2).astype(np.float32)
    before = np.r_[False, path.join[:-1]] | path.join
    after = np.r_[path.join[1:], False] | path.join
    response, angle = line.response[path.owner], line.angle[path.owner]
    wide = widths_along(down / np.float32(scale), response, angle, np.stack([before, after], 1))
    wide *= np.where(path.join, _JOIN_WIDTH, 1.0).astype(np.float32)[:, None]
    wide *= line.width[0] * np.float32(scale)
    made = outlines(down, np.maximum(wide, np.float32(finest))).astype(np.float64)
    made[:, :, 1] *= -1
    glyph = 2 * path.owner + path.join
    order = np.argsort(glyph, kind="stable")
    made, glyph = made[order], glyph[order]
    letters = made[glyph % 2 == 0]
    first = np.flatnonzero(np.diff(glyph[glyph % 2 == 0], prepend=-1))
    bounds = np.concatenate([np.minimum.reduceat(letters.min(1), first), np.maximum.reduceat(letters.max(1), first)], 1)
    count, size = made.shape[:2]
    whole = Outline(made.reshape(-1, 2), np.ones(count * size, np.uint8), np.arange(1, count + 1) * size - 1)
    return whole, np.repeat(glyph, size), bounds


def _prepared(
    hands: Hands, chars: str, spaced: NDArray[np.bool_], habits: ShapedHabits, key: SampleKey, vary: float
) -> tuple[Letters, Manner]:
    """Return the letters as this writer makes them, and how they are set together."""
    hand, table, count = hands.hand, hands.table, len(chars)
    owner = np.repeat(np.arange(count), np.diff(table.first))
    strokes = table.points.astype(np.float64)
    strokes = np.stack([strokes[:, :, 0] - 0.5, BASE - strokes[:, :, 1]], axis=2)
    haste = float(hand["cursiveness"][0])
    always = keys(hand.key, table.codes)
    anew = key.keys("pen") if vary else always
    strokes = _loosened(strokes, owner, always, _HABIT * float(hand["habit"][0]) / 0.27, "habit")
    strokes = _loosened(strokes, owner, anew, vary * (1 + haste) * _ANEW * float(hand["looseness"][0]) / 0.2, "anew")
    strokes = _rounded(strokes, haste)
    strokes[:, :, 0] *= _BREADTH * float(hand["aspect"][0])
    own, luck = uniforms_of(keys(always, 11), 2), uniforms_of(keys(anew, 12), 4)
    share = np.clip(1.6 * haste - 0.1, 0, 1)
    joins = own[:, 0] + 0.3 * (luck[:, 0] - 0.5) < share
    # Joined letters are farther apart: the way between them is part of the writing.
    spread = float(uniforms_of(keys(hand.key[:1], 13), 1)[0, 0])
    gaps = 0.05 + 0.14 * spread + habits.letter_gap + 0.05 * (luck[:, 1] - 0.5)
    gaps = gaps + np.r_[False, joins[:-1]] * 0.05
    word_gaps = 0.06 + 0.1 * spread + 0.26 * habits.word_gap**1.3 * (0.6 + 0.8 * luck[:, 2])
    word_gaps = np.maximum(word_gaps, gaps + _WORD_APART)
    late = haste * 0.12 * luck[:, 3]
    bars = 1 + haste * (0.2 + 0.9 * luck[:, 3])
    letters = Letters(chars, spaced, strokes, owner, X_HEIGHT)
    # A dot is a dot, however wide letters are.
    dots = float(np.clip(1 / (habits.width * _BREADTH * hand["aspect"][0]), 0.5, 1))
    return letters, Manner(joins, gaps, word_gaps, late, bars, dots)


def _loosened(points: Floats, owner: NDArray[np.int64], key: NDArray[np.uint64], amount: float, what: str) -> Floats:
    """Move the points of each letter by a smooth field, so that its strokes stay together.

    Args:
        points: ``[s, k, 2]``.
        owner: int64 ``[s]``.
        key: uint64 ``[n]``, of each letter.
        amount: em.
        what: ``habit`` or ``anew``.
    """
    draw = uniforms_of(keys(key, 21 if what == "habit" else 22), 6 * _WAVES + 6) - 0.5
    wave = draw[:, : 6 * _WAVES].reshape(-1, _WAVES, 6)[owner]
    whole = 2 * draw[:, 6 * _WAVES :][owner] * amount
    phase = np.matmul(points, 9.0 * wave[:, :, :2].transpose(0, 2, 1)) + 2 * math.pi * wave[:, None, :, 2]
    moved = points + 2.4 * amount * np.matmul(np.sin(phase), wave[:, :, 3:5])
    x, y = moved[:, :, 0], moved[:, :, 1]
    # The whole letter: wider, higher, leaning, turned, up or down; in parts of an em that is about two letters wide.
    wide, high, lean, turn, up, _ = (whole[:, number, None] for number in range(6))
    return np.stack([x * (1 + 4 * wide) + 4 * lean * y, y * (1 + 4 * high) + 2 * turn * x + 0.6 * up], axis=2)


def _rounded(strokes: Floats, haste: float) -> Floats:
    """Take corners off strokes as somebody does who writes fast; their ends stay."""
    made = strokes
    for _ in range(round(2.4 * haste)):
        made = made.copy()
        made[:, 1:-1] = 0.25 * made[:, :-2] + 0.5 * made[:, 1:-1] + 0.25 * made[:, 2:]
    return made


def _boxes(bounds: Floats, shape: tuple[int, int]) -> list[Box]:
    """Return the box of each letter from left, bottom, right and top in pixels, y up."""
    height, width = shape
    x0, y0 = np.maximum(np.floor(bounds[:, 0]), 0), np.maximum(np.floor(height - bounds[:, 3]), 0)
    x1 = np.minimum(np.maximum(np.ceil(bounds[:, 2]), x0 + 1), width)
    y1 = np.minimum(np.maximum(np.ceil(height - bounds[:, 1]), y0 + 1), height)
    return [(a, b, c, d) for a, b, c, d in np.stack([x0, y0, x1, y1], axis=1).astype(int).tolist()]
