"""Several sources as one: shares, turns, names, and that each draws what it would alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.errors import UsageError
from handgen.seeds import SampleKey
from handgen.sources.mixture import LONGEST_CYCLE, Turns, whole_shares
from handgen.sources.opening import open_sources
from handgen.sources.spec import SourceSpec

shares = st.lists(st.integers(1, 60), min_size=1, max_size=5).map(tuple)


@given(shares, st.integers(0, 5), st.integers(0, 10**6))
def test_every_cycle_has_the_shares_and_every_number_once(shares, seed, cycle):
    length = sum(shares)
    index = np.arange(cycle * length, (cycle + 2) * length)
    source, number = Turns(shares, seed).at(index)
    for each, share in enumerate(shares):
        assert (source[:length] == each).sum() == share
        assert sorted(number[source == each].tolist()) == list(range(cycle * share, (cycle + 2) * share))


@given(shares, st.integers(0, 2**32 - 1), st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_a_turn_follows_from_the_seed_and_the_number_alone(shares, seed, index):
    turns = Turns(shares, seed)
    together = turns.at(np.array(index))
    for row, each in enumerate(index):
        alone = turns.at(np.array([each]))
        assert (alone[0][0], alone[1][0]) == (together[0][row], together[1][row])


def test_cycles_differ():
    source, _ = Turns((3, 3), 0).at(np.arange(600))
    assert len({tuple(cycle) for cycle in source.reshape(-1, 6).tolist()}) > 10


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=6).filter(any))
def test_whole_shares_are_near_and_leave_nobody_out(given):
    whole = whole_shares(given)
    assert sum(whole) <= LONGEST_CYCLE
    assert [share > 0 for share in given] == [share > 0 for share in whole]
    for one, other in zip(given, whole, strict=True):
        assert abs(one / sum(given) - other / sum(whole)) < 0.01


def test_simple_shares_stay_simple():
    assert whole_shares([2, 3, 1]) == (2, 3, 1)
    assert whole_shares([0.5, 0.25, 0.25]) == (2, 1, 1)
    assert whole_shares([400, 200]) == (2, 1)
    assert whole_shares([1, 0]) == (1, 0)


@pytest.mark.parametrize("wrong", [[0, 0], [1, -1], [float("nan"), 1], [float("inf"), 1]])
def test_impossible_shares(wrong):
    with pytest.raises(UsageError):
        whole_shares(wrong)


@pytest.fixture
def mixture(trained, handwriting, kalam):
    specs = [
        SourceSpec(source=str(trained), share=2, styles="3"),
        SourceSpec(source=str(handwriting), share=1),
        SourceSpec(source="fonts", share=1, fonts=str(kalam)),
    ]
    return specs, open_sources(specs, "ABCDEFG", seed=0, device="cpu")


def test_styles_have_names_that_tell_them_apart(mixture):
    names = [style.name for style in mixture[1].styles]
    assert names == ["small/kalam", "indie-flower", names[2], "ann", "bo", "fonts/kalam"]
    assert names[2].startswith("mix3")
    assert [mixture[1].describe(number)["source"] for number in range(6)] == ["small"] * 3 + ["hands"] * 2 + ["fonts"]
    assert [each["share"] for each in mixture[1].facts()["sources"]] == [0.5, 0.25, 0.25]


def test_each_draws_what_it_would_alone(mixture):
    specs, mixed = mixture
    first, chars = 0, mixed.chars
    for spec in specs:
        alone = open_sources([spec], "ABCDEFG", seed=0, device="cpu")
        rows = np.arange(3)
        key = SampleKey.of(0, rows + 5)
        for style in range(len(alone.styles)):
            own = np.array([alone.chars.index(char) for char in "BCD" if _can(alone, style, char)])
            there = np.array([chars.index(alone.chars[row]) for row in own])
            mine = alone.draw(own, own * 0 + style, key[rows[: len(own)]]).images
            theirs = mixed.draw(there, there * 0 + first + style, key[rows[: len(own)]]).images
            assert np.abs(mine.astype(int) - theirs).max() <= 1
        first += len(alone.styles)


def _can(source, style, char):
    return char in source.chars and (source.coverage is None or source.coverage[style, source.chars.index(char)])


def test_what_one_cannot_draw_is_left_to_others(mixture):
    mixed = mixture[1]
    assert (mixed.chars, dict(mixed.skipped)) == ("ABCDEFG", {})
    assert mixed.coverage[3].tolist() == [char in "ABC" for char in mixed.chars]
    assert any("hands cannot draw 2" in line for line in mixed.warnings)


def test_sources_of_other_sizes(mixture, trained, kalam):
    specs, mixed = mixture
    assert mixed.size == 64
    with pytest.raises(UsageError, match="different sizes"):
        open_sources([specs[0], SourceSpec(source="fonts", fonts=str(kalam), size=32)], "AB", seed=0, device="cpu")
