"""The random choices of one text, and what makes texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from handgen.lines.cut import Limits

T = TypeVar("T")


class Draw:
    """The random choices of one text.

    Args:
        rng: where they come from.
        chars: the characters that can be drawn.
        limits: of the text's length.
        known: the same characters as a set, where it is at hand.
    """

    def __init__(
        self, rng: np.random.Generator, chars: str, limits: Limits, known: frozenset[str] | None = None
    ) -> None:
        self._rng, self.chars, self.limits = rng, chars, limits
        self.known = frozenset(chars) if known is None else known

    def between(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return int(self._rng.integers(low, high, endpoint=True))

    def pick(self, options: Sequence[T]) -> T:
        """Return one of ``options``."""
        return options[int(self._rng.integers(len(options)))]

    def chance(self, probability: float) -> bool:
        """Return whether something of this probability happens."""
        return bool(self._rng.random() < probability)

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        return float(self._rng.random())

    def digits(self, count: int) -> str:
        """Return ``count`` digits."""
        return "".join(map(str, self._rng.integers(0, 10, count)))

    def some(self, options: str, count: int) -> str:
        """Return ``count`` characters, each any of ``options``."""
        return "".join(options[index] for index in self._rng.integers(0, len(options), count))

    def seed(self) -> int:
        """Return a seed for another generator."""
        return self.between(0, 2**63 - 1)


@dataclass(frozen=True)
class TextGenerator:
    """Makes texts of one kind.

    Attributes:
        make: returns one text.
        summary: one line for a listing.
        whole: a text says nothing if it is cut, so one that is too long is made again.
    """

    make: Callable[[Draw], str]
    summary: str
    whole: bool = False
