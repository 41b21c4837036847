from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.fonts.align import (
    MARGIN,
    Alignment,
    aligned_placement,
    far_out,
    fit_alignment,
    oversized,
    source_alignment,
    source_placement,
)
from handgen.fonts.charsets import load_charset
from handgen.fonts.coverage import Coverage, survey
from handgen.fonts.face import FontRef
from handgen.fonts.raster import Rasterizer
from tests.conftest import rectangle

CHARS = "abcdefghijklmnop"
SIZE = 64


def boxes(seed=0):
    random = np.random.default_rng(seed)
    low, high = random.uniform(-0.45, -0.2, (len(CHARS), 2)), random.uniform(0.2, 0.45, (len(CHARS), 2))
    low[:, 1] += 0.3
    high[:, 1] += 0.3
    return np.concatenate([low, high], axis=1)


def canvas(boxes, placement):
    """Left, top, right, bottom in pixels."""
    left, bottom, right, top = boxes.T
    x, y = (lambda v: placement.x + v * placement.scale_x), (lambda v: placement.baseline - v * placement.scale_y)
    return np.stack([x(left), y(top), x(right), y(bottom)], axis=1)


@pytest.mark.parametrize(("font", "charset"), [("heiti", "gb2312-1"), ("caveat", "latin62")])
def test_the_source_fills_the_canvas_and_is_centered(request, font, charset):
    coverage = survey(FontRef(request.getfixturevalue(font)), load_charset(charset))
    placed = canvas(coverage.boxes, source_placement(coverage.boxes, SIZE))
    low, high = np.percentile(placed[:, :2], 1, axis=0), np.percentile(placed[:, 2:], 99, axis=0)
    assert np.allclose((low + high) / 2, SIZE / 2, atol=0.01)
    assert max(high - low) == pytest.approx(SIZE * (1 - 2 * MARGIN))


@given(
    scale=st.tuples(st.floats(0.7, 1.0), st.floats(0.7, 1.0)),
    shift=st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)),
)
def test_a_scaled_and_shifted_copy_lands_on_the_source(scale, shift):
    source, target = boxes(), boxes() * [*scale, *scale] + [*shift, *shift]
    placement = source_placement(source, SIZE)
    alignment = fit_alignment(Coverage(CHARS, source), Coverage(CHARS, target), placement, SIZE)
    aligned = canvas(target, aligned_placement(placement, alignment, SIZE))
    assert np.allclose(aligned, canvas(source, placement), atol=0.01)


def test_alignment_says_how_to_undo_it():
    source, target = boxes(), boxes(1) * 0.8
    placement = source_placement(source, SIZE)
    a = fit_alignment(Coverage(CHARS, source), Coverage(CHARS, target), placement, SIZE)
    aligned = canvas(target, aligned_placement(placement, a, SIZE)) / SIZE - 0.5
    natural = (aligned - [a.dx, a.dy, a.dx, a.dy]) / [a.sx, a.sy, a.sx, a.sy]
    # By Alignment's definition: source pixels per em, source baseline, advance centered.
    left, bottom, right, top = target.T * placement.scale_x / SIZE
    base = placement.baseline / SIZE - 0.5
    assert np.allclose(natural, np.stack([left, base - top, right, base - bottom], axis=1))


def test_the_source_obeys_the_same_definition():
    placement = source_placement(boxes(), SIZE)
    again = aligned_placement(placement, source_alignment(placement, SIZE), SIZE)
    assert again.x == pytest.approx(placement.x)
    assert again.baseline == pytest.approx(placement.baseline)


def test_a_wide_hand_stays_on_the_canvas_and_in_shape():
    target = boxes() * [0.3, 1, 0.3, 1]
    target[0] *= [6, 1, 6, 1]
    placement = source_placement(boxes(), SIZE)
    a = fit_alignment(Coverage(CHARS, boxes()), Coverage(CHARS, target), placement, SIZE)
    placed = canvas(target, aligned_placement(placement, a, SIZE))
    assert np.percentile(placed[:, 0], 1) >= -0.01
    assert np.percentile(placed[:, 2], 99) <= SIZE + 0.01
    assert 1 / 1.61 < a.sx / a.sy < 1.61


def test_few_common_characters_align_nothing():
    source, target = Coverage(CHARS, boxes()), Coverage(CHARS[:7], boxes()[:7] * 0.5)
    assert fit_alignment(source, target, source_placement(boxes(), SIZE), SIZE) == Alignment()


def test_drawn_glyphs_of_an_aligned_copy_match(tiny_font):
    def font(name, scale, dx, dy):
        shapes = {
            char: [
                [(round(scale * x) + dx, round(scale * y) + dy) for x, y in rectangle(100 + 9 * i, 20 * i, 900, 800)]
            ]
            for i, char in enumerate(CHARS)
        }
        return FontRef(tiny_font(name, shapes))

    source, target = font("source.ttf", 1, 0, 0), font("target.ttf", 0.75, 200, -150)
    looks = survey(source, CHARS), survey(target, CHARS)
    placement = source_placement(looks[0].boxes, SIZE)
    alignment = fit_alignment(*looks, placement, SIZE)
    ours = Rasterizer(source, SIZE, placement).draw_all(CHARS).astype(int)
    theirs = Rasterizer(target, SIZE, aligned_placement(placement, alignment, SIZE)).draw_all(CHARS).astype(int)
    assert np.abs(ours - theirs).max() <= 16


@pytest.mark.parametrize("count", [10, 62])
@pytest.mark.parametrize("number", [1, 2])
def test_glyphs_far_out_count_for_nothing(count, number):
    random = np.random.default_rng(count)
    low, high = random.uniform(-0.4, -0.2, (count, 2)), random.uniform(0.2, 0.5, (count, 2))
    plain = np.concatenate([low, high], axis=1)
    odd = plain.copy()
    odd[:number] *= 8
    assert far_out(odd).tolist() == [True] * number + [False] * (count - number)
    assert not far_out(plain).any()
    placement, without = source_placement(odd, SIZE), source_placement(plain[number:], SIZE)
    assert placement == without
    chars = "".join(map(chr, range(0x4E00, 0x4E00 + count)))
    source, target = Coverage(chars, plain), Coverage(chars, odd)
    alignment = fit_alignment(source, target, source_placement(plain, SIZE), SIZE)
    assert alignment.sx == pytest.approx(1, abs=0.05)
    assert alignment.sy == pytest.approx(1, abs=0.05)
    assert oversized(target) == chars[:number]


@pytest.mark.parametrize(("font", "charset"), [("heiti", "gb2312-1"), ("caveat", "latin62"), ("caveat", "ascii")])
def test_no_glyph_of_a_sound_font_is_far_out(request, font, charset):
    coverage = survey(FontRef(request.getfixturevalue(font)), load_charset(charset))
    assert oversized(coverage) == ""


def test_where_a_third_is_large_it_is_the_font():
    both = np.concatenate([boxes(), 9 * boxes()[:8]])
    assert not far_out(both).any()
