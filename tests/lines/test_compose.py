from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from skimage.measure import label, regionprops

from handgen.glyphs.ink import INK
from handgen.lines.compose import compose
from handgen.lines.drops import drops_of

TEXTS = (
    "一丁七万丈三上下，不与丐丑。",
    "Hello, gypsy quiz!",
    "A1（上）2024 世界",
    "7",
    "一",
    "……丁—“上”",
    "(a) b: c; d.",
)


def line_of(drawing, text, number=0, **options):
    return compose(drawing.glyphs(text), text, **{"height": 48, "seed": 0, "line": number} | options)


@pytest.mark.parametrize("vertical", [False, True])
@pytest.mark.parametrize("height", [32, 48, 64])
def test_the_image_is_as_high_as_asked_and_holds_all_ink(drawing, height, vertical):
    for number, text in enumerate(TEXTS * 6):
        line = line_of(drawing, text, number, height=height, vertical=vertical)
        assert line.image.dtype == np.uint8
        assert line.image.shape[1 if vertical else 0] == height
        assert line.text == text
        edges = (line.image[0], line.image[-1], line.image[:, 0], line.image[:, -1])
        assert min(edge.min() for edge in edges) >= INK - 30
        assert line.image.min() < 60


@pytest.mark.parametrize("vertical", [False, True])
def test_boxes_hold_each_glyphs_ink_and_no_more(drawing, vertical):
    for number, text in enumerate(TEXTS):
        whole = line_of(drawing, text, number, vertical=vertical)
        assert [box is None for box in whole.boxes] == [char == " " for char in text]
        ink = np.zeros(whole.image.shape, bool)
        for box in filter(None, whole.boxes):
            x0, y0, x1, y1 = box
            assert 0 <= x0 < x1 <= whole.image.shape[1]
            assert 0 <= y0 < y1 <= whole.image.shape[0]
            part = whole.image[y0:y1, x0:x1] < INK
            for edge in (part[0], part[-1], part[:, 0], part[:, -1]):
                assert edge.any()
            ink[y0:y1, x0:x1] = True
        assert not ((whole.image < INK) & ~ink).any()


def test_boxes_are_those_of_the_components():
    """Solid squares, far apart: what an independent measurement finds are the boxes."""
    glyphs = np.full((5, 64, 64), 255, np.uint8)
    glyphs[:, 20:44, 18:46] = 0
    line = compose(glyphs, "口口 口口口", height=64, seed=0, line=3)
    found = sorted(region.bbox for region in regionprops(label(line.image < INK)))
    boxes = sorted((y0, x0, y1, x1) for x0, y0, x1, y1 in filter(None, line.boxes))
    assert [box[1] for box in found] == [box[1] for box in boxes]
    assert sorted(found) == boxes


def test_solid_ink_stays_solid():
    """Whatever the size: resampling must not weave a pattern into strokes."""
    glyphs = np.full((1, 64, 64), 255, np.uint8)
    glyphs[:, 12:52, 12:52] = 0
    for number, height in enumerate((24, 32, 48, 64, 96) * 8):
        line = compose(glyphs, "口", height=height, seed=0, line=number)
        ((x0, y0, x1, y1),) = line.boxes
        assert line.image[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2].max() == 0


def test_characters_follow_one_another(drawing):
    for number, text in enumerate(TEXTS):
        boxes = [box for box in line_of(drawing, text, number).boxes if box]
        lefts = [box[0] for box in boxes]
        assert lefts == sorted(lefts)
        tall = [box for box in line_of(drawing, text, number, vertical=True).boxes if box]
        assert [box[1] for box in tall] == sorted(box[1] for box in tall)


def test_where_boxes_overlap_no_ink_is_lost():
    """An L before a 7-like shape: the paper of the second must not rub out the foot of the first."""
    glyphs = np.full((2, 64, 64), 255, np.uint8)
    glyphs[0, 8:56, 10:14] = glyphs[0, 52:56, 10:50] = 0
    glyphs[1, 8:56, 46:50] = glyphs[1, 8:12, 10:50] = 0
    line = compose(glyphs, "L7", height=48, seed=0, line=0)
    (x0, y0, x1, y1), (u0, v0, u1, v1) = line.boxes
    assert x1 > u0 + 2
    assert line.image[y1 - 4 : y1, x0 + 1 : x1 - 1].min(axis=0).max() < 120
    assert line.image[v0 : v0 + 4, u0 + 1 : u1 - 1].min(axis=0).max() < 120
    assert y0 < v1


def test_a_glyph_without_ink_takes_its_character_along(drawing):
    text = "上A 下B 丁"
    glyphs = drawing.glyphs(text).copy()
    glyphs[[1, 2]] = 230
    line = compose(glyphs, text, height=48, seed=0, line=0)
    assert line.text == "上 B 丁"
    assert len(line.boxes) == 5
    blank = compose(np.full((2, 64, 64), 255, np.uint8), "ab", height=48, seed=0, line=0)
    assert (blank.text, blank.boxes) == ("", [])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.integers(0, 2**40), st.integers(0, 9))
def test_a_line_depends_on_its_number_and_the_seed(drawing, number, seed):
    image = line_of(drawing, TEXTS[0], number, seed=seed).image
    np.testing.assert_array_equal(image, line_of(drawing, TEXTS[0], number, seed=seed).image)
    other = line_of(drawing, TEXTS[0], number + 1, seed=seed).image
    assert image.shape != other.shape or (image != other).any()


def test_the_hand_keeps_gaps_between_words(drawing):
    boxes = line_of(drawing, "ab cd").boxes
    inside, between = boxes[1][0] - boxes[0][2], boxes[3][0] - boxes[1][2]
    assert between > inside + 4


def test_a_full_stop_sits_low_in_a_line_and_right_in_a_column(drawing):
    for number in range(10):
        across, down = (line_of(drawing, "上下。中", number, vertical=vertical) for vertical in (False, True))
        before, stop = across.boxes[1], across.boxes[2]
        assert (stop[1] + stop[3]) / 2 > (before[1] + before[3]) / 2 + 5
        before, stop = down.boxes[1], down.boxes[2]
        assert (stop[0] + stop[2]) / 2 > (before[0] + before[2]) / 2 + 5


def test_words_and_brackets_are_turned_in_a_column(drawing):
    across, down = (line_of(drawing, "（上）lll7", vertical=vertical).boxes for vertical in (False, True))

    def tall(box):
        return box[3] - box[1] > box[2] - box[0]

    for number in (0, 2, 3, 4):
        assert tall(across[number])
        assert not tall(down[number])
    assert tall(line_of(drawing, "上1下", vertical=True).boxes[1])


def test_letters_that_were_moved_up_come_down_again(drawing):
    """On a canvas of ideographs there is no room below the baseline for a g or p."""
    drops = drops_of(drawing.ref, drawing.raster, drawing.chars)
    assert {*"gjpqy"} <= set(drops)
    assert not {*"aehx上一"} & set(drops)

    def rise(number, **options):
        x, p = line_of(drawing, "xp", number, **options).boxes
        return (x[1] - p[1]) / (x[3] - x[1])

    x_height = (drawing.glyphs("x")[0] < INK).any(axis=1).sum() / 64
    lowered = np.mean([rise(number) - rise(number, drops=drops) for number in range(60)])
    assert lowered == pytest.approx(drops["p"] / x_height, abs=0.03)
