"""Lines in place of single glyphs: what ``synth --lines`` adds to a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from handgen.checkpoints.files import usual_characters
from handgen.degrade.pipeline import Pipeline
from handgen.errors import UsageError
from handgen.fonts.charsets import load_charset, unique_chars
from handgen.glyphs.records import Raster
from handgen.lines.cut import LONGEST, Limits
from handgen.lines.drops import drops_of
from handgen.lines.page import save_page
from handgen.lines.sources import Source, find_source
from handgen.lines.synthesis import Drawing, Drawn, LineSynthesis
from handgen.lines.texts import coverage
from handgen.models.styles import vectors
from handgen.synth.gate import MARK
from handgen.synth.samples import Synthesis, style_meta

LOWEST, HIGHEST = 16, 256
_SHOWN = 64


@dataclass(frozen=True)
class LineRequest:
    """What a user asks of ``synth --lines``; see the options of the command.

    Raises:
        UsageError: lines of such a height or length are not possible.
    """

    corpus: str = ""
    height: int = 48
    vertical: bool = False
    min_chars: int = 1
    max_chars: int = 25
    boxes: bool = False
    boost: float = 0.1
    strict: bool = False

    def __post_init__(self) -> None:
        if not LOWEST <= self.height <= HIGHEST:
            raise UsageError(
                f"lines {self.height} pixels high are not possible", f"Give --height {LOWEST} to {HIGHEST}."
            )
        if not 0 <= self.boost <= 1:
            raise UsageError(f"--boost {self.boost:g} is no share of the lines", "Give a number from 0 to 1.")
        self.limits  # noqa: B018 - checks them

    @property
    def limits(self) -> Limits:
        """How long a line may be."""
        return Limits(self.min_chars, self.max_chars)


@dataclass(frozen=True)
class Script:
    """What lines are written of.

    Attributes:
        source: where their texts come from.
        charset: the characters that shall all occur.
        known: those that the model was made for: trained on, or held out to be measured with.
    """

    source: Source
    charset: str
    known: frozenset[str]

    @property
    def chars(self) -> str:
        """The characters to ask of the source font."""
        return unique_chars(self.source.chars + self.charset)


def find_script(request: LineRequest, charset: str | None, facts: Mapping[str, Any]) -> Script:
    """Find the texts and the charset of a run of lines.

    Args:
        request: what is asked for.
        charset: as ``load_charset`` has it; the characters of the model's store by default.
        facts: of the model's checkpoint.

    Raises:
        UsageError: no such corpus, generator or charset; the corpus is empty or not UTF-8.
    """
    chars = load_charset(charset) if charset else usual_characters(facts)
    return Script(find_source(request.corpus), chars, frozenset(facts["charset"] + facts["held_out"]))


@dataclass(frozen=True)
class Lines:
    """A request made ready.

    Attributes:
        request: what was asked for.
        script: where texts come from.
        synthesis: draws the lines.
        left_out: characters of the corpus that cannot be drawn, and how often each occurs.
        unlearnt: characters that can be drawn, but were none of the model's: some models draw them badly.
    """

    request: LineRequest
    script: Script
    synthesis: LineSynthesis
    left_out: Counter[str]
    unlearnt: str

    @classmethod
    def prepare(
        cls, request: LineRequest, script: Script, glyphs: Synthesis, raster: Raster, degrade: Pipeline
    ) -> Lines:
        """Put texts and a model together.

        Args:
            request: what is asked for.
            script: where texts come from.
            glyphs: draws single characters, clean ones.
            raster: of the model's store.
            degrade: what happens to the lines afterwards.

        Raises:
            UsageError: no text is left that can be drawn, or the request is strict and some cannot.
        """
        content, seed = glyphs.content, glyphs.plan.seed
        texts = script.source.texts(
            content.chars,
            limits=request.limits,
            seed=seed,
            boost=request.boost,
            charset=script.charset,
            strict=request.strict,
        )
        effects = degrade.for_lines()
        synthesis = LineSynthesis(
            texts,
            [style.name for style in glyphs.styles],
            _drawing(glyphs),
            seed,
            height=request.height,
            vertical=request.vertical,
            boxes=request.boxes,
            drops=drops_of(content.font, raster, content.chars) if content.font and raster.placement else {},
            glyphs_per_pass=glyphs.block,
            degrade=effects if effects.steps else None,
            about=_about(glyphs),
            keep_rejected=glyphs.gate is not None and glyphs.gate.mode == MARK,
        )
        corpus = script.source.corpus
        left_out = corpus.left_out(frozenset(content.chars)) if corpus else Counter()
        unlearnt = "".join(char for char in content.chars if char not in script.known and not content.book)
        return cls(request, script, synthesis, left_out, unlearnt)

    def identity(self) -> dict[str, Any]:
        """Everything that decides what a line is, beyond, or in place of, what decides it for a glyph."""
        source, made = self.script.source, self.synthesis
        settings = {key: value for key, value in asdict(self.request).items() if key not in ("corpus", "strict")}
        return {
            "lines": True,
            **settings,
            "corpus_sha256": source.corpus.sha256 if source.corpus else None,
            "generators": None if source.corpus else list(source.generators),
            "charset": self.script.charset,
            "drops": {char: round(drop, 6) for char, drop in made.drops.items()},
            "degrade": made.degrade.spec() if made.degrade else {},
        }

    def preview(self, path: Path, count: int, workers: int) -> Counter[str]:
        """Show the first lines on a page, a PNG; return their characters that were drawn without ink, and left out."""
        first = list(self.synthesis.samples(0, min(count, _SHOWN), workers=workers))
        save_page(path, [np.asarray(line.image) for line in first], self.request.vertical)
        return Counter("".join(line.meta.get("blank", "") for line in first))

    def info(self, count: int) -> dict[str, Any]:
        """Return what is worth knowing of the first ``count`` lines: their coverage, and what was left out."""
        covered = coverage((self.synthesis.texts.text(index) for index in range(count)), self.script.charset)
        return {
            "coverage": asdict(covered) | {"charset": len(self.script.charset), "least": dict(covered.least)},
            "left_out": dict(self.left_out.most_common()),
        }


def _drawing(glyphs: Synthesis) -> Drawing:
    place_of = {char: place for place, char in enumerate(glyphs.content.chars)}

    def of_a_line(
        index: NDArray[np.int64],
        characters: NDArray[np.int64],
        styles: NDArray[np.int64],
        *,
        attempt: int | NDArray[np.int64] = 0,
    ) -> tuple[NDArray[np.uint8], Tensor]:
        return glyphs.draw(index, characters, styles, hands=index // LONGEST, attempt=attempt)

    def draw(chars: Sequence[str], styles: NDArray[np.int64], index: NDArray[np.int64]) -> Drawn:
        characters = np.array([place_of[char] for char in chars], np.int64)
        if glyphs.gate is None:
            return of_a_line(index, characters, styles)[0], []
        return glyphs.gate.best(of_a_line, index, characters, styles)

    return draw


def _about(glyphs: Synthesis) -> Callable[[int, int], dict[str, Any]]:
    """Return what tells of the hand of a line: its style, and its latent if no other line has it."""

    def about(line: int, style: int) -> dict[str, Any]:
        chosen = glyphs.styles[style]
        return style_meta(chosen, vectors([chosen], np.array([line]), glyphs.plan.seed)[0])

    return about
