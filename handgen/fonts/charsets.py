"""Charsets: by name, from a file, or typed directly.

The national charsets are made with Python's codecs, so they need no tables. The three charsets of the
writing sheets are the beginnings of a list in ``hanzi.txt``, in the order that ``examples/sheets/choose.py`` chose.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path

from handgen.characters import is_variation, nfc
from handgen.errors import UsageError
from handgen.files import is_text_input, regular
from handgen.registry import is_everyday, nearest

_NOT_WRITTEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zs", "Zl", "Zp"})


def _rows(codec: str, leads: range, trails: Iterable[int]) -> str:
    """Decode a block of a double-byte codec, in the order of the codes; unassigned codes are left out."""
    cells = list(trails)
    return "".join(bytes((lead, trail)).decode(codec, errors="ignore") for lead in leads for trail in cells)


_EUC = range(0xA1, 0xFF)


def _big5_level1() -> str:
    text = _rows("big5", range(0xA4, 0xC7), (*range(0x40, 0x7F), *_EUC))
    return "".join(char for char in text if unicodedata.name(char, "").startswith("CJK UNIFIED"))


_CHINESE_MARKS = "、。·—～…‘’“”〔〕〈〉《》「」『』【】！％（），．：；？￥〇"

_WESTERN = "ŒœŸ€£§°«»¿¡“”‘’„‚–—…·"


def _latin() -> str:
    """ASCII, the letters of Latin-1, and what western European languages have beside them."""
    high = "".join(char for char in map(chr, range(0xA1, 0x100)) if char.isalpha() and char != "µ")
    return "".join(map(chr, range(0x21, 0x7F))) + high + _WESTERN


HANZI = Path(__file__).with_name("hanzi.txt")


def _hanzi(count: int) -> str:
    return "".join(HANZI.read_text(encoding="utf-8").split())[:count]


_BUILDERS: dict[str, tuple[str, Callable[[], str]]] = {
    "gb2312-1": (
        "3,755 everyday simplified Chinese characters (level 1)",
        lambda: _rows("gb2312", range(0xB0, 0xD8), _EUC),
    ),
    "gb2312": (
        "6,763 simplified Chinese characters (levels 1 and 2)",
        lambda: _rows("gb2312", range(0xB0, 0xF8), _EUC),
    ),
    "jis-1": ("2,965 Japanese kanji (JIS X 0208 level 1)", lambda: _rows("euc_jp", range(0xB0, 0xD0), _EUC)),
    "big5-1": ("5,401 traditional Chinese characters (level 1)", _big5_level1),
    "hanzi100": ("100 Chinese characters that cover common components and structures", lambda: _hanzi(100)),
    "hanzi300": ("300 of them", lambda: _hanzi(300)),
    "hanzi775": ("775 of them", lambda: _hanzi(775)),
    "latin62": ("0-9 A-Z a-z", lambda: string.digits + string.ascii_uppercase + string.ascii_lowercase),
    "digits": ("0-9", lambda: string.digits),
    "latin": ("179 characters: ASCII, letters and punctuation of western European languages", _latin),
    "zh-marks": ("33 punctuation marks of Chinese, full width, and 〇", lambda: _CHINESE_MARKS),
    "ascii": ("94 printable ASCII characters, no space", lambda: "".join(map(chr, range(0x21, 0x7F)))),
}

_NEAR = 0.7
"""A text at least this similar to a charset's name (a ratio of ``difflib``) counts as a misspelled name."""

CHARSETS: dict[str, str] = {name: summary for name, (summary, _) in _BUILDERS.items()}
"""Name -> one line for help texts."""


