"""What a character is: how text is normalized, cut into lines, and named where it cannot be seen."""

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
"""Ideographs that NFC replaces by others, of another form: 神 (U+FA19) and 渚 (U+FA46) are names in Japan."""
_IDEOGRAPHS = re.compile(f"([{COMPATIBILITY}])")
_LINE_END = re.compile("\r\n|[\n\r\u0085\u2028\u2029]")
_LINE_END_BYTES = re.compile(rb"\r\n|[\n\r]|\xc2\x85|\xe2\x80[\xa8\xa9]")
_UNSEEN = frozenset(("Mn", "Mc", "Me", "Cc", "Cf", "Co", "Cs", "Cn", "Zs", "Zl", "Zp"))


def nfc(text: str) -> str:
    """Return ``text`` in NFC, but leave compatibility ideographs as they are: NFC changes their ink."""
    if unicodedata.is_normalized("NFC", text):
        return text
    return "".join(
        part if number % 2 else unicodedata.normalize("NFC", part)
        for number, part in enumerate(_IDEOGRAPHS.split(text))
    )


def split_lines(text: str) -> list[str]:
    """Return the lines of ``text``: they end with LF, CR, CR LF, NEL (U+0085), U+2028 or U+2029; none at the end."""
    lines = _LINE_END.split(text)
    return lines[:-1] if lines and not lines[-1] else lines


def line_ends(data: bytes) -> NDArray[np.int64]:
    """Return where lines of UTF-8 end: the positions one past each line end, as ``split_lines`` has them.

    A CR at the very end counts, though a LF may follow it elsewhere.
    """
    found = [match.end() for match in _LINE_END_BYTES.finditer(data)]
    import numpy as np  # the command line reads this module before it knows whether it needs it

    return np.array(found, np.int64)


def is_variation(char: str) -> bool:
    """Whether a character selects a form of the one before it, and has no ink of its own."""
    return 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF


def shown(char: str) -> str:
    """Return a character as it can be read in a message: itself, or U+XXXX where nothing would be seen of it."""
    return f"U+{ord(char):04X}" if is_variation(char) or unicodedata.category(char) in _UNSEEN else char


def listed(characters: Iterable[str], most: int = 20) -> str:
    """Return characters in a row for a message; those that cannot be seen stand as U+XXXX, between spaces."""
    found = list(characters)
    text = "".join(f" {name} " if len(name := shown(char)) > 1 else char for char in found[:most])
    return " ".join(text.split()) + (" …" if len(found) > most else "")


class Changes:
    """What NFC changes in texts: counted, with the first few kept to be shown."""

    def __init__(self) -> None:
        self.count = 0
        self._seen: Counter[tuple[str, str]] = Counter()

    def nfc(self, text: str) -> str:
        """Return ``text`` in NFC and take down the change, if it is one."""
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
