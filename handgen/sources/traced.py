"""The pen along the centerlines of fonts: every writer has the forms of one of them, and a pen of its own.

Beside it a writer owns forms of letters that fonts hardly have (``strokes.allographs``), unless fonts are named.
Characters that a font lacks, or that cannot be traced in it, are written as the standard strokes have them, or as
another font does.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from handgen.deform.people import upright
from handgen.errors import UsageError
from handgen.fonts.face import FontRef
from handgen.fonts.find import kind_of
from handgen.lines.cut import composable
from handgen.lines.layout import is_wide
from handgen.lines.penned import Hands, PenLine
from handgen.models.base import DrawnStyle
from handgen.seeds import SampleKey, keys, uniforms_of
from handgen.sources.base import Drawing, Opening, Progress, Rows, Source, choose_styles, latents
from handgen.sources.fonts import FontsSource, find_named
from handgen.sources.pen import PenSource, WriterSpec, save_named
from handgen.sources.spec import SourceSpec
from handgen.strokes.ends import ends_of
from handgen.strokes.forms import RUNNING, Forms
from handgen.strokes.hands import ShippedHand, open_hands, shipped_hands
from handgen.strokes.ink import draw_laid, lifted
from handgen.strokes.library import TRACE, parse_order
from handgen.strokes.motion import IDEOGRAPHIC, Hand, write
from handgen.strokes.writer import Population, load_writers

_VERSION = 7
"""Of what is made of forms and writers: a dataset that was begun with another is not gone on with."""
_BLOCK = 256
_MOVED = 0.005
"""Sides: what is moved by less is not seen."""
_OTHERS = 0.15
"""Share of a writer's characters that have the forms of a second font, in lines."""
_NEAT = 0.3
"""Writers of a lower cursiveness have no running forms, and only tidy hands."""


