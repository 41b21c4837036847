from __future__ import annotations

import datetime
import re
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.errors import UsageError
from handgen.lines.cut import Limits, clean
from handgen.lines.fields import FIELDS, fields_of
from handgen.lines.generators import GENERATORS, GeneratedTexts, alphabet, cheque_date

LIMITS = Limits(1, 40)
EVERY = "".join(map(chr, range(33, 0xA000)))


def texts_of(*names, limits=LIMITS, drawn=None, seed=0):
    return GeneratedTexts(names, alphabet(names) if drawn is None else drawn, limits, seed)


@pytest.mark.parametrize("name", GENERATORS)
def test_texts_are_labels_of_the_alphabet_within_the_limits(name):
    for limits in (LIMITS, Limits(3, 25)):
        texts = texts_of(name, limits=limits, drawn=alphabet())
        found = [texts.text(number) for number in range(200)]
        assert len(set(found)) > 60
        assert all(limits.allow(text) and clean(text) == text for text in found)
        assert set("".join(found)) <= {*alphabet(), " "}


def test_all_generators_take_part():
    texts = texts_of()
    assert texts.names == tuple(GENERATORS)
    found = [texts.text(number) for number in range(600)]
    for sign in (
        r"年.*月",
        "[元圆].*[整正分]",
        r"^[A-Z]\. [A-Z]",
        r"^1\d{10}$",
        r"^\d{17}[\dX]$",
        "@",
        "公司",
        "[省市区]",
    ):
        assert any(re.search(sign, text) for text in found), sign


def test_a_text_depends_on_the_seed_and_its_number_alone():
    texts = texts_of()
    forward = [texts.text(number) for number in range(50)]
    assert [texts_of().text(number) for number in reversed(range(50))] == forward[::-1]
    assert [texts_of(seed=1).text(number) for number in range(50)] != forward


def test_another_process_makes_the_same_texts():
    code = (
        "from handgen.lines.generators import GeneratedTexts; from handgen.lines.cut import Limits\n"
        "EVERY = ''.join(map(chr, range(33, 0xA000)))\n"
        "t = GeneratedTexts(('names@fr_FR', 'dates', 'words:hi', 're:[a-z]{4}'), EVERY, Limits(1, 40), 5)\n"
        "print(ascii([t.text(i) for i in range(12)]))"
    )
    texts = GeneratedTexts(("names@fr_FR", "dates", "words:hi", "re:[a-z]{4}"), EVERY, LIMITS, 5)
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert made.strip() == ascii([texts.text(number) for number in range(12)])


def test_fields_are_those_of_their_locale():
    signs = {
        "ids@zh_CN": r"\d{17}[\dX]",
        "money@de_DE": r"[\d.]+(,\d\d)? €",
        "money@en_US": r"\$[\d,]+(\.\d\d)?",
        "money@fr_FR": r"\d[\d ]*(,\d\d)? €",
        "dates@fr_FR": r"\d+ [a-zéû]+( \d{4})?|\d+/\d+/\d{4}|\d{4}-\d\d-\d\d|\d\d\.\d\d\.\d{2,4}",
        "names@ar_SA": r"[^a-z]+",
        "names@hi_IN": r"[^a-z]+",
        "emails": r"\S+@\S+\.\w+",
    }
    wrong = {
        (name, text)
        for name, sign in signs.items()
        for text in map(texts_of(name).text, range(60))
        if not re.fullmatch(sign, text)
    }
    assert not wrong


def test_identity_numbers_have_the_right_check_digit():
    texts = texts_of("ids@zh_CN")
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    for number in range(100):
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
    texts = texts_of(drawn="".join(filter(str.isalpha, alphabet())))
    assert "ids" not in texts.names
    assert "names" in texts.names
    assert not re.search(r"\d", "".join(texts.text(number) for number in range(300)))
    with pytest.raises(UsageError, match="characters of ids cannot be drawn"):
        texts_of("ids", drawn="abc")


def test_what_is_unknown_is_refused():
    for name, message in {
        "datse": "Did you mean 'dates'",
        "names@fr_RF": "Did you mean 'fr_FR'",
        "serials@fr_FR": "Leave out @fr_FR",
        "words:xx": "no words of a language 'xx'",
    }.items():
        with pytest.raises(UsageError, match=message):
            texts_of(name, drawn="abc")


def test_every_field_of_some_locales_has_texts():
    lost = {
        (locale, name)
        for locale in ("de_DE", "fr_FR", "he_IL", "ja_JP", "hi_IN", "ar_EG", "pt_BR", "ru_RU")
        for name in fields_of(locale)
        if not texts_of(f"{name}@{locale}", limits=Limits(1, 60), drawn=EVERY).text(1)
    }
    assert not lost
    assert set(fields_of("fr_FR")) == set(FIELDS)


def test_words_are_as_frequent_as_in_the_language():
    for language, usual in {"fr": "de"}.items():
        texts = texts_of(f"words:{language}")
        found = [texts.text(number) for number in range(400)]
        words = Counter(word.lower().strip(".,!?") for text in found for word in text.split()[1:-1])
        assert usual in [word for word, _ in words.most_common(5)]
        assert 10 < sum(map(len, found)) / len(found) < 30
        assert {*"ABCDEF"} & {text[0] for text in found}
        assert all(clean(text) == text and LIMITS.allow(text) for text in found)
    assert all(re.fullmatch(r"[^.!?]*", text[:-1].rstrip(".")) or re.search(r"[.!?] \W?\w", text) for text in found)


def test_french_words_lean_on_vowels():
    found = " ".join(map(texts_of("words:fr", limits=Limits(20, 40)).text, range(300)))
    assert len(re.findall(r"\b[ld]'[aeiouyhéèêîôâœ]", found)) > 30
    assert not re.findall(r"\b[bcdfglmnpqrst]'[bcdfgjklmnpqrstvwxz]", found)


def test_languages_of_other_scripts():
    for language, letters in {"fa": "\u0600-\u06ff", "hi": "\u0900-\u097f", "zh": "\u4e00-\u9fff"}.items():
        text = "".join(map(texts_of(f"words:{language}", drawn=EVERY).text, range(60)))
        assert len(re.findall(f"[{letters}]", text)) > 0.6 * len(text)
    assert " " not in texts_of("words:zh").text(0)
    few = texts_of("words:fr", drawn="aeilnrstu")
    assert set("".join(map(few.text, range(40)))) <= {*"aeilnrstu "}


def test_regular_expressions():
    texts = texts_of(r"re:[A-Z]{2}-\d{6}")
    found = [texts.text(number) for number in range(100)]
    assert len(set(found)) == 100
    assert all(re.fullmatch(r"[A-Z]{2}-\d{6}", text) for text in found)
    either = texts_of(r"re:(yes|no)( maybe)?", drawn="yesno maybe")
    assert {either.text(number) for number in range(60)} == {"yes", "no", "yes maybe", "no maybe"}


def test_regular_expressions_that_are_no_good():
    for pattern, message in {
        "re:[A-": "no regular expression",
        r"re:\d+": "texts of any length",
        "re:(a{90}){90}": "texts of any length",
        "re:": "empty texts",
        "re:a{300}": "at least 300",
        r"re:a(?=b)": "look",
        r"re:\p{L}": "no regular expression",
    }.items():
        with pytest.raises(UsageError, match=message):
            texts_of(pattern, drawn="abc")
    with pytest.raises(UsageError, match="--max-chars"):
        texts_of("re:a{9}", drawn="a", limits=Limits(1, 8))
    with pytest.raises(UsageError, match="cannot be drawn"):
        texts_of("re:x{4}", drawn="a")
