"""Running text of a language: words as often as people use them (wordfreq), with capitals and punctuation."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.errors import UsageError
from handgen.extras import load_extra
from handgen.lines.draws import Draw, TextGenerator
from handgen.registry import nearest

_MOST = 60_000
"""Words of a language that are used; the next ones are rarer than one in a million."""
_LETTERS = 250
"""Single letters that are rarer than this, in hundredths of a bel, are no words."""
_UNSPACED = frozenset(("zh", "ja"))
_ELIDED = {
    "fr": frozenset(("l", "d", "j", "n", "s", "c", "m", "t", "qu")),
    "it": frozenset(("l", "d", "c", "un", "dell", "all", "nell", "dall", "sull", "quest")),
    "ca": frozenset(("l", "d", "s", "n", "m", "t")),
}
"""Words that lean on the next one, if that begins with a vowel."""
_VOWELS = frozenset("aeiouyhàâäéèêëîïôöùûüœæ")
_ENDS = {
    "zh": "。。。！？",
    "ja": "。。。！？",
    "hi": "।।।!?",
    "bn": "।।।!?",
    "ar": "...!؟",
    "fa": "...!؟",
    "ur": "۔۔۔!؟",
}
_COMMAS = {"zh": "，", "ja": "、", "ar": "،", "fa": "،", "ur": "،"}
_COMMA, _NUMBER, _START = 0.09, 0.03, 0.4
"""Shares: of words before a comma, of numbers among words, of texts that begin with a sentence."""


@dataclass(frozen=True, eq=False)
class Words:
    """The words of a language.

    Attributes:
        words: most frequent first.
        chances: float64 ``[n]``, ascending to 1: the share of each and those before it.
    """

    words: tuple[str, ...]
    chances: NDArray[np.float64]

    @property
    def chars(self) -> str:
        """All their characters."""
        return "".join(sorted(set().union(*self.words)))


def languages() -> list[str]:
    """Return the languages that there are words of, as two or three letters.

    Raises:
        HandgenError: wordfreq is not installed.
    """
    return sorted(load_extra("wordfreq", "texts").available_languages("best"))


def check_language(language: str) -> str:
    """Return ``language``.

    Raises:
        UsageError: there are no words of it.
        HandgenError: wordfreq is not installed.
    """
    known = languages()
    if language not in known:
        raise UsageError(f"there are no words of a language '{language}'", nearest(language, known))
    return language


@functools.lru_cache(maxsize=8)
def words_of(language: str) -> Words:
    """Return the words of a language; see ``check_language`` for what can go wrong."""
    wordfreq: Any = load_extra("wordfreq", "texts")
    found: dict[str, float] = {}
    # Buckets of equal frequency, each a hundredth of a bel rarer than the one before.
    for centibels, bucket in enumerate(wordfreq.get_frequency_list(check_language(language), "best")):
        for word in bucket:
            text = unicodedata.normalize("NFC", word)
            # Rare single letters are initials, names of letters, and noise.
            if _wordy(text) and (len(text) > 1 or text.lower() == text.upper() or centibels < _LETTERS):
                found.setdefault(text, 10 ** (-centibels / 100))
        if len(found) >= _MOST:
            break
    return _of(found)


@functools.lru_cache(maxsize=32)
def drawable_words(language: str, chars: str) -> Words | None:
    """Return the words of a language that can be drawn; None if there are none."""
    every, known = words_of(language), frozenset(chars)
    shares = np.diff(every.chances, prepend=0.0)
    left = {word: share for word, share in zip(every.words, shares.tolist(), strict=True) if known.issuperset(word)}
    return _of(left) if left else None


def _of(found: dict[str, float]) -> Words:
    shares = np.cumsum(np.array(list(found.values())))
    return Words(tuple(found), shares / shares[-1])


def _wordy(word: str) -> bool:
    """Whether a word is written with letters, marks, and apostrophes or hyphens between them."""
    if word.isalpha():
        return True
    ends = (word[0], word[-1])
    return all(unicodedata.category(char)[0] in "LM" or char in "'’-״׳\"" for char in word) and all(
        unicodedata.category(char)[0] in "LM" for char in ends
    )


def words(language: str) -> TextGenerator:
    """Return what makes running text of a language.

    Raises:
        UsageError: there are no words of it.
        HandgenError: wordfreq is not installed.
    """
    check_language(language)

    def make(draw: Draw) -> str:
        known = drawable_words(language, draw.chars)
        return _text(draw, known, language) if known else ""

    return TextGenerator(make, f"words of {language} as often as they are used")


def _text(draw: Draw, known: Words, language: str) -> str:
    """Return a piece of running text of about any allowed length."""
    drawn = draw.known
    target = draw.between(draw.limits.shortest, draw.limits.longest)
    gap = "" if language in _UNSPACED else " "
    text, start, left = "", draw.chance(_START), draw.between(4, 14)
    while True:
        word = _word(draw, known, language, drawn)
        word = word[:1].upper() + word[1:] if start and word[:1].islower() and {word[:1].upper()} <= drawn else word
        longer = text + (gap if text and not text.endswith(("'", "’")) else "") + word
        start, left = False, left - 1
        if text and len(longer) > target:
            return text
        if left <= 0:
            end, start, left = draw.pick(_ENDS.get(language, "....!?")), True, draw.between(4, 14)
            longer += end if end in drawn else ""
        elif draw.chance(_COMMA) and not longer.endswith("'"):
            comma = _COMMAS.get(language, ",")
            longer += comma if comma in drawn else ""
        text = longer


def _word(draw: Draw, known: Words, language: str, drawn: frozenset[str]) -> str:
    if draw.chance(_NUMBER):
        number = draw.digits(draw.between(1, 4)).lstrip("0")
        if number and drawn.issuperset(number):
            return number
    word = _drawn_word(draw, known)
    if word not in _ELIDED.get(language, ()):
        return word
    for _ in range(64):
        following = _drawn_word(draw, known)
        if len(following) > 2 and following[0] in _VOWELS and following not in _ELIDED[language] and "'" in drawn:
            return f"{word}'{following}"
    return word


def _drawn_word(draw: Draw, known: Words) -> str:
    return known.words[int(np.searchsorted(known.chances, draw.fraction(), side="right"))]
