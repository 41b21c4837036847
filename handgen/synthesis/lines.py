"""Lines instead of single glyphs: what ``synth --lines`` adds."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.degrade.pipeline import Pipeline
from handgen.errors import UsageError
from handgen.fonts.charsets import unique_chars
from handgen.formats.base import Sample
from handgen.lines.cut import JOINERS, composable
from handgen.lines.page import save_page
from handgen.lines.paper import Paper
from handgen.lines.sources import Source as TextSource
from handgen.lines.sources import find_source
from handgen.lines.synthesis import DrawGlyphs, DrawLine, LineGlyphs, LineSynthesis
from handgen.lines.texts import Texts, coverage
from handgen.seeds import SampleKey
from handgen.sources.base import Source
from handgen.synthesis.plan import Plan
from handgen.synthesis.request import MARK, LineRequest
from handgen.synthesis.samples import Synthesis, style_meta

_SHOWN = 64


@dataclass(frozen=True)
class Script:
    """What lines are written of.

    Attributes:
        source: where their texts come from.
        charset: the characters that shall all occur.
    """

    source: TextSource
    charset: str

    @property
    def chars(self) -> str:
        """The characters to draw."""
        return unique_chars(self.source.all_chars + self.charset)


def find_script(request: LineRequest, charset: str | None) -> Script:
    """Find the texts of a run of lines.

    Args:
        request: what is asked for.
        charset: the characters that shall all occur; None = those of the texts, so that what suits their script draws.

    Raises:
        UsageError: no such corpus or generator; the corpus is empty or not UTF-8.
    """
    source = find_source(request.corpus)
    return Script(source, source.all_chars if charset is None else charset)


@dataclass(frozen=True, eq=False)
class StyledTexts:
    """Text and style of each line: texts that the line's style can draw.

    Attributes:
        plan: style of each line.
        texts: each of other characters.
        of_style: of each style, the number of its texts.
    """

    plan: Plan
    texts: Sequence[Texts]
    of_style: Sequence[int]

    @classmethod
    def of(cls, script: Script, source: Source, plan: Plan, request: LineRequest) -> StyledTexts:
        """Find out who can write what.

        Raises:
            UsageError: a style has no text that it can draw, or the request is strict and some cannot be drawn.
        """
        has = source.coverage
        chars = [source.chars] * len(source.styles)
        if has is not None:
            chars = ["".join(np.array([*source.chars])[own].tolist()) for own in has]
        whole = [source.line_font(style) is not None for style in range(len(source.styles))]
        # Joiners have no ink: any font can be asked for them.
        sets = [(own + JOINERS, True) if line else (own, False) for own, line in zip(chars, whole, strict=True)]
        different = list(dict.fromkeys(sets))
        texts = [
            script.source.texts(
                own,
                limits=request.limits,
                seed=plan.seed,
                boost=request.boost,
                charset=script.charset,
                strict=request.strict,
                shaped=line,
            )
            for own, line in different
        ]
        number = {each: count for count, each in enumerate(different)}
        return cls(plan, texts, [number[each] for each in sets])

    def style(self, index: int) -> int:
        """Return the style of line ``index``."""
        return int(self.plan.styles_of_lines(np.array([index], np.int64))[0])

    def text(self, index: int) -> str:
        """Return the text of line ``index``."""
        return self.texts_of(index).text(index)

    def texts_of(self, index: int) -> Texts:
        """Return the texts that the style of line, or page, ``index`` can draw."""
        return self.texts[self.of_style[self.style(index)] if len(self.texts) > 1 else 0]


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines made ready.

    Attributes:
        request: what was asked for.
        script: where texts come from.
        synthesis: draws the lines.
        left_out: characters of the corpus that cannot be drawn, and how often each occurs.
    """

    request: LineRequest
    script: Script
    synthesis: LineSynthesis
    left_out: Counter[str]

    @classmethod
    def prepare(cls, request: LineRequest, script: Script, glyphs: Synthesis, degrade: Pipeline) -> Lines:
        """Put texts and what draws together.

        Args:
            request: what is asked for.
            script: where texts come from.
            glyphs: draws single characters, clean ones.
            degrade: what happens to the lines afterwards.

        Raises:
            UsageError: no text is left that can be drawn, or the request is strict and some cannot.
        """
        source, effects = glyphs.source, degrade.for_lines()
        synthesis = LineSynthesis(
            StyledTexts.of(script, source, glyphs.plan, request),
            [style_meta(source, style) for style in range(len(source.styles))],
            _drawing(glyphs),
            glyphs.plan.seed,
            height=request.height,
            vertical=request.vertical,
            boxes=request.boxes,
            drops=_Drops(source),
            whole=_Whole(source, request.paper),
            glyphs_per_pass=glyphs.block,
            degrade=effects if effects.steps else None,
            keep_rejected=glyphs.gate is not None and glyphs.gate.mode == MARK,
        )
        corpus = script.source.corpus
        whole = any(source.line_font(style) for style in range(len(source.styles)))
        if not whole and request.paper != Paper():
            raise UsageError("only lines drawn as a whole have words crossed out, and neighbors", "Add --model fonts.")
        able = frozenset(source.chars + JOINERS if whole else filter(composable, source.chars))
        left_out = corpus.left_out(able) if corpus else Counter()
        return cls(request, script, synthesis, left_out)

    def identity(self) -> dict[str, Any]:
        """Everything that decides what a line is, beyond, or instead of, what decides it for a glyph."""
        source, made = self.script.source, self.synthesis
        settings = {key: value for key, value in asdict(self.request).items() if key not in ("corpus", "strict")}
        return {
            "lines": True,
            **settings,
            "corpus_sha256": source.corpus.sha256 if source.corpus else None,
            "generators": None if source.corpus else list(source.generators),
            "charset": self.script.charset,
            "degrade": made.degrade.spec() if made.degrade else {},
        }

    def preview(self, path: Path, count: int, workers: int) -> list[Sample]:
        """Show the first lines on a page, a PNG; return them."""
        first = list(self.synthesis.samples(0, min(count, _SHOWN), workers=workers))
        save_page(path, [np.asarray(line.image) for line in first], self.request.vertical)
        return first

    @property
    def corpus_texts(self) -> int:
        """About how many texts the corpus has before one comes again; 0 without a corpus."""
        corpus = self.script.source.corpus
        return int(corpus.texts(self.request.max_chars).sum()) if corpus else 0

    def info(self, count: int) -> dict[str, Any]:
        """Return what is worth knowing of the first ``count`` lines: their coverage, and what was left out."""
        covered = coverage((self.synthesis.plan.text(index) for index in range(count)), self.script.charset)
        return {
            "coverage": asdict(covered) | {"charset": len(self.script.charset), "least": dict(covered.least)},
            "left_out": dict(self.left_out.most_common()),
            **({"corpus_texts": self.corpus_texts} if self.corpus_texts else {}),
        }


