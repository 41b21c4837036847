"""Texts made up where there is no corpus: fields of forms, words of a language, texts of a regular expression.

A generator is named by a word: ``names`` or ``names@fr_FR`` (``fields``), ``numbers``, ``amounts``, ``serials`` or
``random`` (here), ``words:fr`` (``languages``), ``re:[A-Z]{2}`` (``patterns``). Each text is a function of the
seed and its number alone.
"""

from __future__ import annotations

import datetime
import functools
import string
import unicodedata
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from handgen.errors import UsageError
from handgen.lines.amounts import FORMAL, PLAIN, chinese_number, formal_amount
from handgen.lines.cut import Limits, piece
from handgen.lines.draws import Draw, TextGenerator
from handgen.lines.fields import FIELDS, field
from handgen.lines.languages import words, words_of
from handgen.lines.patterns import PREFIX, pattern
from handgen.registry import nearest
from handgen.seeds import generator

WORDS = "words:"
_UNITS = ("kg", "g", "km", "cm", "mm", "ml", "m", "元", "米", "个", "人", "吨", "公里", "小时", "岁", "次")
_IN_A_ROW = 256
"""Texts that running text has, at most."""
_TRIES = 32
_LOOKED_AT = 300
"""Texts of a generator that show which characters it uses."""


def numbers(draw: Draw) -> str:
    """Numbers: whole, grouped, decimal, percentages, fractions, with units, as they are read."""
    value = draw.between(0, 10 ** draw.between(1, 9))
    decimal = f"{draw.between(0, 9999)}.{draw.digits(draw.between(1, 3))}"
    forms: tuple[Callable[[], str], ...] = (
        lambda: str(value),
        lambda: f"{value:,}",
        lambda: draw.pick(("", "", "-")) + decimal,
        lambda: f"{draw.between(0, 100)}.{draw.digits(draw.between(1, 2))}%",
        lambda: f"{draw.between(1, 20)}/{draw.between(2, 100)}",
        lambda: (decimal if draw.chance(0.5) else str(draw.between(1, 999))) + draw.pick(_UNITS),
        lambda: chinese_number(value),
        lambda: "第" + chinese_number(draw.between(1, 120)) + draw.pick("章节条期页名"),
    )
    return draw.pick(forms)()


def cheque_dates(draw: Draw) -> str:
    """Dates in 大写 and in plain Chinese numbers."""
    day = datetime.date(1950, 1, 1) + datetime.timedelta(draw.between(0, 36_500))
    if draw.chance(0.5):
        return cheque_date(day)
    year = _each_digit(day.year, "〇" + PLAIN[1:])
    return f"{year}年{chinese_number(day.month)}月{chinese_number(day.day)}日"


def cheque_date(day: datetime.date) -> str:
    """Return a date as cheques want it, which nobody can add to, e.g. 贰零贰肆年零壹拾月零贰拾日.

    零 precedes months 1, 2 and 10, and days 1 to 9, 10, 20 and 30.
    """
    month = ("零" if day.month in (1, 2, 10) else "") + chinese_number(day.month, formal=True)
    date = ("零" if day.day < 10 or day.day % 10 == 0 else "") + chinese_number(day.day, formal=True)
    return f"{_each_digit(day.year, FORMAL)}年{month}月{date}日"


def _each_digit(value: int, digits: str) -> str:
    return "".join(digits[int(digit)] for digit in str(value))


def amounts(draw: Draw) -> str:
    """Amounts of money in 大写, to the 分."""
    cents = draw.between(1, 10 ** draw.between(2, 11))
    cents -= cents % draw.pick((1, 10, 100, 100, 1000, 100_000))
    before = draw.pick(("", "", "人民币", "大写：", "合计："))
    return before + formal_amount(max(cents, 1), unit=draw.pick("元元圆"), whole=draw.pick("整整正"))


def serials(draw: Draw) -> str:
    """Serial numbers of orders, invoices and parts."""
    letters = draw.some(string.ascii_uppercase, draw.between(1, 3))
    forms: tuple[Callable[[], str], ...] = (
        lambda: f"{letters}{draw.digits(draw.between(3, 8))}",
        lambda: f"{letters}-{draw.between(1990, 2039)}-{draw.digits(draw.between(3, 6))}",
        lambda: f"No. {draw.digits(draw.between(4, 8))}",
        lambda: f"编号：{letters}{draw.digits(draw.between(4, 8))}",
        lambda: f"第{draw.digits(draw.between(3, 6))}号",
        lambda: "-".join(draw.some(string.ascii_uppercase + string.digits, 4) for _ in range(3)),
    )
    return draw.pick(forms)()


def random_characters(draw: Draw) -> str:
    """Any characters that can be drawn, in any order."""
    return draw.some(draw.chars, draw.between(draw.limits.shortest, draw.limits.longest))


