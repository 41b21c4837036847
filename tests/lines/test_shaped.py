from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import label

from handgen.fonts.contours import Contours, Drawable, Outline, joined
from handgen.fonts.face import FontRef
from handgen.fonts.shaping import Shaper
from handgen.glyphs.ink import INK
from handgen.lines.joins import join, stroke_width
from handgen.lines.shaped import LineFont, draw_shaped_habits

HEIGHT = 64


@pytest.fixture(scope="module")
def lines(dancing_script, amiri, frank, kalam, heiti):
    texts = [
        (dancing_script, "L’été, difficile à Éric ?"),
        (amiri, "في البدءِ كانَ (abc) ١٢٣"),
        (frank, "שָׁלוֹם עולם 12 abc"),
        (kalam, "हिन्दी कि क्षत्रिय"),
        (heiti, "中文（上）OCR 2024，好。"),
    ]
    return [(LineFont(FontRef(font)), text) for font, text in texts]


@pytest.mark.parametrize("vertical", [False, True])
def test_lines_hold_their_ink_and_boxes(lines, vertical):
    for font, text in lines:
        for number in range(8):
            line = font.draw(text, height=HEIGHT, seed=3, line=number, vertical=vertical)
            assert line.text == text
            assert line.image.shape[1 if vertical else 0] == HEIGHT
            edges = (line.image[0], line.image[-1], line.image[:, 0], line.image[:, -1])
            assert min(edge.min() for edge in edges) > INK
            assert [box is None for box in line.boxes] == [char == " " for char in text]
            covered = np.zeros(line.image.shape, bool)
            for x0, y0, x1, y1 in filter(None, line.boxes):
                assert 0 <= x0 < x1 <= line.image.shape[1]
                assert 0 <= y0 < y1 <= line.image.shape[0]
                assert line.image[y0:y1, x0:x1].min() < INK
                covered[y0:y1, x0:x1] = True
            assert not ((line.image < INK) & ~covered).any()


def test_characters_of_a_cluster_share_a_box(lines):
    for font, text in lines:
        line = font.draw(text, height=HEIGHT, seed=0, line=0)
        for start, stop in Shaper(font.ref).shape(text).spans():
            assert len({*line.boxes[start:stop]} - {None}) < 2


def test_right_to_left_words_begin_on_the_right(lines):
    font, text = lines[1]
    boxes = font.draw(text, height=HEIGHT, seed=0, line=0).boxes
    arabic, latin, digits = boxes[0], boxes[text.index("a")], boxes[-1]
    assert digits[0] < latin[0] < arabic[0]
    assert boxes[text.index("a")][0] < boxes[text.index("c")][0]


def test_a_line_depends_on_its_number_and_the_seed_alone(lines):
    for font, text in lines:
        first = font.draw(text, height=HEIGHT, seed=1, line=5).image
        np.testing.assert_array_equal(first, LineFont(font.ref).draw(text, height=HEIGHT, seed=1, line=5).image)
        for other in (font.draw(text, height=HEIGHT, seed=1, line=6), font.draw(text, height=HEIGHT, seed=2, line=5)):
            assert other.image.shape != first.shape or (other.image != first).any()


def test_without_variation_letters_are_those_of_the_font(lines):
    font, _ = lines[0]

    def letters(vary):
        line = LineFont(font.ref, vary=vary).draw("o o o o", height=HEIGHT, seed=0, line=0)
        return [(box[2] - box[0], box[3] - box[1]) for box in line.boxes if box]

    still = np.array(letters(0.0))
    assert np.ptp(still, axis=0).max() <= 1
    assert len(set(letters(1.0))) > 2


def test_what_a_font_lacks_is_left_out_of_image_and_label(lines):
    font, _ = lines[0]
    line = font.draw("abc 龘 def", height=HEIGHT, seed=0, line=0)
    assert line.text == "abc def"
    assert len(line.boxes) == len(line.text)
    assert font.draw("龘", height=HEIGHT, seed=0, line=0).text == ""


@pytest.mark.parametrize("height", [16, 32, 128])
def test_heights(lines, height):
    for font, text in lines:
        line = font.draw(text, height=height, seed=0, line=1)
        assert line.image.shape[0] == height
        ink = np.flatnonzero((line.image < 128).any(axis=1))
        assert np.ptp(ink) > 0.35 * height


