from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handgen.lines.amounts import FORMAL, LARGEST, PLAIN, chinese_number, formal_amount

UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
DIGITS = {char: value for digits in (PLAIN, FORMAL) for value, char in enumerate(digits)}


def read(text):
    """Read a number the way a person does: a digit waits for its unit, 万 and 亿 multiply what came before."""
    total = group = digit = 0
    for char in text:
        if char in DIGITS:
            digit = DIGITS[char]
        elif char in UNITS:
            group += (digit or 1) * UNITS[char]
            digit = 0
        elif char == "万":
            group, digit = (group + digit) * 10**4, 0
        else:  # 亿
            total, group, digit = (total + group + digit) * 10**8, 0, 0
    return total + group + digit


def read_amount(text):
    yuan, jiao, fen = re.fullmatch(r"(?:(.*)[元圆])?(?:零?(.)角)?(?:零?(.)分)?[整正]?", text).groups()
    return read(yuan or "") * 100 + DIGITS[jiao or "零"] * 10 + DIGITS[fen or "零"]


sizes = st.integers(0, 15).flatmap(lambda power: st.integers(0, 10**power))
numbers = st.one_of(sizes, st.lists(st.sampled_from("0001289"), min_size=1, max_size=16).map(lambda d: int("".join(d))))


@given(numbers, st.booleans())
@example(LARGEST, True)
def test_a_number_reads_back(value, formal):
    text = chinese_number(value, formal=formal)
    assert read(text) == value
    assert "零零" not in text
    assert value == 0 or not text.endswith("零")
    assert value == 0 or not text.startswith("零")


@given(numbers.filter(lambda value: value <= LARGEST), st.integers(0, 99))
def test_an_amount_reads_back(yuan, cents):
    text = formal_amount(yuan * 100 + cents)
    assert read_amount(text) == yuan * 100 + cents
    assert "零零" not in text
    assert text.endswith("分") == bool(cents % 10)
    assert text.endswith("整") == (not cents % 10)


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (140950, "壹仟肆佰零玖元伍角整"),
        (600714, "陆仟零柒元壹角肆分"),
        (1640902, "壹万陆仟肆佰零玖元零贰分"),
        (32504, "叁佰贰拾伍元零肆分"),
        (168032, "壹仟陆佰捌拾元叁角贰分"),
        (10700053, "壹拾万柒仟元伍角叁分"),
        (1000000000, "壹仟万元整"),
        (10000500000, "壹亿零伍仟元整"),
        (1, "壹分"),
        (0, "零元整"),
    ],
)
def test_amounts_as_banks_write_them(cents, text):
    assert formal_amount(cents) == text


def test_a_number_as_it_is_read():
    spoken = {10: "十", 12: "十二", 110: "一百一十", 10_203: "一万零二百零三", 12 * 10**11 + 200: "一万二千亿零二百"}
    assert {value: chinese_number(value) for value in spoken} == spoken


@pytest.mark.parametrize("value", [-1, LARGEST + 1])
def test_what_is_out_of_range_is_refused(value):
    with pytest.raises(ValueError, match="not within"):
        chinese_number(value)
