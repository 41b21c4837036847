"""Characters: normalization of text, line ends, and how messages show invisible characters."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COMPATIBILITY = "\uf900-\ufaff\U0002f800-\U0002fa1f"
"""Compatibility ideographs. NFC replaces them by characters of another form; Japanese names use 神 (U+FA19)."""
_IDEOGRAPHS = re.compile(f"([{COMPATIBILITY}])")
_LINE_END = re.compile("\r\n|[\n\r\u0085\u2028\u2029]")
_LINE_END_BYTES = re.compile(rb"\r\n|[\n\r]|\xc2\x85|\xe2\x80[\xa8\xa9]")
_UNSEEN = frozenset(("Mn", "Mc", "Me", "Cc", "Cf", "Co", "Cs", "Cn", "Zs", "Zl", "Zp"))


def nfc(text: str) -> str:
    """Return ``text`` in NFC, but keep compatibility ideographs: NFC would change their ink."""
    if unicodedata.is_normalized("NFC", text):
        return text
    return "".join(
        part if number % 2 else unicodedata.normalize("NFC", part)
        for number, part in enumerate(_IDEOGRAPHS.split(text))
    )


def split_lines(text: str) -> list[str]:
    """Return the lines of ``text``, without line ends: LF, CR, CR LF, NEL (U+0085), U+2028 or U+2029.

    A line end at the very end of the text does not start another line.
    """
    lines = _LINE_END.split(text)
    return lines[:-1] if lines and not lines[-1] else lines


def line_ends(data: bytes) -> NDArray[np.int64]:
    """Return the positions after each line end of UTF-8 text, int64; line ends are those of ``split_lines``.

    A CR at the end of ``data`` counts as a line end, although a LF may follow it in the next block.
    """
    found = [match.end() for match in _LINE_END_BYTES.finditer(data)]
    import numpy as np  # the command line reads this module before it knows whether it needs it

    return np.array(found, np.int64)


def is_variation(char: str) -> bool:
    """Return whether a character is a variation selector: it selects a form of the character before it."""
    return 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF


def shown(char: str) -> str:
    """Return a character as a message shows it: itself, or U+XXXX if it is invisible or combines with another."""
    return f"U+{ord(char):04X}" if is_variation(char) or unicodedata.category(char) in _UNSEEN else char


def listed(characters: Iterable[str], most: int = 20) -> str:
    """Return up to ``most`` characters as one text for a message; invisible ones as U+XXXX, between spaces."""
    found = list(characters)
    text = "".join(f" {name} " if len(name := shown(char)) > 1 else char for char in found[:most])
    return " ".join(text.split()) + (" …" if len(found) > most else "")


class Changes:
    """Normalizes texts to NFC, and counts what it changes."""

    def __init__(self) -> None:
        self.count = 0
        self._seen: Counter[tuple[str, str]] = Counter()

    def nfc(self, text: str) -> str:
        """Return ``text`` in NFC, and count it if that is a change."""
        after = nfc(text)
        if after != text:
            self.count += 1
            self._seen[text, after] += 1
        return after

    def described(self, most: int = 3) -> Iterator[str]:
        """Yield the most frequent changes as ``before -> after``, with code points."""
        for (before, after), _ in self._seen.most_common(most):
            yield f"{_points(before)} -> {_points(after)}"


def _points(text: str) -> str:
    return f"{text[:8]} (" + " ".join(f"U+{ord(char):04X}" for char in text[:8]) + (" …)" if len(text) > 8 else ")")
