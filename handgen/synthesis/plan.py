"""Which character and which style each sample has: a function of (seed, i) alone."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from handgen.seeds import derive, generator, uniforms
from handgen.sources.base import Part
from handgen.sources.mixture import Turns

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Rounds:
    """Characters and styles of any number of samples of one source, read anywhere without the rest.

    Balanced, they are a sequence of rounds. A round holds every character once, in an order of its
    own, and every style as often as any other (give or take one); as many rounds as there are
    styles hold every pair of character and style once. So every prefix is as even as it can be.

    Attributes:
        characters: how many there are.
        styles: how many there are.
        seed: of the source.
        frequencies: cumulative shares of the characters, ending with 1; draw characters by them
            and styles at random instead of the rounds.
    """

    characters: int
    styles: int
    seed: int
    frequencies: tuple[float, ...] = ()

    def at(self, index: Rows) -> tuple[Rows, Rows]:
        """Return the character and the style number of each sample numbered in ``index``."""
        if self.frequencies:
            draw = uniforms(self.seed, "content", index, 2)
            return np.searchsorted(self.frequencies, draw[:, 0], side="right"), (draw[:, 1] * self.styles).astype(int)
        rounds, position = np.divmod(index, self.characters)
        character = np.empty_like(index)
        style = np.empty_like(index)
        for number in np.unique(rounds).tolist():
            here = rounds == number
            character[here] = _order(self, number)[position[here]]
            style[here] = _styles(self, number)[character[here]]
        return character, style


@functools.lru_cache(maxsize=64)
def _order(rounds: Rounds, number: int) -> Rows:
    """The order of the characters in one round."""
    return generator(rounds.seed, "round", number).permutation(rounds.characters)


@functools.lru_cache(maxsize=64)
def _styles(rounds: Rounds, number: int) -> Rows:
    """The style of each character in one round."""
    cycle, number = divmod(number, rounds.styles)
    slot, group, moves, names = _square(rounds, cycle)
    styles: Rows = names[(slot + moves[group, number]) % rounds.styles]
    return styles


@functools.lru_cache(maxsize=16)
def _square(rounds: Rounds, cycle: int) -> tuple[Rows, Rows, Rows, Rows]:
    """What decides the styles of a cycle of rounds: a Latin square of its own for every so many characters.

    Characters are put into groups of as many as there are styles. A group moves on by another number of styles each
    round, so that no two groups go together. The last group may be smaller: it moves on by its own size, so that
    styles stay even from round to round.

    Returns:
        Int64 ``[characters]``: the slot of each character in its group, and the group; ``[groups, styles]``: by how
        much a group has moved in each round; and ``[styles]``: which style stands where.
    """
    count, styles = rounds.characters, rounds.styles
    rng = generator(rounds.seed, "styles", cycle)
    order = rng.permutation(count)
    whole, rest = divmod(count, styles)
    moves = rng.permuted(np.tile(np.arange(styles), (whole, 1)), axis=1)
    if rest:
        step = np.arange(styles)
        own = step * rest + step // (styles // math.gcd(rest, styles))
        moves = np.concatenate([moves, (own % styles)[None]])
    group, slot = np.empty(count, np.int64), np.empty(count, np.int64)
    group[order], slot[order] = np.divmod(np.arange(count), styles)
    return slot, group, moves, rng.permutation(styles)


@dataclass(frozen=True, eq=False)
class Plan:
    """Characters and styles of any number of samples of some sources with shares.

    Attributes:
        parts: the sources.
        seed: of the run.
        frequencies: of all characters; draw by them instead of every one equally often; none = balanced.
    """

    parts: Sequence[Part]
    seed: int
    frequencies: Sequence[int] = ()

    def at(self, index: Rows) -> tuple[Rows, Rows]:
        """Return the character and the style number of each sample numbered in ``index``."""
        source, number = self._turns.at(index)
        characters, styles = np.empty_like(index), np.empty_like(index)
        for each in np.unique(source).tolist():
            rows, part = np.flatnonzero(source == each), self.parts[each]
            character, style = self._rounds[each].at(number[rows])
            if (able := _able(part)) is not None:
                style = able[style, character]
            characters[rows], styles[rows] = part.chars[character], part.first_style + style
        return characters, styles

    def styles_of_lines(self, index: Rows) -> Rows:
        """Return the style that each line is in: the styles of a source take turns."""
        source, number = self._turns.at(index)
        styles = np.empty_like(index)
        for each in np.unique(source).tolist():
            rows, part, rounds = source == each, self.parts[each], self._rounds[each]
            first = derive(rounds.seed, "first style") % rounds.styles
            styles[rows] = part.first_style + (first + number[rows]) % rounds.styles
        return styles

    def reseeded(self, seed: int) -> Plan:
        """Return the plan of a run with another seed."""
        return replace(self, seed=seed)

    @functools.cached_property
    def _turns(self) -> Turns:
        return Turns(tuple(part.share for part in self.parts), self.seed)

    @functools.cached_property
    def _rounds(self) -> list[Rounds]:
        made = []
        for number, part in enumerate(self.parts):
            shares: tuple[float, ...] = ()
            if self.frequencies:
                own = np.asarray(self.frequencies)[part.chars]
                shares = tuple(np.cumsum(own) / own.sum())
            seed = derive(self.seed, "source", number) if len(self.parts) > 1 else self.seed
            made.append(Rounds(len(part.source.chars), len(part.source.styles), seed, shares))
        return made


def _able(part: Part) -> NDArray[np.int64] | None:
    """Return who draws a character instead of a style that cannot: the next that can; int64 ``[styles, chars]``."""
    return None if part.source.coverage is None else _next_able(part.source)


@functools.lru_cache(maxsize=64)
def _next_able(source: object) -> NDArray[np.int64]:
    has: NDArray[np.bool_] = source.coverage  # type: ignore[attr-defined]
    styles = len(has)
    made = np.where(has, np.arange(styles)[:, None], -1)
    # Twice around from the end: each takes over what the one after it says.
    for style in [*range(styles - 1, -1, -1)] * 2:
        after = made[(style + 1) % styles]
        made[style] = np.where(made[style] < 0, after, made[style])
    return made
