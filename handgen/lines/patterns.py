"""Texts of a regular expression, as ``re:[A-Z]{2}-\\d{6}``: what serial numbers, codes and forms look like."""

from __future__ import annotations

import random
import re
from typing import Any

from handgen.errors import UsageError
from handgen.lines.cut import LONGEST, clean
from handgen.lines.draws import Draw, TextGenerator

PREFIX = "re:"
_MOST = 4096
_TRIED = 16
_REMEDY = "Bound what repeats, as in re:[A-Z]{2}-\\d{4,8}."


def pattern(text: str) -> TextGenerator:
    """Return what makes texts that match a regular expression of Python as a whole.

    Raises:
        UsageError: it is no regular expression, matches texts without end, matches none that a line has room for, or
            needs something that no text can be made from, such as a look-ahead.
    """
    shortest, longest = _widths(text)
    if longest > _MOST:
        raise UsageError(f"{PREFIX}{text} makes texts of any length", _REMEDY)
    if not longest or shortest > LONGEST:
        size = "empty texts" if not longest else f"texts of at least {shortest:,} characters"
        raise UsageError(f"{PREFIX}{text} makes {size}", f"A line has 1 to {LONGEST} characters.")
    for seed in range(_TRIED):
        if not re.fullmatch(text, made := _make(text, seed)):
            raise UsageError(
                f"{PREFIX}{text} cannot be turned into texts ('{made}' does not match)", "Leave out what looks around."
            )

    def make(draw: Draw) -> str:
        return clean(_make(text, draw.seed()))

    return TextGenerator(make, f"texts that match {text}", whole=True)


def _make(text: str, seed: int) -> str:
    from rstr import Rstr

    return str(Rstr(random.Random(seed)).xeger(text))


def _widths(text: str) -> tuple[int, int]:
    """Return the least and the most characters of what matches."""
    try:
        re.compile(text)
        found: tuple[int, int] = _parser().parse(text).getwidth()
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(
            f"{PREFIX}{text} is no regular expression ({error})", "See Python's re for what is one."
        ) from None
    return found


def _parser() -> Any:
    """Return what the standard library reads regular expressions with; its name changed in Python 3.11."""
    try:
        from re import _parser as parser
    except ImportError:
        import sre_parse as parser
    return parser
