"""Strokes moved as people move them."""

from __future__ import annotations

import numpy as np
import pytest

from handgen.deform.people import numbers
from handgen.deform.strokes import Part, moved
from handgen.seeds import keys

COUNT, STROKES = 300, 3


@pytest.fixture
def drawings():
    """The same cross with a bar, many times."""
    t = np.linspace(0, 1, 32, dtype=np.float32)
    half = np.full_like(t, 0.5)
    one = np.stack([np.stack([t, half], 1), np.stack([half, t], 1), np.stack([0.2 + 0.6 * t, half + 0.5], 1)])
    owner = np.repeat(np.arange(COUNT), STROKES)
    return np.tile(one, (COUNT, 1, 1)), owner, np.tile(np.arange(STROKES), COUNT)


def part(level: str, key, amount: float = 1.0) -> Part:
    return Part(key, level, np.full(COUNT, amount))


def test_no_amount_moves_nothing(drawings):
    strokes, owner, number = drawings
    made = moved(strokes, owner, number, [part("anew", keys(np.arange(COUNT)), 0.0)])
    np.testing.assert_allclose(made, strokes, atol=1e-5)


def test_levels_are_as_large_as_fitted(drawings):
    """Middles of strokes differ by the field and the shift; directions by the turn. Half of either may be bends."""
    strokes, owner, number = drawings
    every = keys(np.arange(COUNT))
    made = moved(strokes, owner, number, [part("habit", every), part("anew", keys(every, 1))])
    known = {name: numbers()["paper"] * each["deviation"] for name, each in numbers()["strokes"].items()}
    middles = (made.mean(1) - strokes.mean(1)).std()
    assert middles == pytest.approx(np.hypot(known["whole"], known["shift"]), rel=0.2)
    way = made[:, -1] - made[:, 0]
    level = way[number == 0]
    assert np.arctan2(level[:, 1], level[:, 0]).std() == pytest.approx(known["turn"], rel=0.3)
    lengths = np.linalg.norm(way, axis=1)[number == 0]
    assert known["scale"] * 0.5 < np.log(lengths).std() < known["scale"] + known["slide"] * 4


def test_habits_stay_and_the_rest_is_new(drawings):
    strokes, owner, number = drawings
    writer, sample = keys(np.arange(COUNT) // 10), keys(np.arange(COUNT), 9)
    same = moved(strokes, owner, number, [part("habit", writer)])
    assert np.array_equal(same[: 10 * STROKES].reshape(10, -1), same[:STROKES].reshape(1, -1).repeat(10, 0))
    both = moved(strokes, owner, number, [part("habit", writer), part("anew", sample)]).reshape(COUNT // 10, 10, -1)
    assert 0 < both.var(1).mean() < both.mean(1).var(0).mean() * 3
    assert not np.allclose(both[:, 0], both[:, 1], atol=1e-3)


def test_a_drawing_follows_from_its_keys_alone(drawings):
    strokes, owner, number = drawings
    every = keys(np.arange(COUNT))
    whole = moved(strokes, owner, number, [part("anew", every)])
    rows = owner == 7
    alone = moved(strokes[rows], owner[rows] * 0, number[rows], [Part(every[7:8], "anew", np.ones(1))])
    np.testing.assert_allclose(alone, whole[rows], atol=1e-6)


def test_size_does_not_matter(drawings):
    strokes, owner, number = drawings
    parts = [part("anew", keys(np.arange(COUNT)))]
    np.testing.assert_allclose(
        moved(strokes * 64, owner, number, parts), 64 * moved(strokes, owner, number, parts), atol=1e-3
    )