def load_charset(spec: str) -> str:
    """Return the characters that ``spec`` stands for, each once, in order, in NFC.

    Args:
        spec: one or more names of ``CHARSETS``, separated by commas; a UTF-8 text file (white space, control
            characters and a byte-order mark are ignored); the characters themselves; or code points such as
            ``U+4E00`` and ``U+4E00-U+4E1F``.

    Raises:
        UsageError: ``spec`` is empty, a misspelled name, an invalid code point, or a file that is missing or not UTF-8.
    """
    name = spec.strip().casefold()
    if name in _BUILDERS:
        return _BUILDERS[name][1]()
    if named := _named_sets(name):
        return unique_chars("".join(_BUILDERS[each][1]() for each in named))
    if coded := _coded(spec):
        return coded
    path = Path(spec)
    if len(spec) < 1024 and is_text_input(path):
        text = _read(path)
        chars = _coded(text) or unique_chars(text)
        if not chars:
            raise UsageError(f"the charset file {spec} holds no characters", "Write the characters into it, as UTF-8.")
        return chars
    if re.search(r"\w[/\\]\w|\w\.\w{2,4}$|^\.{0,2}/\w", spec):
        raise UsageError(f"no charset file {spec}", "Check the path.")
    if _looks_like_name(name):
        known = nearest(name, CHARSETS)
        raise UsageError(f"unknown charset '{spec}'", f"{known} To use these very characters, put them in a file.")
    chars = unique_chars(spec)
    if not chars:
        raise UsageError("the charset is empty", f"Name one of {', '.join(CHARSETS)}, a file, or type the characters.")
    return chars


def _named_sets(name: str) -> list[str]:
    """Return the names in a comma-separated list of charsets; [] if none of its words is a charset.

    Raises:
        UsageError: some words are charsets, and others are not.
    """
    words = [word.strip() for word in name.split(",")]
    if len(words) < 2 or not any(word in _BUILDERS for word in words):
        return []
    if wrong := next((word for word in words if word not in _BUILDERS), None):
        raise UsageError(f"unknown charset '{wrong}'", nearest(wrong, CHARSETS))
    return words


_POINT = r"[Uu]\+([0-9A-Fa-f]{4,6})"
_POINTS = re.compile(rf"{_POINT}(?:\s*-\s*{_POINT})?")


def _coded(spec: str) -> str:
    """Return the characters of a list of code points and ranges; "" if ``spec`` is no such list.

    Raises:
        UsageError: a code point is no character that can be written.
    """
    words = [word for word in re.split(r"[\s,;]+", re.sub(r"\s*-\s*", "-", spec.strip())) if word]
    found = [_POINTS.fullmatch(word) for word in words]
    chars = ""
    for word, match in zip(words, found, strict=True):
        if match is None:
            return ""
        first, last = int(match[1], 16), int(match[2] or match[1], 16)
        some = unique_chars("".join(map(chr, range(first, last + 1)))) if last <= sys.maxunicode else ""
        if not some:
            raise UsageError(f"'{word}' is no character that can be written", "Give code points as in U+4E00-U+4E1F.")
        chars += some
    return unique_chars(chars)


def unique_chars(text: str) -> str:
    """Return the characters of ``text`` in NFC, each once, without spaces, controls and variation marks."""
    composed = dict.fromkeys(nfc(text))
    inked = (c for c in composed if not c.isspace() and not is_variation(c))
    return "".join(c for c in inked if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def _read(path: Path) -> str:
    data = regular(path).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        raise UsageError(
            f"the charset file {path} is not UTF-8 (line {line}, byte {column})", "Save it as UTF-8."
        ) from None


def _looks_like_name(name: str) -> bool:
    """Return whether a text is rather a misspelled name, or an everyday word for a charset, than typed characters."""
    return any(is_everyday(name, each) for each in CHARSETS) or bool(get_close_matches(name, CHARSETS, 1, _NEAR))


def is_written(char: str) -> bool:
    """Return whether ``char`` is one character that can be written: no space, control, variation mark or unassigned."""
    return len(char) == 1 and unicodedata.category(char) not in _NOT_WRITTEN and not is_variation(char)
