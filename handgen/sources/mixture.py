"""Several sources as one, each with its share of the samples."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.errors import UsageError
from handgen.lines.penned import PenLine
from handgen.lines.shaped import LineFont
from handgen.seeds import SampleKey, uniforms
from handgen.sources.base import Drawing, GateFacts, Opening, Part, Rows, Source
from handgen.sources.spec import SourceSpec
from handgen.strokes.ends import Ends

LONGEST_CYCLE = 1000
_BLOCK = 256


def whole_shares(shares: Sequence[float]) -> tuple[int, ...]:
    """Return whole numbers in the proportions of ``shares``, as small as can be and at most 1000 together.

    Proportions that need more are rounded; no source that has a share is left without.

    Raises:
        UsageError: a share is negative or no number, or all are 0.
    """
    if any(not math.isfinite(share) or share < 0 for share in shares):
        raise UsageError(f"shares of {', '.join(f'{share:g}' for share in shares)}", "Give numbers from 0.")
    if not any(shares):
        raise UsageError("the shares of all sources sum to 0", "Give one of them a share.")
    exact = [Fraction(str(share)) for share in shares]
    scale = math.lcm(*(share.denominator for share in exact))
    whole = [int(share * scale) for share in exact]
    whole = [share // math.gcd(*whole) for share in whole]
    if sum(whole) <= LONGEST_CYCLE:
        return tuple(whole)
    parts = [LONGEST_CYCLE * share / sum(exact) for share in exact]
    made = [max(int(part), int(part > 0)) for part in parts]
    by_rest = sorted(range(len(parts)), key=lambda number: made[number] - parts[number])
    for number in by_rest[: max(0, LONGEST_CYCLE - sum(made))]:
        made[number] += 1
    while sum(made) > LONGEST_CYCLE:
        several = [number for number, share in enumerate(made) if share > 1]
        made[max(several, key=lambda number: made[number] - parts[number])] -= 1
    return tuple(made)


@dataclass(frozen=True)
class Turns:
    """Which source draws each sample.

    Samples come in cycles of as many as the shares sum to. In each, every source has its share, in an order of the
    cycle's own. So sample i's source, and which of that source's samples it is, follow from (seed, i) without the
    others.

    Attributes:
        shares: of each source, whole numbers.
        seed: of the run.
    """

    shares: tuple[int, ...]
    seed: int

    def at(self, index: Rows) -> tuple[Rows, Rows]:
        """Return the number of each sample's source, and of the sample among those of that source, from 0."""
        if len(self.shares) == 1:
            return np.zeros_like(index), index
        length = sum(self.shares)
        cycle, position = np.divmod(index, length)
        cycles, of = np.unique(cycle, return_inverse=True)
        counter = cycles[:, None] * length + np.arange(length)
        drawn = uniforms(self.seed, "sources", counter.ravel(), 1).reshape(counter.shape)
        slot = np.argsort(np.argsort(drawn, 1), 1)[of, position]
        shares = np.array(self.shares)
        source = np.repeat(np.arange(len(shares)), shares)[slot]
        before = np.cumsum(shares) - shares
        return source, cycle * shares[source] + slot - before[source]