class _Whole:
    """What draws whole lines of each style, if anything does."""

    def __init__(self, source: Source, paper: Paper) -> None:
        self._source, self._paper = source, paper

    def __call__(self, style: int) -> DrawLine | None:
        font = self._source.line_font(style)
        return functools.partial(font.draw, paper=self._paper) if font else None


class _Drops:
    """How much lower than on its canvas each character belongs, by style; found once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._found: dict[int, dict[str, float]] = {}

    def __call__(self, style: int) -> dict[str, float]:
        if style not in self._found:
            self._found[style] = dict(self._source.drops(style))
        return self._found[style]


def _drawing(glyphs: Synthesis) -> DrawGlyphs:
    number_of = {char: number for number, char in enumerate(glyphs.source.chars)}

    def draw(chars: Sequence[str], styles: NDArray[np.int64], key: SampleKey) -> LineGlyphs:
        characters = np.array([number_of[char] for char in chars], np.int64)
        if glyphs.gate is None:
            drawn = glyphs.source.draw(characters, styles, key)
            return LineGlyphs(drawn.images, drawn.notes, [], drawn.ends)
        drawn, records = glyphs.gate.best(glyphs.draw, characters, styles, key)
        return LineGlyphs(drawn.images, drawn.notes, records, drawn.ends)

    return draw
