"""Forms of letters that fonts hardly have: read, fitted to a hand, and owned by writers."""

from __future__ import annotations

import numpy as np

from handgen.seeds import keys
from handgen.strokes.allographs import Allographs, read_allographs
from handgen.strokes.base import StrokeTable
from handgen.strokes.forms import Forms
from handgen.strokes.hands import shipped_hands
from handgen.strokes.tracing import LATIN_BASE, LATIN_TOP

CHARS = "lbz7Ha。"


def opened() -> Forms:
    hands = [hand for hand in shipped_hands("abcxyz") if hand[1].name in ("caveat", "kalam", "borel")]
    made = Forms.open([], CHARS, order=(), shipped=hands)
    made.prepare()
    return made


def box(table: StrokeTable, drawing: int) -> tuple[float, float, float]:
    points = table.points[table.first[drawing] : table.first[drawing + 1]].reshape(-1, 2)
    return float(np.ptp(points[:, 0])), float(points[:, 1].min()), float(points[:, 1].max())


def test_every_form_stands_on_the_line_and_is_a_letter_high():
    wrong = []
    for char, forms in read_allographs().items():
        for number, form in enumerate(forms):
            x, y = np.concatenate(form).T
            deep = char in "fgjpqyzJYZ0"
            tall = char.isupper() or char.isdigit() or char in "bdfhklt"
            stands = 0.85 < (y.max() - LATIN_TOP) / (LATIN_BASE - LATIN_TOP) < (1.5 if deep else 1.12)
            high = (y.min() < 0.35) if tall else y.min() < 0.55
            if not (stands and high and 0 <= x.min() <= x.max() <= 1):
                wrong.append(f"{char} {number + 1}")
    assert not wrong
    assert len(read_allographs()) > 40


def test_corners_are_sharp_and_the_rest_is_smooth():
    barred, across = read_allographs()["7"][0]
    step = np.diff(barred, axis=0)
    step /= np.hypot(*step.T)[:, None]
    turns = (step[1:] * step[:-1]).sum(1)
    assert (turns < 0.5).sum() == 1  # the corner at the top
    assert np.ptp(across[:, 1]) < 0.1 < np.ptp(across[:, 0])
    (loop,) = read_allographs()["l"][0]
    step = np.diff(loop, axis=0)
    step /= np.hypot(*step.T)[:, None]
    assert (step[1:] * step[:-1]).sum(1).min() > 0.7


def test_some_writers_own_many_and_others_hardly_any():
    made = Allographs.of(CHARS)
    writers, has = 2000, np.flatnonzero(np.diff(made.first))
    chosen = np.stack([made.choose(np.full(writers, row), keys(np.arange(writers))) for row in has])
    share = (chosen >= 0).mean()
    assert 0.45 < share < 0.55
    owned = (chosen >= 0).sum(0)
    assert min((owned == 0).mean(), (owned == len(has)).mean()) > 0.1
    for row, rows in zip(has, chosen, strict=True):
        assert set(rows[rows >= 0].tolist()) == set(range(made.first[row], made.first[row + 1]))
    none = made.choose(np.full(writers, CHARS.index("。")), keys(np.arange(writers)))
    assert (none == -1).all()


def test_a_writer_has_them_as_tall_as_its_hand_and_only_where_they_are_asked_for():
    forms, n = opened(), 400
    characters, hand, writer = np.arange(n) % len(forms.chars), np.arange(n) % 3, keys(np.arange(n) // 20)
    plain = forms.pick(characters, hand, writer)
    picked = forms.pick(characters, hand, writer, allographs=True)
    assert not plain.allograph.any()
    assert 0.2 < (picked.allograph > 0).mean() < 0.6
    for drawing in range(n):
        own, made = box(plain.table, drawing), box(picked.table, drawing)
        if picked.allograph[drawing]:
            assert abs(made[1] - own[1]) < 0.01
        else:
            assert own == made
    again = forms.pick(characters[7:8], hand[7:8], writer[7:8], allographs=True)
    assert again.allograph[0] == picked.allograph[7]
    np.testing.assert_array_equal(
        again.table.points, picked.table.points[picked.table.first[7] : picked.table.first[8]]
    )
