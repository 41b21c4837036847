"""Where a line's text comes from, and how it is seen to that every character is written."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from handgen.errors import UsageError
from handgen.lines.cut import Limits
from handgen.lines.shuffle import shuffled
from handgen.seeds import uniforms

_LEAST = 10


class Texts(Protocol):
    """Any number of texts: ``CorpusTexts``, ``GeneratedTexts``, or either one ``Boosted``."""

    limits: Limits

    def text(self, index: int) -> str:
        """Return text number ``index``: clean, within the limits, of characters that can be drawn."""
        ...

    def running(self, index: int, least: int) -> str:
        """Return running text of ``least`` characters or more, where there is that much; its limits do not matter."""
        ...


class Boosted:
    """Texts into which rare characters are put, so that the whole charset is written.

    A share of the texts gets one character each, instead of one of its kind where there is one.
    They go through the charset in random order again and again: every run of
    ``ceil(len(charset) / share)`` texts from the start has each character at least once.

    Args:
        texts: to put them into.
        charset: the characters, each of which can be drawn.
        share: of the texts, 0 to 1.
        seed: of the run.

    Raises:
        UsageError: the share is out of range, or the charset is empty.
    """

    def __init__(self, texts: Texts, charset: str, share: float, seed: int) -> None:
        if not 0 <= share <= 1 or not charset:
            raise UsageError(f"a share of {share:g} of texts cannot be boosted", "Give --boost a number from 0 to 1.")
        self.texts, self.charset, self.share, self.seed = texts, charset, share, seed
        self.limits = texts.limits

    def text(self, index: int) -> str:
        """Return text number ``index``; it has a character more than the source's where nothing could give way."""
        text, number = self.texts.text(index), int(index * self.share)
        if int((index + 1) * self.share) == number:
            return text
        turn, position = divmod(number, len(self.charset))
        char = self.charset[shuffled(position, len(self.charset), self.seed, "boost", turn)]
        return self._put(char, text, float(uniforms(self.seed, "boost", np.array([index]), 1)[0, 0]))

    def running(self, index: int, least: int) -> str:
        """Return running text as it is."""
        return self.texts.running(index, least)

    def _put(self, char: str, text: str, draw: float) -> str:
        if char in text:
            return text
        positions = [position for position, other in enumerate(text) if kind(other) == kind(char)]
        if not positions and len(text) < self.limits.longest:
            return text + char
        positions = positions or [position for position, other in enumerate(text) if other != " "]
        position = positions[int(draw * len(positions))]
        return text[:position] + char + text[position + 1 :]


def kind(char: str) -> str:
    """Return what ``char`` is to a reader: ``digit``, ``latin``, ``wide`` (a square character) or another name."""
    if char.isdigit() and char.isascii():
        return "digit"
    if not char.isalnum():
        return "space" if char == " " else "mark"
    return "wide" if unicodedata.east_asian_width(char) in "WF" else "latin"


@dataclass(frozen=True)
class Coverage:
    """How well some texts cover a charset.

    Attributes:
        texts: how many there are.
        characters: of all of them, spaces left out.
        distinct: how many characters of the charset occur.
        missing: the others.
        least: the characters that occur least, and how often, rarest first.
    """

    texts: int
    characters: int
    distinct: int
    missing: str
    least: tuple[tuple[str, int], ...]


def coverage(texts: Iterable[str], charset: str) -> Coverage:
    """Count which characters of ``charset`` occur in ``texts``."""
    counts: Counter[str] = Counter()
    lines = 0
    for text in texts:
        counts.update(text)
        lines += 1
    del counts[" "]
    seen = sorted((char for char in set(charset) if counts[char]), key=lambda char: (counts[char], char))
    return Coverage(
        texts=lines,
        characters=counts.total(),
        distinct=len(seen),
        missing="".join(char for char in charset if not counts[char]),
        least=tuple((char, counts[char]) for char in seen[:_LEAST]),
    )