@dataclass(frozen=True, eq=False)
class TracedSource(Source):
    """Characters written along the centerlines of fonts.

    Attributes:
        population: how writers are spread.
        spec: which writers there are.
        forms: of the characters, of each font.
        vary: how much each drawing differs from the next, 0 to 1.

    The others are those of ``Source``.
    """

    options: ClassVar = frozenset({"styles", "vary", "fonts", "data", "writer", "cursiveness", "strokes", "size"})

    population: Population
    spec: WriterSpec
    forms: Forms
    vary: float

    @classmethod
    def open(cls, spec: SourceSpec, chars: str, how: Opening) -> TracedSource:
        """Trace what was not traced before, and find the writers; see ``Source.open``."""
        fonts, shipped = _forms_at_hand(spec, how.suit or chars)
        order = tuple(name for name in parse_order(spec.strokes) if name != TRACE)
        forms = Forms.open(fonts, chars, order, _running(fonts), shipped)
        forms.prepare(_telling(how.progress), how.workers)
        population = Population(cursiveness=spec.range)
        writers = WriterSpec(population, load_writers(spec.writer) if spec.writer else {}, how.seed)
        styles = choose_styles(writers, spec.styles, how.seed)
        return cls(
            spec.source, forms.chars, spec.side(how.size), styles, forms.skipped, _BLOCK, True, population, writers,
            forms, spec.vary,
        )  # fmt: skip

    @classmethod
    def lack(cls, spec: SourceSpec, chars: str) -> str:
        """Return that there is neither a hand that comes with handgen nor a font to be traced."""
        return "" if not (spec.fonts or spec.data) and shipped_hands(chars) else FontsSource.lack(spec, chars)

    @classmethod
    def usual_chars(cls, spec: SourceSpec) -> str:
        """Return what a pen writes."""
        return PenSource.usual_chars(spec)

    @classmethod
    def list_styles(cls, spec: SourceSpec) -> list[dict[str, Any]]:
        """Return the writers of the file that was given; others are called writer1, writer2, ..."""
        return PenSource.list_styles(spec)

    def draw(self, characters: Rows, styles: Rows, key: SampleKey) -> Drawing:
        """Write; see ``Source.draw``."""
        vectors, notes = latents([self.styles[style] for style in styles.tolist()], key)
        z = vectors.numpy().astype(np.float64)
        writer = keys(self.population.persons(z))
        hand = Hand(self.population.numbers(z), writer)
        fast = _hurry(hand)
        picked = self.forms.pick(characters, self._hands(writer, fast), writer, fast, allographs=True)
        for note, running, allograph in zip(notes, picked.running, picked.allograph.tolist(), strict=True):
            if running:
                note["running"] = list(running)
            if allograph:
                note["allograph"] = allograph
        sample = key.keys("pen") if self.vary else keys(writer, picked.table.codes, 5)
        aspect = upright(picked.table.codes, writer)
        written = write(picked.table, np.arange(len(characters)), hand, sample, self.vary, aspect)
        images, laid = draw_laid(written, hand, self.population.pens(z), sample, self.size)
        return Drawing(images, notes, ends_of(written, laid, hand, picked.table.codes, sample))

    def _hands(self, writer: NDArray[np.uint64], fast: NDArray[np.floating], *, lines: bool = False) -> Rows:
        """Return whose forms writers have, rows of ``forms.hands``; ``fast`` is 0 for those that write neatly.

        In lines nobody has a hand whose small letters are capitals, as their labels tell the two apart.
        """
        able = (fast > 0)[:, None] | self.forms.tidy
        if lines:
            able &= ~self.forms.capitals
        return self.forms.choose(writer, np.where(able.any(1, keepdims=True), able, True).astype(np.float64))

    def line_font(self, style: int) -> PenLine | None:
        """Return what writes whole lines; None where some of its characters are written one by one, as Chinese is."""
        if style not in self._pen_lines:
            alone = not all(composable(char) and ord(char) < IDEOGRAPHIC for char in self.chars)
            letters = functools.partial(self._letters, style)
            self._pen_lines[style] = None if alone else PenLine(self.chars, letters, self.vary)
        return self._pen_lines[style]

    @functools.cached_property
    def _pen_lines(self) -> dict[int, PenLine | None]:
        return {}

    @functools.cached_property
    def _rows(self) -> dict[str, int]:
        return {char: row for row, char in enumerate(self.chars)}

    def _letters(self, style: int, text: str, key: SampleKey) -> Hands:
        """Return the letters of a text without spaces, by the writer of a style; see ``PenLine``."""
        z, notes = latents([self.styles[style]], key[:1])
        one, count = z.numpy().astype(np.float64), len(text)
        first = keys(self.population.persons(one))
        writer = first.repeat(count)
        hand = Hand(self.population.numbers(one).repeat(count, 0), writer)
        fast = _hurry(hand)[:1]
        rows = np.array([self._rows[char] for char in text], np.int64)
        font = self._hands(first, fast, lines=True).repeat(count)
        # Nobody writes as one font all through: some letters are those of another.
        other = uniforms_of(keys(writer, np.array([*map(ord, text)]), 7), 1)[:, 0] < _OTHERS
        font = np.where(other, self._hands(keys(first, 8), fast, lines=True), font)
        pens = self.population.pens(one).repeat(count)
        return Hands(self.forms.pick(rows, font, writer).table, hand, pens, notes[0])

    def drops(self, style: int) -> Mapping[str, float]:
        """Return how far the tails of letters are lifted to stay on the canvas; see ``Source.drops``."""
        if self.styles[style].fresh:
            return {}
        rows = np.array([row for row, char in enumerate(self.chars) if not is_wide(char)], np.int64)
        if not len(rows):
            return {}
        z = self.styles[style].vector.numpy().astype(np.float64)[None].repeat(len(rows), 0)
        writer = keys(self.population.persons(z))
        hand = Hand(self.population.numbers(z), writer)
        fast = _hurry(hand)
        picked = self.forms.pick(rows, self._hands(writer, fast), writer, fast, allographs=True)
        written = write(picked.table, np.arange(len(rows)), hand, keys(writer, picked.table.codes, 5), 0.0)
        found = zip(rows.tolist(), lifted(written, hand).tolist(), strict=True)
        return {self.chars[row]: drop for row, drop in found if abs(drop) > _MOVED}

    def identity(self) -> dict[str, Any]:
        """Return the forms, how writers are spread, and who writes."""
        return {
            "model": "traced",
            "traced": _VERSION,
            "size": self.size,
            "forms": self.forms.digest,
            "cursiveness": list(self.population.cursiveness) if self.population.cursiveness else None,
            "writers": {style.name: _rounded(style) for style in self.styles},
            "styles": [style.name for style in self.styles],
            "vary": self.vary,
        }

    def describe(self, style: int) -> dict[str, Any]:
        """Return a writer's parameters, and whose forms it has."""
        if style not in self._described:
            self._described[style] = self._describe(style)
        return dict(self._described[style])

    @functools.cached_property
    def _described(self) -> dict[int, dict[str, Any]]:
        return {}

    def _describe(self, style: int) -> dict[str, Any]:
        drawn = self.styles[style]
        if drawn.fresh:
            return super().describe(style)
        z: NDArray[np.float64] = drawn.vector.numpy().astype(np.float64)[None]
        key = keys(self.population.persons(z))
        (font,) = self._hands(key, _hurry(Hand(self.population.numbers(z), key))).tolist()
        writer = asdict(self.population.writer(drawn.vector.numpy()))
        return super().describe(style) | {"writer": writer, "forms": self.forms.hands[font]}

    def facts(self) -> dict[str, Any]:
        """Return the licenses of stroke data and fonts."""
        return {"stroke_licenses": self.forms.licenses}

    def save_beside(self, folder: Path) -> None:
        """Write the writers that have a name."""
        save_named(folder, self.styles, self.population)

    def walk(self, first: str, second: str, steps: int) -> tuple[Source, str]:
        """Return it with the writers between two, who all have the forms of the first; see ``Source.walk``."""
        a, b = self.spec.pick([first, second])
        shares = [float(share) for share in np.linspace(0, 1, steps)]
        between = [self.spec.between(a, b, share) for share in shares]
        styles = [replace(style, vector=style.vector[: len(a.vector)]) for style in between]
        return replace(self, styles=styles), self.spec.path


