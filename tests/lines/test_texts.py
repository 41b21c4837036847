from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.errors import UsageError
from handgen.fonts.charsets import load_charset
from handgen.lines.cut import Limits
from handgen.lines.generators import GeneratedTexts, alphabet
from handgen.lines.shuffle import shuffled
from handgen.lines.sources import find_source
from handgen.lines.texts import Boosted, coverage, kind


@given(st.integers(1, 700), st.integers(0, 9))
def test_a_shuffle_is_a_permutation(count, seed):
    assert sorted(shuffled(index, count, seed, "x") for index in range(count)) == list(range(count))


def test_a_shuffle_is_fair():
    firsts = Counter(shuffled(0, 5, seed, "x") for seed in range(5000))
    assert max(firsts.values()) - min(firsts.values()) < 250


class Same:
    limits = Limits(1, 9)

    def text(self, index):
        return "第12章 AB，完"


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_boosting_covers_the_whole_charset(share):
    charset = load_charset("gb2312-1")
    texts = Boosted(Same(), charset, share, 0)
    lines = math.ceil(len(charset) / share)
    for first in (0, lines):
        found = [texts.text(number) for number in range(first, first + lines)]
        report = coverage(found, charset)
        assert (report.distinct, report.missing) == (3755, "")
        assert max(map(len, found)) <= 9
        assert texts.text(first + 7) == found[7]


def test_a_rare_character_takes_the_place_of_its_kind():
    for char in "龘7x":
        text = Boosted(Same(), char, 1.0, 0).text(3)
        (position,) = [
            position for position, pair in enumerate(zip(Same().text(0), text, strict=True)) if len(set(pair)) == 2
        ]
        assert kind(Same().text(0)[position]) == kind(char)
    assert Boosted(Same(), "龘", 0.0, 0).text(3) == Same().text(3)


@pytest.mark.parametrize("share", [-0.1, 1.5, math.nan])
def test_impossible_shares(share):
    with pytest.raises(UsageError, match="--boost"):
        Boosted(GeneratedTexts((), alphabet(), Limits(), 0), "abc", share, 0)


def test_coverage():
    report = coverage(["aab b", "ac"], "abcde")
    assert (report.texts, report.characters, report.distinct, report.missing) == (2, 6, 3, "de")
    assert report.least == (("c", 1), ("b", 2), ("a", 3))


def test_sources(tmp_path):
    (tmp_path / "a.txt").write_text("你好，world\u05d0", encoding="utf-8")
    source = find_source(str(tmp_path / "a.txt"))
    assert set(source.chars) == set("你好，world")
    texts = source.texts("你好worldx", limits=Limits(2, 10), seed=0, boost=1.0, charset="x龘")
    assert {"x" in texts.text(number) for number in range(5)} == {True}
    with pytest.raises(UsageError, match="，"):
        source.texts("你好world", limits=Limits(), seed=0, strict=True)
    assert find_source("dates, ids").generators == ("dates", "ids")
    assert find_source("").chars == alphabet()
    with pytest.raises(UsageError, match="no file, no folder, no generator"):
        find_source("missing.txt")


def test_what_corpus_means():
    meant = {
        "fr": ("words:fr",),
        "ids@de_DE,names": ("ids@de_DE", "names"),
        "numbers, re:[A-Z]{2,3},\\d": ("numbers", "re:[A-Z]{2,3},\\d"),
        "re:a,b": ("re:a,b",),
        "de,en": ("words:de", "words:en"),
    }
    assert {spec: find_source(spec).generators for spec in meant} == meant
    assert "names@fr_FR" in find_source("fr-fr").generators
    for spec, message in {
        "xx": "language 'xx'",
        "fr_XX": "Did you mean",
        "numbers,datse": "Did you mean 'dates'",
    }.items():
        with pytest.raises(UsageError, match=message):
            find_source(spec)


def test_scripts_that_only_whole_lines_can_write(tmp_path):
    (tmp_path / "a.txt").write_text("abc שָׁלוֹם हिन्दी می‌خواهم", encoding="utf-8")
    source = find_source(str(tmp_path / "a.txt"))
    assert set(source.chars) == set("abc") | {"ह", "न", "द"}
    assert {"\u05b8", "ש", "\u094d", "\u200c"} <= set(source.all_chars)
    texts = source.texts(source.all_chars, limits=Limits(1, 40), seed=0, shaped=True)
    assert {texts.text(number) for number in range(4)} == {"abc שָׁלוֹם हिन्दी می‌خواهم"}
    short = source.texts(source.all_chars, limits=Limits(3, 9), seed=0, shaped=True)
    words = {*["abc", "שָׁלוֹם", "हिन्दी", "می\u200cخواهم"]}
    assert all(set(short.text(number).split()) <= words for number in range(30)), "no mark loses its letter"
