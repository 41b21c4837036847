"""Forms of letters that fonts hardly have: read, fitted to a hand, and owned by writers."""

from __future__ import annotations

import numpy as np

from handgen.seeds import keys
from handgen.strokes.allographs import Allographs, read_allographs
from handgen.strokes.base import StrokeTable
from handgen.strokes.forms import Forms
from handgen.strokes.hands import shipped_hands
from handgen.strokes.motion import IDEOGRAPHIC
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


def test_every_form_stands_on_the_line_and_is_a_letter_high_or_is_in_its_box():
    wrong = []
    for char, forms in read_allographs().items():
        for number, form in enumerate(forms):
            x, y = np.concatenate(form.strokes).T
            if ord(char) >= IDEOGRAPHIC:
                inside = min(x.min(), y.min()) >= 0 and max(x.max(), y.max()) <= 1
                if not (inside and np.ptp(x) > 0.3 and (np.ptp(y) > 0.4 or char in "一二")):
                    wrong.append(f"{char} {number + 1}")
                continue
            deep = char in "fgjpqyzJYZ0"
            tall = char.isupper() or char.isdigit() or char in "bdfhklt"
            stands = 0.85 < (y.max() - LATIN_TOP) / (LATIN_BASE - LATIN_TOP) < (1.5 if deep else 1.12)
            high = (y.min() < 0.35) if tall else y.min() < 0.55
            if not (stands and high and 0 <= x.min() <= x.max() <= 1):
                wrong.append(f"{char} {number + 1}")
    assert not wrong
    assert len(read_allographs()) > 40


def test_corners_are_sharp_and_the_rest_is_smooth():
    barred, across = read_allographs()["7"][0].strokes
    step = np.diff(barred, axis=0)
    step /= np.hypot(*step.T)[:, None]
    turns = (step[1:] * step[:-1]).sum(1)
    assert (turns < 0.5).sum() == 1  # the corner at the top
    assert np.ptp(across[:, 1]) < 0.1 < np.ptp(across[:, 0])
    (loop,) = read_allographs()["l"][0].strokes
    step = np.diff(loop, axis=0)
    step /= np.hypot(*step.T)[:, None]
    assert (step[1:] * step[:-1]).sum(1).min() > 0.7


def test_some_writers_own_many_and_others_hardly_any():
    made = Allographs.of(
        "".join(char for char in CHARS if all(form.rate == 1 for form in read_allographs().get(char, ())))
    )
    writers, has = 2000, np.flatnonzero(np.diff(made.first))
    chosen = np.stack([made.choose(np.full(writers, row), keys(np.arange(writers))) for row in has])
    share = (chosen >= 0).mean()
    assert 0.45 < share < 0.55
    owned = (chosen >= 0).sum(0)
    assert min((owned == 0).mean(), (owned == len(has)).mean()) > 0.1
    for row, rows in zip(has, chosen, strict=True):
        assert set(rows[rows >= 0].tolist()) == set(range(made.first[row], made.first[row + 1]))
    none = Allographs.of("。").choose(np.zeros(writers, np.int64), keys(np.arange(writers)))
    assert (none == -1).all()


def test_rare_forms_are_rare():
    forms = read_allographs()["7"]
    writers = 20_000
    chosen = Allographs.of("x7").choose(np.ones(writers, np.int64), keys(np.arange(writers)))
    other = len(read_allographs()["x"]) if "x" in read_allographs() else 0
    share = np.bincount(chosen[chosen >= 0] - other, minlength=len(forms)) / writers
    np.testing.assert_allclose(share, [form.rate / len(forms) / 2 for form in forms], atol=0.012)


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


def test_chinese_characters_have_forms_as_large_as_those_of_hands():
    hands = [hand for hand in shipped_hands("口日") if hand[1].name == "lxgw-wenkai"]
    forms = Forms.open([], "日田五木", order=(), shipped=hands)
    forms.prepare()
    n = 400
    picked = forms.pick(np.arange(n) % 4, np.zeros(n, np.int64), keys(np.arange(n)), allographs=True)
    owned = picked.allograph > 0
    assert 0.4 < owned.mean() < 0.6
    boxes = np.array([box(picked.table, drawing) for drawing in range(n)])
    high = boxes[:, 2] - boxes[:, 1]
    for row in range(4):
        same = np.arange(n) % 4 == row
        assert abs(np.median(high[same & owned]) / np.median(high[same & ~owned]) - 1) < 0.2
