from __future__ import annotations

import numpy as np
from fontTools.ttLib import TTFont

from handgen.fonts.charsets import load_charset
from handgen.fonts.coverage import survey
from handgen.fonts.face import FontRef
from tests.conftest import BOX, rectangle


def test_a_real_chinese_font_draws_the_whole_set(heiti):
    chars = load_charset("gb2312-1")
    coverage = survey(FontRef(heiti), chars)
    assert coverage.drawn == chars
    assert coverage.skipped == {}
    assert coverage.boxes.shape == (len(chars), 4)


def test_the_cmap_is_not_believed(tiny_font):
    shapes = (
        {
            "a": [rectangle(100, 0, 400, 500)],
            "b": [rectangle(100, 0, 500, 600)],
            "c": [],
            "d": [[(100, 0), (500, 600), (300, 300)]],  # a line there and back
            "e": BOX,
            "f": [contour[1:] + contour[:1] for contour in BOX],  # the same box, begun elsewhere
            "g": [rectangle(0, 0, 1, 1)],
        }
        | {char: [rectangle(50, 50, 350, 350)] for char in "pqrs"}
    )
    coverage = survey(FontRef(tiny_font("liar.ttf", shapes)), "abcdefgpqrsxy")
    assert coverage.drawn == "ab"
    assert coverage.skipped == {"missing": "xy", "blank": "cdg", "tofu": "ef", "shared": "pqrs"}


def test_lookalikes_are_kept(tiny_font):
    shapes = {char: [rectangle(100, 0, 600, 700)] for char in "AΑА"}
    coverage = survey(FontRef(tiny_font("greek.ttf", shapes, notdef=[])), "AΑА")
    assert coverage.drawn == "AΑА"


def test_equal_boxes_with_different_ink_are_kept(tiny_font):
    def with_notch(x):
        return [[(0, 0), (0, 800), (x, 800), (x + 50, 400), (x + 100, 800), (800, 800), (800, 0)]]

    shapes = {char: with_notch(100 + 90 * i) for i, char in enumerate("国固囚因困")}
    assert survey(FontRef(tiny_font("square.ttf", shapes)), "国固囚因困").drawn == "国固囚因困"


def test_a_damaged_glyph_costs_itself_alone(tiny_font, tmp_path):
    path = tiny_font("whole.ttf", {char: [rectangle(0, 0, 100 * i, 500)] for i, char in enumerate("abc", 1)})
    with TTFont(path) as font:
        start = font["loca"][font.getGlyphID("u0062")] + font.reader.tables["glyf"].offset
    data = bytearray(path.read_bytes())
    data[start : start + 2] = (30000).to_bytes(2, "big")  # contours that are not there
    path.write_bytes(data)
    coverage = survey(FontRef(path), "abc")
    assert coverage.drawn == "ac"
    assert coverage.skipped == {"damaged": "b"}


def test_boxes_are_em_from_the_middle_of_the_advance(tiny_font):
    path = tiny_font("box.ttf", {"a": [rectangle(100, -200, 500, 700)]}, advance=800)
    assert np.allclose(survey(FontRef(path), "a").boxes, [[-0.3, -0.2, 0.1, 0.7]], atol=1e-4)
