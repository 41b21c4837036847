from __future__ import annotations

import numpy as np
import pytest
from fontTools.pens.areaPen import AreaPen
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handgen.errors import FontError
from handgen.fonts.face import FontRef
from handgen.fonts.raster import Placement, Rasterizer, source_glyphs
from tests.conftest import rectangle

SIZE = 64


def ink(image):
    """Ink in pixels."""
    return float((255 - image.astype(float)).sum() / 255)


def edges(image):
    """Left, top, right, bottom of the ink, to a fraction of a pixel for straight edges."""
    coverage = (255 - image.astype(float)) / 255
    columns, rows = coverage.max(0), coverage.max(1)
    x, y = np.flatnonzero(columns), np.flatnonzero(rows)
    return (
        x[0] + 1 - columns[x[0]],
        y[0] + 1 - rows[y[0]],
        x[-1] + columns[x[-1]],
        y[-1] + rows[y[-1]],
    )


def test_a_glyph_lands_where_the_placement_says(tiny_font):
    path = tiny_font("r.ttf", {"a": [rectangle(100, -100, 500, 700)]}, advance=800)
    placement = Placement(scale_x=40, scale_y=50, x=30.25, baseline=45.5)
    left, top, right, bottom = edges(Rasterizer(FontRef(path), SIZE, placement).draw("a"))
    # In em from the middle of the advance: -0.3 to 0.1; from the baseline: -0.1 to 0.7.
    assert left == pytest.approx(30.25 - 0.3 * 40, abs=0.03)
    assert right == pytest.approx(30.25 + 0.1 * 40, abs=0.03)
    assert top == pytest.approx(45.5 - 0.7 * 50, abs=0.03)
    assert bottom == pytest.approx(45.5 + 0.1 * 50, abs=0.03)


@pytest.mark.parametrize("char", "永国银鼠0")
def test_ink_and_box_are_those_of_the_outline(heiti, char):
    scale, baseline = 60.0, 52.0
    image = Rasterizer(FontRef(heiti), SIZE, Placement(scale, scale, SIZE / 2, baseline)).draw(char)
    font = TTFont(heiti)
    glyphs, name = font.getGlyphSet(), font.getBestCmap()[ord(char)]
    area, bounds = AreaPen(glyphs), BoundsPen(glyphs)
    glyphs[name].draw(area)
    glyphs[name].draw(bounds)
    left, bottom, right, top = (value / font["head"].unitsPerEm * scale for value in bounds.bounds)
    shift = SIZE / 2 - glyphs[name].width / font["head"].unitsPerEm * scale / 2
    assert ink(image) == pytest.approx(abs(area.value) * (scale / font["head"].unitsPerEm) ** 2, rel=0.01)
    rows, columns = np.nonzero(image < 255)
    assert columns.min() == int(left + shift)
    assert columns.max() == int(right + shift)
    assert rows.min() == int(baseline - top)
    assert rows.max() == int(baseline - bottom)


@given(
    scale_x=st.floats(10, 200),
    scale_y=st.floats(10, 200),
    x=st.floats(-60, 120),
    baseline=st.floats(-60, 120),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_no_glyph_is_ever_cut_off(tmp_path_factory, kalam, scale_x, scale_y, x, baseline):
    image = Rasterizer(FontRef(kalam), SIZE, Placement(scale_x, scale_y, x, baseline)).draw("g")
    reference = Rasterizer(FontRef(kalam), 512, Placement(scale_x, scale_y, 256, 256)).draw("g")
    rows, columns = np.nonzero(reference < 255)
    shrink = min(1.0, SIZE / (np.ptp(rows) + 1), SIZE / (np.ptp(columns) + 1))
    assert ink(image) == pytest.approx(ink(reference) * shrink**2, rel=0.06, abs=0.5)


def test_an_image_is_dark_on_white_and_owned(heiti):
    rasterizer = Rasterizer(FontRef(heiti), SIZE, Placement(60, 60, 32, 52))
    images = rasterizer.draw_all("永永国")
    assert images.dtype == np.uint8
    assert images.shape == (3, SIZE, SIZE)
    assert images.min() == 0
    assert images[0, 0, 0] == 255
    assert np.array_equal(images[0], images[1])
    assert np.array_equal(images[2], rasterizer.draw("国"))


def test_a_character_the_font_lacks_is_named(caveat):
    with pytest.raises(FontError, match="no glyph for '永'"):
        Rasterizer(FontRef(caveat), SIZE, Placement(60, 60, 32, 52)).draw("永")


def test_source_glyphs_skips_what_the_font_lacks(caveat):
    images, drawn, skipped = source_glyphs(FontRef(caveat), 128, Placement(90, 90, 60, 90), "a永b")
    assert drawn == "ab"
    assert skipped == {"missing": "永"}
    assert np.array_equal(images[1], Rasterizer(FontRef(caveat), 128, Placement(90, 90, 60, 90)).draw("b"))
