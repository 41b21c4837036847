"""The way of the pen from one Chinese character to the next."""

from __future__ import annotations

import numpy as np
import pytest

from handgen.glyphs.ink import INK
from handgen.lines.compose import compose
from handgen.strokes.ends import Ends

SIDE = 64


def slashes(count):
    """Characters of one stroke from the upper left to the lower right, and where the pen enters and leaves."""
    glyphs = np.full((count, SIDE, SIDE), 255, np.uint8)
    for step in range(14, 50):
        glyphs[:, step - 1 : step + 2, step - 1 : step + 2] = 0
    values = np.zeros((count, 11), np.float32)
    values[:, 0:2], values[:, 4:6] = 14 / SIDE, 50 / SIDE
    values[:, 2:4] = values[:, 6:8] = np.sqrt(0.5)
    values[:, 8:] = 0.05, 1.0, 0.0
    return glyphs, Ends(values)


def going(count, *after, reach=1.5):
    """The same, of which the pen goes on after some."""
    glyphs, ends = slashes(count)
    ends.values[list(after), 10] = reach
    return glyphs, ends


def both(text, glyphs, ends, **options):
    """A line with joins, and without."""
    how = {"height": 64, "seed": 1, "line": 0} | options
    return compose(glyphs, text, ends=ends, **how), compose(glyphs, text, **how)


@pytest.mark.parametrize("vertical", [False, True])
def test_the_way_is_between_the_two_and_nothing_else_changes(vertical):
    line, bare = both("天地人", *going(3, 1), vertical=vertical)
    assert line.notes == {"joined": [1]}
    assert bare.notes == {}
    assert (line.text, line.boxes) == (bare.text, bare.boxes)
    y, x = np.nonzero(line.image != bare.image)
    assert len(x) > 10
    assert (line.image <= bare.image).all()
    along, edges = (y, [1, 3]) if vertical else (x, [0, 2])
    before, after = line.boxes[1], line.boxes[2]
    assert along.min() > before[edges[0]]
    assert along.max() < after[edges[1]]
    # From the one to the other there is ink, without a break.
    joined = line.image < INK
    inside = slice(before[edges[1]], after[edges[0]])
    gap = joined[inside] if vertical else joined[:, inside].T
    assert len(gap)
    assert gap.any(axis=1).all()


def test_pixels_are_the_same_where_the_pen_is_lifted():
    for ends in (slashes(4)[1], Ends.none(4)):
        line, bare = both("天地人大", slashes(4)[0], ends)
        np.testing.assert_array_equal(line.image, bare.image)
        assert not line.notes


@pytest.mark.parametrize(
    ("text", "count"), [("天 地", 2), ("天，", 2), ("，天", 2), ("天a", 2), ("7天", 2)], ids=lambda value: str(value)
)
def test_the_pen_is_lifted_at_spaces_marks_letters_and_digits(text, count):
    line, bare = both(text, *going(count, 0, reach=9))
    np.testing.assert_array_equal(line.image, bare.image)


def test_the_pen_goes_no_farther_than_it_reaches():
    assert both("天地", *going(2, 0, reach=0.2))[0].notes == {}
    assert both("天地", *going(2, 0, reach=1.2))[0].notes == {"joined": [0]}


def test_no_way_leads_through_a_character():
    glyphs, ends = going(2, 0)
    glyphs[1, 4:60, 5:8] = 0  # an upright before the stroke that the pen would enter
    assert both("天地", glyphs, ends)[0].notes == {}


def test_a_character_that_is_left_out_is_not_written_over():
    glyphs, ends = going(3, 0, 1)
    glyphs[1] = 255
    line, bare = both("天地人", glyphs, ends)
    assert line.text == "天人"
    np.testing.assert_array_equal(line.image, bare.image)


def test_positions_count_spaces_and_four_are_joined_at_most():
    glyphs, ends = going(8, *range(8))
    line, _ = both("天 地人大小口三十", glyphs, ends)
    assert line.notes == {"joined": [2, 3, 4, 6, 7]}