@dataclass(frozen=True, eq=False)
class Mixture(Source):
    """Several sources as one: a sample is one source's.

    Attributes:
        members: the sources.
        styles: all of theirs, under names that tell them apart.

    The others are those of ``Source``.
    """

    members: Sequence[Part]

    @classmethod
    def of(cls, sources: Sequence[Source], shares: Sequence[int], wanted: str) -> Mixture:
        """Put sources together.

        Args:
            sources: of images of one size.
            shares: of each, whole numbers.
            wanted: the characters that were asked for.
        """
        able = set().union(*(source.chars for source in sources))
        chars = "".join(char for char in wanted if char in able)
        number_of = {char: number for number, char in enumerate(chars)}
        parts, first = [], 0
        for source, share in zip(sources, shares, strict=True):
            parts.append(Part(source, share, np.array([number_of[char] for char in source.chars], np.int64), first))
            first += len(source.styles)
        styles = [
            replace(style, name=name)
            for names, source in zip(_names(sources), sources, strict=True)
            for name, style in zip(names, source.styles, strict=True)
        ]
        lacking = "".join(char for char in wanted if char not in able)
        skipped = {"by any source": lacking} if lacking else {}
        name = "+".join(dict.fromkeys(source.name for source in sources))
        parallel = any(source.parallel for source in sources)
        return cls(name, chars, sources[0].size, styles, skipped, _BLOCK, parallel, parts)

    @classmethod
    def open(cls, spec: SourceSpec, chars: str, how: Opening) -> Source:
        """Refuse: no spec names a mixture; ``of`` makes one of sources that are open."""
        raise TypeError("a mixture is made by Mixture.of")

    @classmethod
    def usual_chars(cls, spec: SourceSpec) -> str:
        """Refuse; see ``open``."""
        raise TypeError("a mixture is made by Mixture.of")

    @property
    def parts(self) -> Sequence[Part]:
        """The sources."""
        return self.members

    def draw(self, characters: Rows, styles: Rows, key: SampleKey) -> Drawing:
        """Let each source draw its own, in even blocks; see ``Source.draw``."""
        images = np.empty((len(styles), self.size, self.size), np.uint8)
        notes: list[dict[str, Any]] = [{} for _ in range(len(styles))]
        drawn = Drawing(images, notes, Ends.none(len(styles)))
        of = self.part_of[styles]
        for number in np.unique(of).tolist():
            part, rows = self.parts[number], np.flatnonzero(of == number)
            for some in np.array_split(rows, -(-len(rows) // part.source.block)):
                own = part.source.draw(self._own[number][characters[some]], styles[some] - part.first_style, key[some])
                drawn.put(some, own, np.arange(len(some)))
        return drawn

    @cached_property
    def part_of(self) -> Rows:
        """Int64 ``[styles]``: number of each style's source."""
        return np.repeat(np.arange(len(self.parts)), [len(part.source.styles) for part in self.parts])

    @cached_property
    def _own(self) -> list[Rows]:
        """Of each source int64 ``[chars]``: where a character is among its own; -1 = it cannot draw it."""
        found = []
        for part in self.parts:
            own = np.full(len(self.chars), -1, np.int64)
            own[part.chars] = np.arange(len(part.chars))
            found.append(own)
        return found

    @cached_property
    def coverage(self) -> NDArray[np.bool_] | None:
        """Which style can draw which character."""
        has = np.zeros((len(self.styles), len(self.chars)), bool)
        for part in self.parts:
            own = part.source.coverage
            stop = part.first_style + len(part.source.styles)
            has[part.first_style : stop, part.chars] = True if own is None else own
        return None if has.all() else has

    def identity(self) -> dict[str, Any]:
        """Return those of the sources, and their shares."""
        sources = [{"name": part.source.name, "share": part.share, **part.source.identity()} for part in self.parts]
        return {
            "model": self.name,
            "size": self.size,
            "sources": sources,
            "styles": [style.name for style in self.styles],
        }

    def describe(self, style: int) -> dict[str, Any]:
        """Return what its source tells, and which that is."""
        part, own = self._of(style)
        return {"source": part.source.name, **part.source.describe(own)}

    def facts(self) -> dict[str, Any]:
        """Return the share of each source, and what it tells."""
        total = sum(part.share for part in self.parts)
        return {
            "sources": [
                {
                    "name": part.source.name,
                    "share": round(part.share / total, 6),
                    "styles": len(part.source.styles),
                    "characters": len(part.source.chars),
                    **part.source.facts(),
                }
                for part in self.parts
            ]
        }

    def drops(self, style: int) -> Mapping[str, float]:
        """Return those of its source."""
        part, own = self._of(style)
        return part.source.drops(own)

    def line_font(self, style: int) -> LineFont | PenLine | None:
        """Return that of its source."""
        part, own = self._of(style)
        return part.source.line_font(own)

    def _of(self, style: int) -> tuple[Part, int]:
        part = self.parts[int(self.part_of[style])]
        return part, style - part.first_style

    @property
    def warnings(self) -> tuple[str, ...]:
        """Those of all, and which cannot draw what others can."""
        lines = [f"{part.source.name}: {line}" for part in self.parts for line in part.source.warnings]
        lacking = {part.source.name: len(self.chars) - len(part.source.chars) for part in self.parts}
        return (
            *lines,
            *(f"{name} cannot draw {count:,} of the characters; others do" for name, count in lacking.items() if count),
        )

    def gate_facts(self) -> GateFacts:
        """Return the recognizer of the first source that has one, and what any never learned; floors are each one's."""
        found = [part.source.gate_facts() for part in self.parts]
        with_one = next((facts for facts in found if facts.recognizer), None)
        unlearned = {char for facts in found for char in facts.unlearned}
        return GateFacts(
            with_one.recognizer if with_one else None,
            any(facts.owed for facts in found),
            unlearned="".join(char for char in self.chars if char in unlearned),
        )

    def save_beside(self, folder: Path) -> None:
        """Let each write what it would."""
        for part in self.parts:
            part.source.save_beside(folder)


def _names(sources: Sequence[Source]) -> list[list[str]]:
    """Return names of all styles that are unique: SOURCE/STYLE where two would be called alike."""
    times = Counter(style.name for source in sources for style in source.styles)
    made: list[list[str]] = []
    seen: set[str] = set()
    labels = Counter[str]()
    for source in sources:
        labels[source.name] += 1
        label = source.name if labels[source.name] == 1 else f"{source.name}-{labels[source.name]}"
        names = [style.name if times[style.name] == 1 else f"{label}/{style.name}" for style in source.styles]
        if seen & set(names):
            names = [f"{label}/{style.name}" for style in source.styles]
        seen |= set(names)
        made.append(names)
    return made
