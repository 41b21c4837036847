"""Paragraphs, their sentences, and the pieces that lines are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from handgen.fonts.bidi import base_level
from handgen.lines.cut import atoms_of
from handgen.lines.draws import Draw
from handgen.lines.texts import Texts, kind

MARK = "-"
"""The hyphen."""
TEXTS_PER_PAGE = 64
"""Number of texts that only one page uses."""
_ENDS = ".!?。！？…۔।:;"
_SENTENCE = re.compile(r"([.!?…] +)(\w)")
_VOWELS = set("aeiouyàâäáãåæèéêëìíîïòóôöõøœùúûüýÿаеёиоуыэюяαεηιουωάέήίόύώ")
_ONSET = re.compile(
    f"(?:[bcdfgptv][lr]|[cstpw]h|qu|[^\\W\\d_{''.join(sorted(_VOWELS))}])(?=[{''.join(sorted(_VOWELS))}])"
)
_LEAST_BEFORE, _LEAST_AFTER = 2, 3
_LONGEST_SENTENCE = 14


class PageTexts:
    """The texts of one page. Text k of page i depends only on (seed, i, k).

    Args:
        texts: the source of the texts.
        page: number of the page.
    """

    def __init__(self, texts: Texts, page: int) -> None:
        self._texts, self._next = texts, page * TEXTS_PER_PAGE
        self._last = self._next + TEXTS_PER_PAGE - 1

    def short(self) -> str:
        """Return the next text."""
        text = self._texts.text(self._next)
        self._next = min(self._next + 1, self._last)
        return text

    def paragraph(self, least: int, draw: Draw) -> str:
        """Return running text of ``least`` characters or more, as sentences."""
        text = self._texts.running(self._next, least)
        self._next = min(self._next + 1, self._last)
        return as_sentences(text, draw)


def as_sentences(text: str, draw: Draw) -> str:
    """Return a text with a capital at the beginning of each sentence and a full stop at the end.

    A text without any full stop, such as a list of words, is cut into sentences of a few words.
    """
    words = text.split(" ")
    if not any(word.endswith(tuple(_ENDS)) for word in words[:-1]):
        left = draw.between(5, _LONGEST_SENTENCE)
        for row, word in enumerate(words[:-3]):
            left -= 1
            if left <= 0 and kind(word[-1]) == "latin":
                words[row], left = word.rstrip(",") + ".", draw.between(5, _LONGEST_SENTENCE)
    text = _SENTENCE.sub(lambda found: found[1] + _capital(found[2]), " ".join(words))
    text = _capital(text[0]) + text[1:]
    if text[-1] in _ENDS or not text[-1].isalnum():
        return text
    wide = kind(text[-1]) == "wide"
    return text + ("。" if wide else "." if kind(text[-1]) in ("latin", "digit") else "")


def _capital(char: str) -> str:
    """Return the capital of a letter; or the letter, if its capital is not one character."""
    return char.upper() if len(char.upper()) == 1 else char


@dataclass(frozen=True)
class Piece:
    """A piece of text that is not broken at the end of a line.

    Attributes:
        text: a word, or a square character, with the punctuation next to it.
        spaced: whether there is a space before it.
        part: 1 or 2 for the first or second part of a divided word; else 0.
        whole: the whole word, if it is divided.
    """

    text: str
    spaced: bool
    part: int = 0
    whole: str = ""


def pieces_of(text: str) -> list[Piece]:
    """Return the pieces of a text, in order."""
    found, end = [], 0
    for start, stop in atoms_of(text):
        found.append(Piece(text[start:stop], start > end))
        end = stop
    return found


def joined(pieces: Sequence[Piece]) -> str:
    """Return the text of the pieces of a line."""
    return "".join((" " if piece.spaced and row else "") + piece.text for row, piece in enumerate(pieces))


def divided(piece: Piece, room: float) -> tuple[Piece, Piece] | None:
    """Divide a word at the end of a line; return its two parts, or None if it cannot be divided.

    It is divided between syllables, which are guessed from the letters: before the last consonant in front of a vowel,
    or before two consonants that belong together.

    Args:
        piece: the word.
        room: the share of the word that fits, 0 to 1.
    """
    word = piece.text
    letters = word.rstrip(_ENDS + ',»)”"')
    if piece.part or not letters.isalpha() or letters[1:] != letters[1:].lower() or kind(letters[0]) != "latin":
        return None
    if base_level(word):
        return None
    lower = letters.lower()
    onsets = (found.start() for found in _ONSET.finditer(lower))
    cuts = [
        at for at in onsets if _LEAST_BEFORE <= at <= len(lower) - _LEAST_AFTER and not _VOWELS.isdisjoint(lower[:at])
    ]
    fitting = [at for at in cuts if at + 1 <= room * len(word)]
    if not fitting:
        return None
    at = fitting[-1]
    return Piece(word[:at] + MARK, piece.spaced, 1, letters), Piece(word[at:], True, 2, letters)
