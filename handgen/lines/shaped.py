"""A line drawn by one font as a whole: shaped, bent a little as people write, and filled once.

Everything that varies is a smooth function of the position in the line, and moves the outlines' points: joined letters
stay joined, strokes keep their edges, and no two letters are equal.
"""

from __future__ import annotations

import functools
import itertools
import math
import unicodedata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.fonts.contours import Contours, Drawable, Outline, joined, split
from handgen.fonts.face import FontRef
from handgen.fonts.shaping import Shaped, Shaper, script_of
from handgen.lines.compose import Box, Line
from handgen.lines.cut import Limits
from handgen.lines.draws import Draw
from handgen.lines.habits import ShapedHabits, bend, draw_shaped_habits, onto_image, stretch
from handgen.lines.joins import is_joinable, join, stroke_width
from handgen.lines.paper import PLAIN, Paper, Slip, beside, slip, strokes_across
from handgen.seeds import generator

Floats = NDArray[np.float64]

_SAMPLES = {
    "Latn": "dhklgpy",
    "Grek": "δθλβγμρ",
    "Cyrl": "бфрудц",
    "Arab": "لكمجع",
    "Hebr": "לקןאש",
    "Deva": "कीटूर्मे",
    "Hani": "国永我",
    "Hira": "あるそ",
    "Kana": "アルソ",
    "Hang": "한글",
    "Thai": "ปี่ญู",
}
"""Texts as high and as low as a script's letters go."""
_PLAIN = "n国لאक한นん"
"""A letter of each script that tells how wide strokes are."""
_WITH_ASCENDERS = frozenset(("Latn", "Grek", "Cyrl", "Zyyy"))
"""Scripts whose lines are as small and as thin as real ones were measured to be."""
_USUAL_HEIGHT = 0.45
"""Of an x, where a font has none, in em."""
_PENS = {True: (0.4, 1.0, 0.8), False: (0.5, 1.15, 1.1)}
"""With ascenders or without: how thin and how broad another pen makes a font's strokes, and in pixels what they are not
thinned below."""
_SMALL = 0.85
_JOINED = 0.012
"""Em of paper between two letters below which a font joins them."""


