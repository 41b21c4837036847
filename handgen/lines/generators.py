"""Texts made up where there is no corpus: numbers, dates, amounts, names, IDs and more.

One function and one line of the table each. A function takes a ``Draw`` and returns one text.
"""

from __future__ import annotations

import datetime
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from handgen.errors import UsageError
from handgen.lines import words
from handgen.lines.amounts import FORMAL, PLAIN, chinese_number, formal_amount
from handgen.lines.cut import Limits, piece
from handgen.registry import nearest
from handgen.seeds import generator

_TRIES = 32
T = TypeVar("T")


class Draw:
    """The random choices of one text.

    Args:
        rng: where they come from.
        chars: the characters that can be drawn.
        limits: of the text's length.
    """

    def __init__(self, rng: np.random.Generator, chars: str, limits: Limits) -> None:
        self._rng, self.chars, self.limits = rng, chars, limits

    def between(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return int(self._rng.integers(low, high, endpoint=True))

    def pick(self, options: Sequence[T]) -> T:
        """Return one of ``options``."""
        return options[int(self._rng.integers(len(options)))]

    def chance(self, probability: float) -> bool:
        """Return whether something of this probability happens."""
        return bool(self._rng.random() < probability)

    def digits(self, count: int) -> str:
        """Return ``count`` digits."""
        return "".join(map(str, self._rng.integers(0, 10, count)))

    def some(self, options: str, count: int) -> str:
        """Return ``count`` characters, each any of ``options``."""
        return "".join(options[place] for place in self._rng.integers(0, len(options), count))


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
        lambda: (decimal if draw.chance(0.5) else str(draw.between(1, 999))) + draw.pick(words.UNITS),
        lambda: chinese_number(value),
        lambda: "第" + chinese_number(draw.between(1, 120)) + draw.pick("章节条期页名"),
    )
    return draw.pick(forms)()


def dates(draw: Draw) -> str:
    """Dates: Chinese, Latin, ISO and those of cheques."""
    day = datetime.date(1950, 1, 1) + datetime.timedelta(draw.between(0, 36_500))
    y, m, d = day.year, day.month, day.day
    spelt, short = words.MONTHS[m - 1], words.MONTHS[m - 1][:3]
    weekday = "一二三四五六日"[day.weekday()]
    forms: tuple[Callable[[], str], ...] = (
        lambda: f"{y}年{m}月{d}日",
        lambda: f"{y} 年 {m} 月 {d} 日",
        lambda: f"{_each_digit(y, '〇' + PLAIN[1:])}年{chinese_number(m)}月{chinese_number(d)}日",
        lambda: f"{m}月{d}日 星期{weekday}",
        lambda: f"{y}.{m}.{d}",
        lambda: f"{y}-{m:02}-{d:02}",
        lambda: f"{y}/{m:02}/{d:02}",
        lambda: f"{d:02}.{m:02}.{y}",
        lambda: f"{m}/{d}/{y % 100:02}",
        lambda: f"{spelt} {d}, {y}",
        lambda: f"{d} {draw.pick((short, spelt))} {y}",
        lambda: f"{day:%Y-%m-%d} {draw.between(0, 23):02}:{draw.between(0, 59):02}",
        lambda: cheque_date(day),
    )
    return draw.pick(forms)()


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


def money(draw: Draw) -> str:
    """Amounts of money in figures."""
    yuan, cents = draw.between(0, 10 ** draw.between(1, 7)), draw.between(0, 99)
    forms: tuple[Callable[[], str], ...] = (
        lambda: f"￥{yuan:,}.{cents:02}",
        lambda: f"¥{yuan}.{cents:02}",
        lambda: f"{yuan}.{cents:02}元",
        lambda: f"{yuan}元",
        lambda: f"{draw.pick(('RMB', 'USD', 'EUR'))} {yuan:,}.{cents:02}",
        lambda: f"${yuan:,}.{cents:02}",
    )
    return draw.pick(forms)()


def names(draw: Draw) -> str:
    """Chinese names, some with a form of address."""
    surname = draw.pick(words.SURNAMES)
    given = draw.some(words.GIVEN, 1 if draw.chance(0.25) else 2)
    return surname + draw.pick((given, given, given, draw.pick(words.TITLES)))


def latin_names(draw: Draw) -> str:
    """Latin names, in full and with initials."""
    first, last = draw.pick(words.FIRST_NAMES), draw.pick(words.LAST_NAMES)
    initial = draw.pick(string.ascii_uppercase)
    forms = (f"{first} {last}", f"{first} {initial}. {last}", f"{first[0]}. {last}", f"{last}, {first}")
    return draw.pick(forms)


def ids(draw: Draw) -> str:
    """Numbers of mainland identity cards, with the right check digit."""
    born = datetime.date(1940, 1, 1) + datetime.timedelta(draw.between(0, 30_000))
    body = f"{draw.pick(words.REGIONS)}{born:%Y%m%d}{draw.between(1, 999):03}"
    return body + id_check_digit(body)


