from __future__ import annotations

import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.errors import UsageError
from handgen.lines.cut import Limits, clean
from handgen.lines.generators import ALPHABET, GENERATORS, GeneratedTexts, cheque_date, id_check_digit

LIMITS = Limits(1, 40)


def texts_of(*names, limits=LIMITS, drawn=ALPHABET, seed=0):
    return GeneratedTexts(names, drawn, limits, seed)


@pytest.mark.parametrize("name", GENERATORS)
def test_texts_are_labels_of_the_alphabet_within_the_limits(name):
    for limits in (LIMITS, Limits(3, 12)):
        texts = texts_of(name, limits=limits)
        found = [texts.text(number) for number in range(300)]
        assert len(set(found)) > 100
        assert all(limits.allow(text) and clean(text) == text for text in found)
        assert set("".join(found)) <= {*ALPHABET, " "}


def test_all_generators_take_part():
    texts = texts_of()
    assert texts.names == tuple(GENERATORS)
    found = [texts.text(number) for number in range(400)]
    for sign in (r"年.*月", "[元圆].*[整正分]", r"^[A-Z]\. [A-Z]", r"^1\d{10}$", r"^\d{17}[\dX]$", "先生|老师"):
        assert any(re.search(sign, text) for text in found)


def test_a_text_depends_on_the_seed_and_its_number_alone():
    texts = texts_of()
    forward = [texts.text(number) for number in range(50)]
    assert [texts_of().text(number) for number in reversed(range(50))] == forward[::-1]
    assert [texts_of(seed=1).text(number) for number in range(50)] != forward


def test_identity_numbers_have_the_right_check_digit():
    assert id_check_digit("11010519491231002") == "X"  # the example of GB 11643
    texts = texts_of("ids")
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    for number in range(200):
        text = texts.text(number)
        total = sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False))
        assert (total + "0123456789X".index(text[17])) % 11 == 1
        datetime.datetime.strptime(text[6:14], "%Y%m%d")


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)))
def test_cheque_dates(day):
    year, month, date = re.fullmatch("(.*)年(.*)月(.*)日", cheque_date(day)).groups()
    digits = {char: str(value) for value, char in enumerate("零壹贰叁肆伍陆柒捌玖")}
    assert "".join(digits[char] for char in year) == str(day.year)
    assert month.startswith("零") == (day.month in (1, 2, 10))
    assert date.startswith("零") == (day.day in (*range(1, 10), 10, 20, 30))


def test_without_digits_the_others_go_on():
    texts = texts_of(drawn="".join(filter(str.isalpha, ALPHABET)))
    assert "ids" not in texts.names
    assert not re.search(r"\d", "".join(texts.text(number) for number in range(300)))
    with pytest.raises(UsageError, match="characters of ids cannot be drawn"):
        texts_of("ids", drawn="abc")


def test_unknown_generators_are_refused():
    with pytest.raises(UsageError, match="Did you mean 'dates'"):
        texts_of("datse")