GENERATORS: dict[str, TextGenerator] = {
    "numbers": TextGenerator(numbers, "1,024, 3.14, 12.5%, 三百二十一"),
    "amounts": TextGenerator(amounts, "陆仟肆佰零玖元零贰分"),
    "cheque-dates": TextGenerator(cheque_dates, "贰零贰肆年叁月零伍日, 二〇二四年三月五日"),
    "serials": TextGenerator(serials, "KB-2024-00317"),
    **{name: field(name) for name in FIELDS},
    "random": TextGenerator(random_characters, "any characters of the charset"),
}
"""Those that need nothing but their name."""


def find_generator(name: str) -> TextGenerator:
    """Return the generator that ``name`` means, such as ``ids``, ``ids@de_DE``, ``words:de`` or ``re:\\d{4}``.

    Raises:
        UsageError: there is none, it has no such locale or language, or its regular expression is no good.
        HandgenError: it needs a package that is not installed.
    """
    if name.startswith(PREFIX):
        return pattern(name.removeprefix(PREFIX))
    if name.startswith(WORDS):
        return words(name.removeprefix(WORDS))
    kind, _, locale = name.partition("@")
    if kind not in GENERATORS:
        raise UsageError(f"no generator of texts is called '{kind}'", nearest(kind, GENERATORS))
    if not locale:
        return GENERATORS[kind]
    if kind not in FIELDS:
        raise UsageError(f"{kind} are the same in all locales", f"Leave out @{locale}.")
    return field(kind, locale)


def alphabet(names: Iterable[str] = ()) -> str:
    """Return the characters that generators use, without the space: all of a language, and what a sample of others has.

    Args:
        names: of the generators; all that need nothing but a name when empty.
    """
    return "".join(sorted(set().union(*map(_alphabet, names or GENERATORS))))


@functools.lru_cache(maxsize=64)
def _alphabet(name: str) -> frozenset[str]:
    if name == "random":
        return frozenset()
    if name.startswith(WORDS):
        chars = set(words_of(name.removeprefix(WORDS)).chars)
        return frozenset(
            chars | {char.upper() for char in chars if len(char.upper()) == 1} | {*string.digits, *".,!?'"}
        )
    make = find_generator(name).make
    draws = (Draw(generator(0, "alphabet", name, number), "", Limits()) for number in range(_LOOKED_AT))
    return frozenset("".join(make(draw) for draw in draws)) - {" "}


class GeneratedTexts:
    """Texts of some generators, as often of one as of another; text i is a function of (seed, i) alone.

    A text that is too long, too short, or has a character that cannot be drawn is made again; one that stays too long
    is cut, unless it would say nothing then. A generator whose texts can never be drawn gives way to the others.

    Args:
        names: of the generators, see ``find_generator``; all that need nothing but a name when empty.
        drawn: the characters that can be drawn.
        limits: of the length.
        seed: of the run.

    Attributes:
        names: of the generators in use.

    Raises:
        UsageError: one is unknown, or one was asked for whose texts cannot be drawn or do not fit.
    """

    def __init__(self, names: Sequence[str], drawn: str, limits: Limits, seed: int) -> None:
        self.drawn, self.limits, self.seed = drawn, limits, seed
        self._known = frozenset(drawn) | {" "}
        asked = names or tuple(GENERATORS)
        self._generators = {name: find_generator(name) for name in asked}
        self.names = tuple(name for name in asked if self._make(name, generator(0, "try", name)))
        if not self.names or (names and len(self.names) < len(names)):
            self._refuse([name for name in asked if name not in self.names])

    def _refuse(self, lost: list[str]) -> None:
        """Say why generators have no texts."""
        unknown: set[str] = set()
        for name in lost:
            unknown |= _alphabet(name) - self._known
        if unknown or not all(self._generators[name].whole for name in lost):
            raise UsageError(
                f"the characters of {', '.join(lost)} cannot be drawn", "Use a charset or font that has them."
            )
        raise UsageError(
            f"no text of {', '.join(lost)} has {self.limits.shortest} to {self.limits.longest} characters",
            "Change --min-chars and --max-chars.",
        )

    def text(self, index: int) -> str:
        """Return text number ``index``."""
        rng = generator(self.seed, "text", index)
        name = self.names[int(rng.integers(len(self.names)))]
        return self._make(name, rng) or random_characters(Draw(rng, self.drawn, self.limits, self._known))

    def running(self, index: int, least: int) -> str:
        """Return texts after each other, with a full stop where one has nothing at its end."""
        found = ""
        for number in range(index * _IN_A_ROW, (index + 1) * _IN_A_ROW):
            text = self.text(number)
            wide = unicodedata.east_asian_width(text[-1]) in "WF"
            found += (" " if found else "") + text + (("。" if wide else ".") if text[-1].isalnum() else "")
            if len(found) >= least:
                break
        return found

    def _make(self, name: str, rng: np.random.Generator) -> str:
        """Return a text of one generator; empty where none can be drawn."""
        draw, long = Draw(rng, self.drawn, self.limits, self._known), ""
        found = self._generators[name]
        for _ in range(_TRIES):
            text = found.make(draw)
            if text and self._known.issuperset(text):
                if self.limits.allow(text):
                    return text
                long = text if len(text) > self.limits.longest else long
        return piece(long, 0, self.limits.longest, self.limits) if long and not found.whole else ""
