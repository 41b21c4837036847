from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.errors import UsageError
from handgen.fonts.charsets import load_charset
from handgen.lines.cut import Limits
from handgen.lines.generators import ALPHABET, GeneratedTexts
from handgen.lines.shuffle import shuffled
from handgen.lines.sources import find_source
from handgen.lines.texts import Boosted, coverage, kind


@given(st.integers(1, 700), st.integers(0, 9))
def test_a_shuffle_is_a_permutation(count, seed):
    assert sorted(shuffled(place, count, seed, "x") for place in range(count)) == list(range(count))


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
        (place,) = [place for place, pair in enumerate(zip(Same().text(0), text, strict=True)) if len(set(pair)) == 2]
        assert kind(Same().text(0)[place]) == kind(char)
    assert Boosted(Same(), "龘", 0.0, 0).text(3) == Same().text(3)


@pytest.mark.parametrize("share", [-0.1, 1.5, math.nan])
def test_impossible_shares(share):
    with pytest.raises(UsageError, match="--boost"):
        Boosted(GeneratedTexts((), ALPHABET, Limits(), 0), "abc", share, 0)


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
    assert find_source("").chars == ALPHABET
    with pytest.raises(UsageError, match="no file, no folder and no generator"):
        find_source("missing.txt")
