"""Running forms: components are found in strokes, and a fast hand writes them in fewer of them."""

from __future__ import annotations

import numpy as np
import pytest

from handgen.fonts.face import FontRef
from handgen.seeds import keys
from handgen.strokes.base import POINTS, make_table
from handgen.strokes.components import Component, find_components
from handgen.strokes.forms import Forms
from handgen.strokes.merges import Merge, merged, merges
from handgen.strokes.running import Choice, Form, Running, apply, chance


@pytest.fixture(scope="module")
def shapes(table):
    return {char: table.strokes(char) for char in "口小灬三"}


def placed(strokes, scale, shift):
    return tuple(((stroke - 0.5) * scale + 0.5 + shift).astype(np.float32) for stroke in strokes)


@pytest.fixture(scope="module")
def compounds(shapes):
    """Characters made of components, narrowed and moved."""
    left, right = placed(shapes["口"], [0.4, 0.5], [-0.25, 0]), placed(shapes["小"], [0.5, 0.8], [0.25, 0])
    fire = placed(shapes["灬"], [0.8, 0.6], [0, 0.1])
    return make_table({"甲": left + right, "乙": right + fire, "丙": fire})


def test_components_are_found_wherever_they_are(compounds, shapes):
    found = find_components(compounds, shapes)
    assert {char: set(some) for char, some in found.items()} == {
        "甲": {Component("口", 0, 3), Component("小", 3, 3)},
        "乙": {Component("灬", 3, 4), Component("小", 0, 3)},
        "丙": {Component("灬", 0, 4)},
    }
    assert found["乙"][0].part == "灬"  # large ones first


def test_strokes_written_in_one_go_pass_where_they_passed_and_end_where_they_ended(shapes):
    way = merged(shapes["口"], (0, 1, ~2), 0.03)
    np.testing.assert_allclose(way[[0, -1]], [shapes["口"][0, 0], shapes["口"][2, 0]], atol=0.02)
    every = shapes["口"].reshape(-1, 2)
    apart = np.linalg.norm(every[:, None] - way[None], axis=2).min(1)
    assert np.percentile(apart, 90) < 0.08
    sharp, round_ = (merged(shapes["三"], (0, 1, 2), smooth) for smooth in (0.001, 0.08))
    turns = [np.abs(np.diff(np.unwrap(np.arctan2(*np.diff(way, axis=0).T[::-1])))).max() for way in (sharp, round_)]
    assert turns[1] < 0.5 * turns[0]


def test_every_rule_names_strokes_that_there_are():
    wrong = [part for part, some in merges().items() if len({each.strokes for each in some}) > 1]
    assert wrong == []
    assert {"口", "日", "目", "田", "宀", "各", "又", "攵", "讠", "氵", "灬", "辶", "纟"} <= set(merges())
    assert merges()["口"][0] == Merge(((0,), (1, ~2)), 3)


def test_the_more_cursive_a_hand_the_more_running_forms_it_owns(compounds, shapes):
    running = Running(find_components(compounds, shapes), {part: len(some) for part, some in shapes.items()}, {})
    assert set(running.forms) == {"口", "小", "灬"}  # there is no rule for 三
    n = 400
    owned = [
        len(running.choose("甲" * n, np.ones(n, bool), keys(np.arange(n)), np.full(n, cursive)))
        for cursive in (0.0, 0.3, 0.7, 1.0)
    ]
    assert owned[0] == 0
    assert owned == sorted(owned)
    assert owned[-1] > 1.1 * n
    assert not running.choose("甲", np.zeros(1, bool), keys(np.arange(1)), np.ones(1))
    assert chance(np.array([0.0, 1.0])).tolist() == pytest.approx([0, 0.65], abs=0.01)


def test_a_writer_owns_a_form_wherever_the_component_is(compounds, shapes):
    running = Running(find_components(compounds, shapes), {part: len(some) for part, some in shapes.items()}, {})
    n = 30
    choices = running.choose("乙丙" * n, np.ones(2 * n, bool), keys(np.arange(2 * n) // 2), np.ones(2 * n))
    forms: dict[int, list[Form]] = {}
    for choice in choices:
        if choice.component.part == "灬":
            forms.setdefault(choice.drawing // 2, []).append(choice.form)
    assert len(forms) > 0.4 * n
    assert all(len(some) == 2 and some[0] is some[1] for some in forms.values())
    assert len({some[0].merge for some in forms.values()}) > 1  # writers differ


def test_strokes_of_a_running_form_take_the_place_of_the_standards(compounds, shapes):
    rule = Form(
        "rule", 0.5, Merge(((0,), (1, 2)), 3), np.empty((0, POINTS, 2), np.float32), np.empty(0, np.uint8), 0.85
    )
    luck = np.array([0, 0, 0.5, 0])
    made = apply(
        compounds, [Choice(0, Component("口", 0, 3), rule, luck), Choice(1, Component("小", 0, 3), rule, luck)]
    )
    assert np.diff(made.first).tolist() == [5, 6, 4]
    np.testing.assert_array_equal(made.points[2:5], compounds.points[3:6])
    np.testing.assert_array_equal(made.points[made.first[2] :], compounds.points[compounds.first[2] :])
    assert made.own[:2].tolist() == pytest.approx([0.85] * 2)
    assert made.own[2:5].tolist() == [0] * 3
    assert np.abs(made.points[0] - compounds.points[0]).max() < 0.02
    assert Choice(0, Component("口", 0, 3), rule, luck).note == "口:2/3"
    turned = Form("rule", 0.5, Merge(((2,), (0, 1)), 3), rule.points, rule.held, 0.85)
    assert Choice(0, Component("口", 0, 3), turned, luck).note == "口:2+/3"


def test_a_fonts_form_is_fitted_into_the_components_box(compounds, shapes, stroke_data, heiti):
    forms = Forms.open([], "口小", running=[FontRef(heiti)])
    forms.prepare()
    n = 60
    picked = forms.pick(np.zeros(n, int), np.zeros(n, int), keys(np.arange(n)), np.ones(n))
    strokes = {note for notes in picked.running for note in notes}
    assert strokes >= {"口:1/3", "口:2/3", "口:3/3"}
    plain = forms.pick(np.zeros(1, int), np.zeros(1, int), keys(np.arange(1))).table.points
    low, high = plain.min((0, 1)), plain.max((0, 1))
    for i in range(n):
        one = picked.table.points[picked.table.first[i] : picked.table.first[i + 1]]
        assert (one.min((0, 1)) > low - 0.15).all()
        assert (one.max((0, 1)) < high + 0.15).all()
