"""What a text becomes before it is written: clean, and cut where a writer might stop."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Set
from dataclasses import dataclass

from handgen.characters import nfc
from handgen.errors import UsageError

LONGEST = 256
"""Most characters of a line; glyphs are numbered by it."""

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0001\U000e0020-\U000e007f]+"
    # Joiners change what is seen in Arabic and Indic scripts only.
    "|(?<![\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af\ufb50-\ufdff\ufe70-\ufefe])[\u200c\u200d]+"
)
JOINERS = "\u200c\u200d"
"""They keep two letters apart, or join them, and are not drawn."""
_OPENING = "([{<“‘«‹（［｛〈《「『【〔〖￥¥$€£#＃＠"
_CLOSING = ",.;:!?)]}>%‰℃°”’»›、。，．：；！？）］｝〉》」』】〕〗％…—～·ー々،؛؟۔।॥"
_MARKS = "".join(
    chr(code)
    for code in (*range(0x300, 0x3100), *range(0xA66F, 0xAC00), *range(0xFE00, 0xFE30))
    if unicodedata.category(chr(code))[0] == "M"
)
"""Marks that belong to the letter before them."""
_LETTER = "(?:(?![\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff])[^\\W_])"
_WORD = rf"(?:{_LETTER}[{_MARKS}{JOINERS}]*)+"
_ATOM = re.compile(
    rf"[{re.escape(_OPENING)}]*"
    rf"(?:{_WORD}(?:[-.,:/@_+'’״׳\"]{_WORD})*|\S[{_MARKS}{JOINERS}]*)"
    rf"[{re.escape(_CLOSING)}]*",
)
"""What is not taken apart: a word or number, or one character with its marks, and the punctuation that clings to it."""


def atoms_of(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each part of clean ``text`` starts and stops that no line is broken within."""
    for found in _ATOM.finditer(text):
        yield found.span()


@dataclass(frozen=True)
class Limits:
    """How long a line may be, in characters, spaces counted.

    Raises:
        UsageError: they leave nothing, or a line may have more than ``LONGEST`` characters.
    """

    shortest: int = 1
    longest: int = 25

    def __post_init__(self) -> None:
        if not 1 <= self.shortest <= self.longest <= LONGEST:
            raise UsageError(
                f"lines of {self.shortest} to {self.longest} characters are not possible",
                f"Give --min-chars and --max-chars with 1 <= min <= max <= {LONGEST}.",
            )

    def allow(self, text: str) -> bool:
        """Whether ``text`` is of an allowed length and more than punctuation."""
        return self.shortest <= len(text) <= self.longest and wordy(text)


def clean(text: str) -> str:
    """Return ``text`` as a label has it.

    It becomes NFC, but for compatibility ideographs, and never NFKC. Each run of white space, line
    breaks and U+3000 included, becomes one space, for a gap in ink looks the same whatever made it;
    the ends have none. Invisible characters (controls, zero-width, byte-order marks) go, but for
    joiners after letters of Arabic and Indic scripts.
    """
    return " ".join(nfc(_INVISIBLE.sub("", text)).split())


UNCOMPOSED = "of right-to-left or combining scripts, which single glyphs, set from left to right, do not make"
"""The limit that ``composable`` tells of, for messages."""


def composable(char: str) -> bool:
    """Whether a line can be put together of ``char`` as one glyph among others, left to right.

    Combining marks need the letter before them, and right-to-left scripts need joining and
    reordering: neither can be had from single glyphs.
    """
    return unicodedata.category(char)[0] not in "MCZ" and unicodedata.bidirectional(char) not in ("R", "AL")


def writable(char: str) -> bool:
    """Whether a font that draws whole lines can be asked for ``char``: no space, no control, nothing unassigned."""
    return char in JOINERS or unicodedata.category(char)[0] not in "CZ"


def wordy(text: str) -> bool:
    """Whether there is a letter, digit or ideograph in ``text``."""
    return any(char.isalnum() for char in text)


def stretches(text: str, drawn: Set[str]) -> Iterator[str]:
    """Yield the longest parts of clean ``text`` whose characters are in ``drawn`` or a space.

    Punctuation that would open or close nothing, because its neighbor is gone, goes too.
    """
    if text and drawn >= set(text.replace(" ", "")):
        yield text
        return
    start, whole = 0, len(text)
    for position in range(whole + 1):
        if position == whole or (text[position] != " " and text[position] not in drawn):
            part = text[start:position]
            part = part.lstrip(_CLOSING + " ") if start else part
            part = part.rstrip(_OPENING + " ") if position < whole else part
            if part:
                yield part
            start = position + 1


def piece(text: str, near: int, length: int, limits: Limits) -> str:
    """Cut one line out of clean ``text``.

    It starts and ends where no word or number is split, no closing punctuation comes first and
    no opening punctuation last, unless a single word is longer than a line may be.

    Args:
        text: longer than ``limits.shortest``.
        near: about where to start.
        length: about how many characters to take.
        limits: the longest is kept to in any case; where both are equal, a space at the end may cost
            the shortest.
    """
    near = max(0, min(near, len(text) - limits.shortest))
    near -= text[near] == " "
    low = max(0, near - limits.longest)
    atoms = [(low + atom.start(), low + atom.end()) for atom in _ATOM.finditer(text[low : near + 3 * limits.longest])]
    # The window may begin, and end, within a word.
    starts = [start for start, _ in atoms[1 if low else 0 :] if start <= len(text) - limits.shortest]
    start = min(starts, key=lambda position: abs(position - near), default=near)
    stops = [stop for _, stop in atoms if limits.shortest <= stop - start <= limits.longest]
    stop = min(stops, key=lambda position: abs(position - start - length), default=start + limits.longest)
    return text[start:stop].strip()