def _hurry(hand: Hand) -> NDArray[np.floating]:
    """Return how cursive hands are beyond neat ones, ``[n]``, 0 to 1."""
    return np.asarray(np.clip((hand["cursiveness"] - _NEAT) / (1 - _NEAT), 0, 1))


def _telling(progress: Progress | None) -> Progress | None:
    return progress and (lambda font, done, total: progress(f"tracing {font}", done, total))


def _rounded(style: DrawnStyle) -> list[float]:
    return [round(float(value), 6) for value in style.vector]


def _running(fonts: Sequence[FontRef]) -> list[FontRef]:
    """Return the fonts in running hand: components of other writers take forms from these."""
    return [ref for ref in fonts if kind_of(ref) == RUNNING]


def _forms_at_hand(spec: SourceSpec, chars: str) -> tuple[list[FontRef], list[ShippedHand]]:
    """Return the fonts to trace, and the hands that come with handgen: these only if no font is named.

    A font at hand that is one of these hands need not be traced, unless it may have characters which the hands lack.
    """
    shipped = [] if spec.fonts or spec.data else shipped_hands(chars)
    if not shipped:
        return list(find_named(spec, chars).values()), []
    whole = set(chars) <= set(open_hands(shipped[0][0]).chars)
    known = {hand.name for _, hand in shipped} if whole else set()
    try:
        fonts = list(find_named(spec, chars).values())
    except UsageError:  # there is none, which is no loss
        fonts = []
    return [ref for ref in fonts if ref.style_name not in known], shipped
