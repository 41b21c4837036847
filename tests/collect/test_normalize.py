from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.collect.normalize import Frame, Frames, normalize
from handgen.fonts.align import source_placement
from handgen.fonts.coverage import survey
from handgen.fonts.face import FontRef
from handgen.fonts.raster import Rasterizer
from tests.collect.conftest import written

MIDDLE = Frame(32, 32, 56)


def box(glyph):
    rows, columns = np.nonzero(glyph < 128)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("pixels", [20, 60, 400])
def test_a_font_written_by_itself_lands_on_its_own_glyphs(heiti, pixels):
    ref, chars = FontRef(heiti), "永一丨口银Agj.,-'"
    placement = source_placement(survey(ref, chars).boxes, 64)
    frames, rasterizer = Frames(64, ref, placement), Rasterizer(ref, 64, placement)
    for char in chars:
        found, drawn = normalize(written(heiti, char, pixels), frames.of(char), 64, 255), rasterizer.draw(char)
        assert np.abs(box(found) - box(drawn)).max() <= (3 if pixels < 40 else 2), char
        if pixels >= 60:
            assert np.abs(found.astype(int) - drawn).mean() < 12, char


@given(paper=st.integers(0, 255), ink=st.integers(0, 255), slope=st.floats(-0.5, 0.5), pad=st.integers(3, 20))
def test_polarity_contrast_and_light_do_not_matter(hand, paper, ink, slope, pad):
    if abs(paper - ink) < 100:
        return
    clean = np.pad(hand("R", 60), pad, constant_values=255)
    share = (255 - clean) / (255 - clean.min())
    light = slope * np.arange(clean.shape[1])
    page = (paper + light + share * (ink - paper)).clip(0, 255).round().astype(np.uint8)
    found, expected = normalize(page, MIDDLE, 64), normalize(clean, MIDDLE, 64, 255)
    assert found is not None
    assert np.abs(found.astype(int) - expected).mean() < 6


def test_grays_are_kept():
    page = np.full((80, 80), 255, np.uint8)
    page[10:70, 10:30], page[10:70, 30:50], page[10:70, 50:70] = 190, 128, 30
    found = normalize(page, MIDDLE, 64, 255)
    levels = [int(np.median(found[20:44, left : left + 8])) for left in (9, 28, 47)]
    assert levels[2] < 5
    assert 105 < levels[1] < 145
    assert 170 < levels[0] < 195


def test_bold_ink_is_not_taken_for_paper():
    page = np.full((60, 60), 250, np.uint8)
    page[6:-6, 6:-6] = 20
    assert normalize(page, MIDDLE, 64)[32, 32] < 5
    assert normalize(255 - page, MIDDLE, 64)[32, 32] < 5


@pytest.mark.parametrize("page", [np.full((50, 50), 255), np.zeros((50, 50)), np.full((50, 50), 200), np.zeros((0, 5))])
def test_no_ink_is_none(page):
    assert normalize(page.astype(np.uint8), MIDDLE, 64) is None


def test_noise_is_no_ink():
    noise = np.random.default_rng(0).normal(200, 6, (60, 60)).clip(0, 255).astype(np.uint8)
    assert normalize(noise, MIDDLE, 64) is None


@given(st.floats(-20, 90), st.floats(-20, 90), st.floats(2, 200), st.sampled_from([(3, 80), (80, 3), (30, 30)]))
def test_nothing_leaves_the_canvas(x, y, extent, shape):
    page = np.zeros(shape, np.uint8)
    found = normalize(page, Frame(x, y, extent), 64, 255)
    height, width = shape
    scale = min(extent, 64 * 0.92) / max(shape)
    assert found.shape == (64, 64)
    assert np.sum(255 - found.astype(float)) / 255 == pytest.approx(height * width * scale**2, rel=0.35, abs=3)