def id_check_digit(body: str) -> str:
    """Return the 18th digit of an identity card (GB 11643, ISO 7064 MOD 11-2) for the first 17."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body))
    return "10X98765432"[total % 11]


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


def phones(draw: Draw) -> str:
    """Phone numbers: mobile, landline, with country code."""
    head = f"1{draw.between(3, 9)}{draw.digits(1)}"
    forms: tuple[Callable[[], str], ...] = (
        lambda: head + draw.digits(8),
        lambda: f"{head} {draw.digits(4)} {draw.digits(4)}",
        lambda: f"{head}-{draw.digits(4)}-{draw.digits(4)}",
        lambda: f"+86 {head}{draw.digits(8)}",
        lambda: f"{draw.pick(words.AREA_CODES)}-{draw.between(2, 8)}{draw.digits(7)}",
        lambda: f"({draw.pick(words.AREA_CODES)}) {draw.between(2, 8)}{draw.digits(7)}",
        lambda: f"电话：{head}{draw.digits(8)}",
    )
    return draw.pick(forms)()


def random_characters(draw: Draw) -> str:
    """Any characters that can be drawn, in any order."""
    return draw.some(draw.chars, draw.between(draw.limits.shortest, draw.limits.longest))


@dataclass(frozen=True)
class TextGenerator:
    """One entry of the table: a function, and one line for a listing."""

    make: Callable[[Draw], str]
    summary: str


GENERATORS: dict[str, TextGenerator] = {
    "numbers": TextGenerator(numbers, "1,024, 3.14, 12.5%, 三百二十一"),
    "dates": TextGenerator(dates, "2024年3月5日, 2024-03-05, March 5, 2024, 贰零贰肆年叁月零伍日"),
    "amounts": TextGenerator(amounts, "陆仟肆佰零玖元零贰分"),
    "money": TextGenerator(money, "￥6,409.02, 6409元"),
    "names": TextGenerator(names, "欧阳文静, 李老师"),
    "latin-names": TextGenerator(latin_names, "Emma R. Clarke"),
    "ids": TextGenerator(ids, "18-digit identity numbers with a right check digit"),
    "serials": TextGenerator(serials, "KB-2024-00317"),
    "phones": TextGenerator(phones, "138 1234 5678"),
    "random": TextGenerator(random_characters, "any characters of the charset"),
}

ALPHABET = "".join(
    sorted(
        set(
            string.digits + string.ascii_letters + "+-.,:/%()¥￥$：第章节条期页名号编电话人民币大写合计年月日星期二三一"
        )
        | set(PLAIN + FORMAL + "〇十百千万亿拾佰仟元圆角分整正" + "".join(words.SURNAMES + words.TITLES + words.UNITS))
        | set(words.GIVEN)
    )
)
"""The characters that all of them but ``random`` use, without the space."""


class GeneratedTexts:
    """Texts of some generators, as often of one as of another; text i is a function of (seed, i) alone.

    A text that is too long, too short, or has a character that cannot be drawn is made again; one
    that stays too long is cut. A generator whose texts can never be drawn gives way to the others.

    Args:
        names: of the generators; all of them when empty.
        drawn: the characters that can be drawn.
        limits: of the length.
        seed: of the run.

    Attributes:
        names: of the generators in use.

    Raises:
        UsageError: one is unknown, or one was asked for that needs characters that cannot be drawn.
    """

    def __init__(self, names: Sequence[str], drawn: str, limits: Limits, seed: int) -> None:
        self.drawn, self.limits, self.seed = drawn, limits, seed
        self._known = frozenset(drawn) | {" "}
        for name in names:
            if name not in GENERATORS:
                raise UsageError(f"no generator of texts is called '{name}'", nearest(name, GENERATORS))
        asked = names or tuple(GENERATORS)
        self.names = tuple(name for name in asked if self._make(name, generator(0, "try", name)))
        if not self.names or (names and len(self.names) < len(names)):
            lost = ", ".join(name for name in asked if name not in self.names)
            raise UsageError(f"the characters of {lost} cannot be drawn", "Use a charset or font that has them.")

    def text(self, index: int) -> str:
        """Return text number ``index``."""
        rng = generator(self.seed, "text", index)
        name = self.names[int(rng.integers(len(self.names)))]
        return self._make(name, rng) or random_characters(Draw(rng, self.drawn, self.limits))

    def _make(self, name: str, rng: np.random.Generator) -> str:
        """Return a text of one generator; empty where none can be drawn."""
        draw, long = Draw(rng, self.drawn, self.limits), ""
        for _ in range(_TRIES):
            text = GENERATORS[name].make(draw)
            if self._known.issuperset(text):
                if self.limits.allow(text):
                    return text
                long = text if len(text) > self.limits.longest else long
        return piece(long, 0, self.limits.longest, self.limits) if long else ""
