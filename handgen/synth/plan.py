"""Which character and which style each sample has: a function of (seed, i) alone."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.seeds import generator, uniforms


@dataclass(frozen=True)
class Plan:
    """A plan for any number of samples, read at any place without the rest.

    Balanced, it is a sequence of rounds. A round holds every character once, in an order of its
    own, and every style as often as any other (give or take one); as many rounds as there are
    styles hold every pair of character and style once. So every prefix is as even as it can be.

    Attributes:
        characters: how many there are.
        styles: how many there are.
        seed: of the run.
        frequencies: cumulative shares of the characters, ending with 1; draw characters by them
            and styles at random in place of the rounds.
    """

    characters: int
    styles: int
    seed: int
    frequencies: tuple[float, ...] = ()

    def at(self, index: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the character and the style number of each sample numbered in ``index``."""
        if self.frequencies:
            draw = uniforms(self.seed, "content", index, 2)
            return np.searchsorted(self.frequencies, draw[:, 0], side="right"), (draw[:, 1] * self.styles).astype(int)
        rounds, place = np.divmod(index, self.characters)
        character = np.empty_like(index)
        style = np.empty_like(index)
        for number in np.unique(rounds):
            here = rounds == number
            order, first_style = _round(self, int(number)), _first_styles(self, int(number) // self.styles)
            character[here] = order[place[here]]
            style[here] = (first_style[character[here]] + number) % self.styles
        return character, style


@functools.lru_cache(maxsize=8)
def _round(plan: Plan, number: int) -> NDArray[np.int64]:
    """The order of the characters in one round."""
    return generator(plan.seed, "round", number).permutation(plan.characters)


@functools.lru_cache(maxsize=8)
def _first_styles(plan: Plan, cycle: int) -> NDArray[np.int64]:
    """The style in which each character begins a cycle of rounds; it moves on by one a round."""
    order = generator(plan.seed, "styles", cycle).permutation(plan.characters)
    start = int(generator(plan.seed, "first style", cycle).integers(plan.styles))
    return (order + start) % plan.styles