class LineFont:
    """A font that draws lines.

    Args:
        ref: the font.
        language: a BCP 47 tag that some fonts' features depend on.
        vary: how much lines differ from the font, 0 to 1.

    Raises:
        FontError, UsageError: the font cannot be opened.
    """

    def __init__(self, ref: FontRef, language: str = "", vary: float = 1.0) -> None:
        self.ref, self.vary = ref, vary
        self._shaper, self._contours = Shaper(ref, language), Contours(ref)
        self._spans: dict[str, tuple[float, float]] = {}

    def drawable(self, text: str) -> str:
        """Return ``text`` without what the font has no glyph for, and without the spaces this leaves idle."""
        kept = "".join(char for char in text if char == " " or _silent(char) or self._shaper.has(char))
        if missing := self._shaper.shape(kept).missing:
            kept = "".join(char for char in kept if char not in missing or char == " ")
        return kept if kept == text else " ".join(kept.split())

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
        """Draw a line.

        Args:
            text: in logical order, clean: single spaces, none at the ends.
            height: of the image in pixels; its width where the line is vertical.
            seed: of the run.
            line: the line's number; with the seed it decides how the line is written.
            vertical: a column, whose scripts that do not stand upright are turned clockwise.
            paper: what happens beside the text.
            writer: whose lines are much alike; see ``draw_shaped_habits``.

        Returns:
            The line. Its text is ``text`` less what the font lacks. Characters of one cluster, as a letter and its
            marks or the letters of a ligature, have one box. Without any ink the text is empty and the image blank.
        """
        text = self.drawable(text)
        habits = draw_shaped_habits(seed, line, self.vary, writer)
        chance = Draw(generator(seed, "paper", line), "", Limits())
        wrong = slip(text, chance, paper.struck) if chance.chance(paper.corrections) else None
        made = self._draw(wrong.text if wrong else text, habits, height, vertical, chance, wrong)
        if made is None:
            return Line("", np.full((height, height), 255, np.uint8), [])
        image, boxes = made
        if chance.chance(paper.neighbors):
            image = self._among_others(image, text, habits, vertical, chance)
        notes: dict[str, Any] = {"slant": round(math.degrees(math.atan(habits.slant)), 1)}
        if wrong:
            text, boxes = wrong.label, [boxes[number] for number in wrong.positions]
            boxes = [None if char == " " else box for char, box in zip(text, boxes, strict=True)]
            notes["struck"] = wrong.text[wrong.start : wrong.stop]
        return Line(text, image, boxes, notes)

    def _draw(
        self, text: str, habits: ShapedHabits, height: int, vertical: bool, chance: Draw, wrong: Slip | None
    ) -> tuple[NDArray[np.uint8], list[Box | None]] | None:
        """Return image and boxes of a text; None where it has no ink."""
        shaped = self._shaper.shape(text, vertical=vertical)
        whole, owners = self._outline(shaped, habits, vertical)
        if not len(whole):
            return None
        if wrong:
            whole, owners = self._struck(shaped, whole, owners, chance, wrong)
        tall = not vertical and self._has_small_letters
        points = bend(whole.points, habits, self._x_height if tall else None)
        low, high = self._reach(text, vertical)
        if tall:
            low, high = stretch(np.array([low, high]), habits, self._x_height)
        bent, small = Outline(points, whole.tags, whole.ends), not vertical and {*script_of(text)} <= _WITH_ASCENDERS
        outline, shape, scale = onto_image(bent, habits, height, (low, high), small=small)
        if vertical:  # along the line is down, and up from the base line is right
            points = np.stack([outline.points[:, 1], shape[1] - outline.points[:, 0]], axis=1)
            outline, shape = Outline(points, outline.tags, outline.ends), shape[::-1]
        drawn = Drawable(outline, owners, len(shaped.glyphs))
        if self.vary:
            drawn.embolden(self._added(habits, scale, _PENS[small]))
        return np.invert(drawn.fill(shape)), _boxes(drawn, shaped, shape)

    def _struck(
        self, shaped: Shaped, outline: Outline, owners: NDArray[np.int64], chance: Draw, wrong: Slip
    ) -> tuple[Outline, NDArray[np.int64]]:
        """Cross a word out; the strokes belong to the last of its glyphs that has ink."""
        parts = split(outline, owners, len(shaped.glyphs))
        inside = (shaped.clusters >= wrong.start) & (shaped.clusters < wrong.stop)
        numbers = [number for number in np.flatnonzero(inside).tolist() if len(parts[number])]
        if numbers:
            ink = np.concatenate([parts[number].points for number in numbers])
            parts[numbers[-1]], _ = joined([parts[numbers[-1]], strokes_across(ink, self._stroke, chance)])
        return joined(parts)

    def _among_others(
        self, image: NDArray[np.uint8], text: str, habits: ShapedHabits, vertical: bool, chance: Draw
    ) -> NDArray[np.uint8]:
        """Let the lines above and below, of the same words in another order, reach into a line."""
        image = image.T if vertical else image
        sides = chance.pick(((True,), (False,), (True, False)))
        for above in sides:
            words = text.split(" ")
            start = chance.between(0, len(words) - 1)
            made = self._draw(" ".join(words[start:] + words[:start]), habits, image.shape[0], vertical, chance, None)
            if made is not None:
                image = beside(image, made[0].T if vertical else made[0], chance, above=above)
        return np.ascontiguousarray(image.T if vertical else image)

    def _added(self, habits: ShapedHabits, scale: float, pens: tuple[float, float, float]) -> float:
        """Return by how many pixels strokes are wider with the line's pen than the font has them."""
        own = self._stroke * scale
        thinnest, broadest, finest = pens
        wanted = min(max(habits.pen * self._x_height * scale, thinnest * own), broadest * own)
        return self.vary * (max(wanted, min(own, finest)) - own)

    def _outline(self, shaped: Shaped, habits: ShapedHabits, vertical: bool) -> tuple[Outline, NDArray[np.int64]]:
        """Return all glyphs as one outline, x along the line and y up from it, in em; and the glyph of each point."""
        glyphs = [self._contours.glyph(number) for number in shaped.glyphs.tolist()]
        whole, owners = joined(glyphs)
        points, origins = whole.points, shaped.origins
        if vertical:
            turned = shaped.turned[owners]
            points = np.where(turned[:, None], np.stack([points[:, 1], -points[:, 0]], axis=1), points)
            points, origins = (
                np.stack([-points[:, 1], points[:, 0]], axis=1),
                np.stack([-origins[:, 1], origins[:, 0]], axis=1),
            )
        placed = points + origins[owners]
        if not len(placed):
            return whole, owners
        placed[:, 0] += self._gaps(shaped, placed, owners, habits)[owners]
        outline = Outline(placed, whole.tags, whole.ends)
        if vertical or habits.joins <= 0 or not self._has_small_letters:
            return outline, owners
        return self._joined(shaped, outline, owners, habits)

    def _joined(
        self, shaped: Shaped, outline: Outline, owners: NDArray[np.int64], habits: ShapedHabits
    ) -> tuple[Outline, NDArray[np.int64]]:
        """Add joins between letters that the font sets apart; each belongs to the letter before it."""
        parts = split(outline, owners, len(shaped.glyphs))
        chars = [shaped.text[cluster] for cluster in shaped.clusters.tolist()]
        # A letter is joined wherever this writer joins it: a share of the letters, and the same all along the line.
        phase = habits.waves[0, 0, 2]
        done = list(parts)
        for number, pair in enumerate(itertools.pairwise(chars)):
            first, second = parts[number], parts[number + 1]
            if not all(map(is_joinable, pair)) or not len(first) or not len(second):
                continue
            if (phase + ord(pair[0]) * 0.618) % 1 > habits.joins:
                continue
            if second.points[:, 0].min() - first.points[:, 0].max() <= _JOINED:
                continue
            if stroke := join(first, second, pair, self._x_height, self._stroke):
                done[number], _ = joined([first, stroke])
        return joined(done)

    @functools.cached_property
    def _has_small_letters(self) -> bool:
        """Whether small letters are no small capitals."""
        return self._x_height < _SMALL * self._height("H")

    @functools.cached_property
    def _x_height(self) -> float:
        return self._height("x")

    def _height(self, char: str) -> float:
        outline = self._contours.glyph(int(self._shaper.shape(char).glyphs[0]))
        return float(outline.points[:, 1].max()) if len(outline) and self._shaper.has(char) else _USUAL_HEIGHT

    @functools.cached_property
    def _stroke(self) -> float:
        some = next((char for char in _PLAIN if self._shaper.has(char)), _PLAIN[0])
        return stroke_width(self._contours.glyph(int(self._shaper.shape(some).glyphs[0])))

    def _gaps(self, shaped: Shaped, points: Floats, owners: NDArray[np.int64], habits: ShapedHabits) -> Floats:
        """Return how far each glyph moves along the line, for spaces and letters wider apart than the font has them."""
        count = len(shaped.glyphs)
        spaces = np.array([shaped.text[cluster] == " " for cluster in shaped.clusters.tolist()], bool)
        left, right = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(left, owners, points[:, 0])
        np.maximum.at(right, owners, points[:, 0])
        added = np.where(spaces, shaped.advances * (habits.word_gap - 1), 0.0)
        apart = left - np.maximum.accumulate(np.concatenate([[-np.inf], right[:-1]]))
        free = (apart > _JOINED) & np.isfinite(apart) & (shaped.clusters != np.roll(shaped.clusters, 1))
        before = np.cumsum(added) - added
        moved: Floats = before + np.cumsum(np.where(free, habits.letter_gap, 0.0))
        return moved

    def _reach(self, text: str, vertical: bool) -> tuple[float, float]:
        """Return how low and how high the letters of a text's scripts go, in em from the base line."""
        if vertical:
            return -0.5, 0.5
        found = [self._span(script) for script in {*script_of(text)}]
        return min(low for low, _ in found), max(high for _, high in found)

    def _span(self, script: str) -> tuple[float, float]:
        if script not in self._spans:
            sample = self.drawable(_SAMPLES.get(script, _SAMPLES["Latn"]))
            outline, _ = self._outline(self._shaper.shape(sample), draw_shaped_habits(0, 0, 0.0), False)
            heights = outline.points[:, 1] if len(outline) else np.array([-0.2, 0.7])
            self._spans[script] = float(heights.min()), float(heights.max())
        return self._spans[script]


def _silent(char: str) -> bool:
    """Whether ``char`` tells a shaper what to do and is not drawn: joiners, variation selectors."""
    return unicodedata.category(char) == "Cf" or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _boxes(drawn: Drawable, shaped: Shaped, shape: tuple[int, int]) -> list[Box | None]:
    """Return the box of each character; None where its cluster has no ink."""
    height, width = shape
    boxes: list[Box | None] = [None] * len(shaped.text)
    starts = np.flatnonzero(np.diff(shaped.clusters, prepend=-1))
    ends = np.append(starts[1:], len(shaped.clusters))
    first_glyph = dict(
        zip(shaped.clusters[starts].tolist(), zip(starts.tolist(), ends.tolist(), strict=True), strict=True)
    )
    for start, stop in shaped.spans():
        found = drawn.bounds(*first_glyph[start])
        if found is None:
            continue
        left, bottom, right, top = found
        x0, y0 = max(math.floor(left), 0), max(math.floor(height - top), 0)
        x1, y1 = min(max(math.ceil(right), x0 + 1), width), min(max(math.ceil(height - bottom), y0 + 1), height)
        boxes[start:stop] = [None if char == " " else (x0, y0, x1, y1) for char in shaped.text[start:stop]]
    return boxes