def test_long_lines_of_heavy_outlines(heiti):
    """More points than FreeType counts in one outline."""
    text = "齉龘麤" * 80
    font = LineFont(FontRef(heiti))
    line = font.draw("纛鬣麟囊攥矗罐" * 30, height=32, seed=0, line=0)
    assert len(line.text) == 210
    assert all(line.image[y0:y1, x0:x1].min() < INK for x0, y0, x1, y1 in line.boxes)
    assert set(font.draw(text, height=32, seed=0, line=0).text) <= set(text)


def test_letters_that_a_font_sets_apart_are_joined_by_some_writers(indie_flower, permanent_marker):
    """Joined letters are one piece of ink; where joins end, words are apart as ever."""
    found = {}
    for name, ref in {"print": indie_flower, "capitals": permanent_marker}.items():
        font = LineFont(FontRef(ref))
        found[name] = [
            (draw_shaped_habits(0, number, 1.0).joins, label(line.image < INK).max())
            for number in range(40)
            if (line := font.draw("ananananan mamama", height=HEIGHT, seed=0, line=number)).text
        ]
    apart = [pieces for joins, pieces in found["print"] if joins <= 0]
    together = [pieces for joins, pieces in found["print"] if joins > 0.95]
    assert len(apart) > 5
    assert len(together) > 3
    assert min(apart) >= 14
    assert np.median(together) <= 4
    assert min(together) >= 2
    assert min(pieces for _, pieces in found["capitals"]) > 8
    still = LineFont(FontRef(indie_flower), vary=0.0)
    assert label(still.draw("ananananan", height=HEIGHT, seed=0, line=3).image < 160).max() == 10


def test_a_join_goes_from_the_end_of_a_letter_to_the_beginning_of_the_next():
    def box(left, right, top):
        corners = np.array([[left, 0], [right, 0], [right, top], [left, top]], float)
        return Outline(corners, np.ones(4, np.uint8), np.array([3]))

    stroke = join(box(0.0, 0.3, 0.4), box(0.5, 0.8, 0.4), ("a", "n"), 0.4, 0.05)
    left, right = stroke.points[:, 0].min(), stroke.points[:, 0].max()
    assert 0.2 < left < 0.3
    assert 0.5 < right < 0.6
    assert stroke_width(box(0, 1, 10)) == pytest.approx(1, abs=0.2)
    assert join(box(0.0, 0.3, 0.4), box(1.5, 1.8, 0.4), ("a", "n"), 0.4, 0.05) is None, "too far"
    assert join(box(0.0, 0.3, 0.4), box(0.5, 0.8, 0.4), ("g", "n"), 0.4, 0.05) is None, "its tail goes elsewhere"


def test_pens_are_thinner_and_broader_than_the_fonts_strokes(lines):
    """Outlines move on both sides of a stroke: ink is lost and won, and stays where it is."""
    for ref in {font.ref for font, _ in lines}:
        font = LineFont(ref)
        text = next(text for other, text in lines if other.ref == ref)
        shaped = Shaper(ref).shape(text)
        whole, owners = joined([Contours(ref).glyph(number) for number in shaped.glyphs.tolist()])
        outline = Outline((whole.points + shaped.origins[owners] + 0.5) * 64, whole.tags, whole.ends)
        made = []
        for pixels in (-1.0, 0.0, 1.0):
            drawn = Drawable(outline, owners, len(shaped.glyphs))
            drawn.embolden(pixels)
            made.append(drawn.fill((128, int((shaped.length + 1) * 64))).astype(int))
        thin, usual, broad = made
        assert thin.sum() < 0.9 * usual.sum()
        assert broad.sum() > 1.1 * usual.sum()
        assert np.maximum(thin - usual, 0).sum() < 0.04 * usual.sum()
        assert np.maximum(usual - broad, 0).sum() < 0.04 * usual.sum()
        inks = [1 - font.draw(text, height=HEIGHT, seed=0, line=number).image.mean() / 255 for number in range(12)]
        assert max(inks) > 1.4 * min(inks)
