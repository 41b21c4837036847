"""Strokes from data: what is read, and what is damaged."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from handgen.errors import HandgenError, UsageError
from handgen.strokes.base import POINTS, as_strokes, make_table, resampled
from handgen.strokes.hanzi import read_hanzi
from handgen.strokes.kanjivg import read_kanjivg
from handgen.strokes.library import digest, find_strokes, parse_order
from handgen.strokes.svg import flattened


def test_medians_are_in_the_unit_square_with_y_down(stroke_data):
    found = read_hanzi(stroke_data, "十X")
    assert list(found) == ["十"]
    across, down = found["十"]
    np.testing.assert_allclose(across, [[100 / 1024, 500 / 1024], [900 / 1024, 480 / 1024]], rtol=1e-6)
    assert down[0, 1] < down[1, 1]


def test_paths_of_kanjivg(stroke_data):
    left, right = read_kanjivg(stroke_data, "A")["A"]
    np.testing.assert_allclose(left[0], right[0])
    np.testing.assert_allclose(left[-1] * 109, [20, 92.88], atol=1e-3)
    assert right[-1, 0] > 0.8


@pytest.mark.parametrize(
    ("path", "points"),
    [
        ("M1 2L3 4", [[1, 2], [3, 4]]),
        ("m1,2 2,2 h-1 v-3z", [[1, 2], [3, 4], [2, 4], [2, 1], [1, 2]]),
        ("M0 0H5V-1.5", [[0, 0], [5, 0], [5, -1.5]]),
    ],
)
def test_straight_paths(path, points):
    np.testing.assert_allclose(flattened(path), points)


def test_curves_are_on_their_curve():
    np.testing.assert_allclose(flattened("M0,0C0,1 1,1 1,0")[4], [0.5, 0.75])
    np.testing.assert_allclose(flattened("M0 0Q1 2 2 0")[4], [1, 1])
    smooth = flattened("M0 0C0 1 1 1 1 0S2 -1 2 0")
    np.testing.assert_allclose(smooth[12], [1.5, -0.75])  # the mirror image of the first
    np.testing.assert_allclose(flattened("M0 0q1 2 2 0t2 0")[12], [3, -1])
    arc = flattened("M1 0A1 1 0 0 1 0 1")
    np.testing.assert_allclose(np.hypot(*arc.T), 1, atol=1e-3)


@pytest.mark.parametrize(
    "path", ["", "L1 2", "M1", "M1 2", "M1 2 M3 4", "M1 2 L3", "M1 2 Z 3", "M1 2 x", "M1 2 L3 4 x", "garbage"]
)
def test_what_is_no_path(path):
    with pytest.raises(ValueError, match="path"):
        flattened(path)


@pytest.mark.parametrize(
    "bad", ["{", '{"character": "一"}', '{"character": "一", "medians": []}', '{"character": "一", "medians": [[[1]]]}',
            '{"character": "一", "medians": [[[1, NaN]]]}', '{"character": "一", "medians": [[["a", 1]]]}', "[]"]
)  # fmt: skip
def test_a_damaged_line_of_medians_is_named(stroke_data, bad):
    with gzip.open(stroke_data / "strokes.jsonl.gz", "at", encoding="utf-8") as file:
        file.write(bad + "\n")
    with pytest.raises(HandgenError, match=r"line 8 is damaged .*fetch strokes --force"):
        read_hanzi(stroke_data, "一")


def test_a_file_cut_short(stroke_data):
    file = stroke_data / "strokes.jsonl.gz"
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(HandgenError, match="is damaged"):
        read_hanzi(stroke_data, "一")


@pytest.mark.parametrize("bad", ["[", "[]", '{"A": ["M1"]}', '{"A": []}', '{"A": [7]}', '{"A": 7}'])
def test_damaged_kanjivg(stroke_data, bad):
    (stroke_data / "kanjivg.json").write_text(bad)
    if bad == "[]":
        assert read_kanjivg(stroke_data, "A") == {}
        return
    with pytest.raises(HandgenError, match=r"damaged.*fetch kanjivg"):
        read_kanjivg(stroke_data, "A")


def test_each_character_comes_from_the_first_source_that_has_it(stroke_data, heiti):
    found = find_strokes("一Aあ中\ue000", font=str(heiti))
    assert found.table.sources == {"hanzi": 1, "kanjivg": 1, "trace": 2}
    assert found.skipped == {"without strokes": "\ue000"}
    assert found.table.chars == "一Aあ中"
    assert found.table.licenses["hanzi"] == "Arphic-1999, hanzi-writer-data 2.0.1"
    assert found.table.licenses["kanjivg"].startswith("CC-BY-SA")
    assert found.font.path == heiti
    only = find_strokes("一A", ("kanjivg",))
    assert (only.table.sources, only.font) == ({"kanjivg": 2}, None)
    assert digest(only.table) != digest(find_strokes("一A").table)


def test_nothing_to_write_with(stroke_data):
    with pytest.raises(UsageError, match=r"no strokes were found.*fonts fetch strokes"):
        find_strokes("中", ("hanzi", "kanjivg"))
    with pytest.raises(UsageError, match="--font is for tracing"):
        find_strokes("一", ("hanzi",), "Heiti")
    (stroke_data / "kanjivg.json").unlink()
    assert list(find_strokes("一A", ("hanzi", "kanjivg")).skipped) == ["without strokes (kanjivg not fetched)"]
    for text, complaint in (("hanzy", "Did you mean 'hanzi'"), ("hanzi,hanzi", "twice")):
        with pytest.raises(UsageError, match=complaint):
            parse_order(text)


def test_points_are_even_and_corners_are_kept():
    corner = as_strokes([[[0, 0], [0.61, 0], [0.61, 0.37]], [[0.5, 0.5]]])
    points, lengths = resampled(corner)
    assert points.shape == (2, POINTS, 2)
    assert lengths[0] == pytest.approx(0.98, abs=1e-3)
    assert np.abs(points[0] - [0.61, 0]).sum(1).min() == pytest.approx(0, abs=1e-6)
    steps = np.hypot(*np.diff(points[0], axis=0).T)
    assert steps.max() < 1.6 * steps.mean()
    assert 0 < lengths[1] < 0.01
    table = make_table({"A": corner, "B": corner[:1]})
    assert len(table.strokes("A")) == 2
    np.testing.assert_array_equal(table.strokes("B")[0], points[0])
