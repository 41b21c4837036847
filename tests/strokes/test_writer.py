from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgen.errors import HandgenError, UsageError
from handgen.strokes.pens import PENS, SHARES
from handgen.strokes.writer import DIM, NUMBERS, PERSONS, VERSION, Population, Writer, load_writers, save_writers

FACTS = {field.name: field.metadata for field in dataclasses.fields(Writer)}
ANY = st.builds(
    Writer,
    pen=st.sampled_from(tuple(PENS)),
    person=st.integers(0, PERSONS - 1),
    **{name: st.floats(FACTS[name]["minimum"], FACTS[name]["maximum"]) for name in NUMBERS},
)


@settings(max_examples=60, deadline=None)
@given(ANY)
def test_every_writer_is_a_point_and_back(writer):
    again = Population().writer(Population().z_of(writer))
    assert (again.pen, again.person) == (writer.pen, writer.person)
    for name in NUMBERS:
        low, high = FACTS[name]["minimum"], FACTS[name]["maximum"]
        assert getattr(again, name) == pytest.approx(getattr(writer, name), abs=3e-5 * (high - low) + 1e-5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-8, 8), min_size=DIM, max_size=DIM))
def test_every_point_is_a_writer(z):
    assert Population().writer(np.array(z)).pen in PENS  # and no parameter is out of its range


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NUMBERS), st.floats(1e-6, 1e6), st.booleans())
def test_what_is_out_of_range_is_refused(name, beyond, above):
    end = FACTS[name]["maximum" if above else "minimum"]
    with pytest.raises(UsageError, match=f"{name.replace('_', '-')}.* is too {'large' if above else 'small'}"):
        Writer(**{name: end + beyond if above else end - beyond})


def test_not_a_number_is_refused():
    with pytest.raises(UsageError, match="slant nan"):
        Writer(slant=float("nan"))
    with pytest.raises(UsageError, match="Did you mean 'brush'"):
        Writer(pen="brsh")


def test_a_population_has_its_medians_shares_and_ranges():
    z = np.random.default_rng(0).standard_normal((20_000, DIM))
    numbers, pens = Population().numbers(z), Population().pens(z)
    assert np.median(numbers[:, NUMBERS.index("slant")]) == pytest.approx(0.03, abs=0.01)
    assert np.bincount(pens) / len(pens) == pytest.approx(SHARES, abs=0.02)
    even = Population(cursiveness=(0.2, 0.6)).numbers(z)[:, NUMBERS.index("cursiveness")]
    assert (even.min(), np.median(even), even.max()) == pytest.approx((0.2, 0.4, 0.6), abs=0.01)
    assert Population(cursiveness=(0.5, 0.5)).numbers(z)[:, 0].tolist() == [0.5] * len(z)
    narrow = Population({"width": (0.05, 0.1)}, (0, 0, 1, 0, 0))
    assert narrow.numbers(z)[:, NUMBERS.index("width")].std() < 0.004
    assert set(narrow.pens(z)) == {2}


def test_writers_are_kept_in_a_file(tmp_path):
    writers = {"anna": Writer(slant=0.2, pen="brush"), "写手": Writer(cursiveness=1)}
    save_writers(tmp_path / "w.json", writers)
    assert load_writers(tmp_path / "w.json") == writers


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"version": 1}, "is of version 1 of writers, not 2"),
        ({"kind": "font"}, "is no file of writers"),
        ({"writers": {}}, "holds no writer"),
        ({"writers": {"a": {"slant": 3}}}, r"writer a: slant 3 is too large. The most is 0.6"),
        ({"writers": {"a": {"slnt": 0}}}, "unknown parameter slnt"),
        ({"writers": {"a": {"slant": "x"}}}, "slant is no number"),
        ({"writers": {"a": {"person": 1.5}}}, "person is no whole number"),
        ({"writers": {"a": {"person": -1}}}, "person -1 is too small"),
        ({"writers": {"a": {"pen": "quill"}}}, "pen quill is unknown"),
        ({"writers": {"a": 7}}, "no set of parameters"),
    ],
)
def test_a_wrong_file_of_writers_is_one_line(tmp_path, change, complaint):
    file = tmp_path / "w.json"
    file.write_text(json.dumps({"kind": "handgen writer", "version": VERSION, "writers": {"a": {}}, **change}))
    with pytest.raises(HandgenError, match=complaint) as caught:
        load_writers(file)
    assert "w.json" in str(caught.value)


def test_a_damaged_or_missing_file_of_writers(tmp_path):
    with pytest.raises(UsageError, match="no file of writers at"):
        load_writers(tmp_path / "w.json")
    (tmp_path / "w.json").write_text('{"kind": ')
    with pytest.raises(HandgenError, match="damaged"):
        load_writers(tmp_path / "w.json")
