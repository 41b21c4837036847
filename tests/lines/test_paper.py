from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.fonts.face import FontRef
from handgen.glyphs.ink import INK
from handgen.lines.cut import Limits
from handgen.lines.draws import Draw
from handgen.lines.paper import Paper, beside, slip
from handgen.lines.shaped import LineFont
from handgen.seeds import generator


def draw_of(number):
    return Draw(generator(0, "test", number), "", Limits())


@given(st.lists(st.text("abcdé-'", min_size=1, max_size=8), min_size=1, max_size=6), st.integers(0, 99))
def test_a_slip_is_a_word_more(words, number):
    text = " ".join(words)
    for struck in ("", "<del>{}</del>", "#"):
        wrong = slip(text, draw_of(number), struck)
        if wrong is None:
            assert all(sum(map(str.isalpha, word)) < 3 for word in words)
            continue
        word = wrong.text[wrong.start : wrong.stop]
        assert wrong.text[: wrong.start] + wrong.text[wrong.stop + 1 :] == text
        assert word
        said = struck.replace("{}", word)
        assert wrong.label == text[: wrong.start] + (said + " " if said else "") + text[wrong.start :]
        assert len(wrong.positions) == len(wrong.label)
        if not struck:
            assert "".join(wrong.text[index] for index in wrong.positions) == text


@pytest.fixture(scope="module")
def texts(indie_flower, amiri, kalam):
    pairs = (indie_flower, "le texte français"), (amiri, "في البدءِ كانَ الكلمة"), (kalam, "हिन्दी भाषा क्षत्रिय")
    return [(LineFont(FontRef(font)), text) for font, text in pairs]


def test_a_crossed_out_word_is_in_the_image_and_not_in_the_label(texts):
    for font, text in texts:
        for number in range(10):
            options = {"height": 64, "seed": 0, "line": number}
            plain, wrong = (font.draw(text, **options, paper=Paper(share)) for share in (0.0, 1.0))
            assert plain.text == wrong.text == text
            assert "struck" in wrong.notes
            assert "struck" not in plain.notes
            assert wrong.image.shape[1] > plain.image.shape[1]
            assert len(wrong.boxes) == len(text)
            ink = np.zeros(wrong.image.shape, bool)
            for box in filter(None, wrong.boxes):
                x0, y0, x1, y1 = box
                assert wrong.image[y0:y1, x0:x1].min() < INK
                ink[y0:y1, x0:x1] = True
            assert ((wrong.image < INK) & ~ink).sum() > 20, "the word that is crossed out has no box"
            marked = font.draw(text, **options, paper=Paper(1.0, "[{}]"))
            np.testing.assert_array_equal(marked.image, wrong.image)
            assert marked.text.replace(f"[{wrong.notes['struck']}] ", "", 1) == text
            assert [box is None for box in marked.boxes] == [char == " " for char in marked.text]


def test_strokes_cross_the_word(texts):
    """There is more ink where the word is than the word alone has."""
    font, text = texts[0]
    for number in range(10):
        line = font.draw(text, height=64, seed=0, line=number, paper=Paper(1.0, "[{}]"))
        start = line.text.index("[")
        x0, y0, x1, y1 = line.boxes[start + 1]
        assert x1 > x0
        assert y1 > y0
    shares = [
        np.mean([np.mean(font.draw(text, height=64, seed=0, line=n, paper=Paper(s)).image < 128) for n in range(20)])
        for s in (0.0, 1.0)
    ]
    assert shares[1] > 1.05 * shares[0]


@pytest.mark.parametrize("vertical", [False, True])
def test_neighbors_reach_in_from_the_edges_alone(texts, vertical):
    touched = 0
    for font, text in texts:
        for number in range(8):
            options = {"height": 64, "seed": 0, "line": number, "vertical": vertical}
            alone, among = (font.draw(text, **options, paper=Paper(neighbors=share)) for share in (0.0, 1.0))
            assert (alone.text, alone.boxes) == (among.text, among.boxes)
            assert alone.image.shape == among.image.shape
            added = alone.image != among.image
            added = added.T if vertical else added
            assert (among.image <= alone.image).all()
            assert not added[19:45].any()
            touched += added.any()
    assert touched > 15


def test_neighbors_above_and_below():
    blank, full = np.full((40, 60), 255, np.uint8), np.zeros((40, 30), np.uint8)
    above, below = (beside(blank, full, draw_of(1), above=side) for side in (True, False))
    assert (above[0] == 0).sum() == (below[-1] == 0).sum() == 30
    assert above[-1].min() == below[0].min() == 255


def test_nothing_happens_unless_it_is_asked_for(texts):
    font, text = texts[0]
    line = font.draw(text, height=64, seed=0, line=3)
    np.testing.assert_array_equal(line.image, font.draw(text, height=64, seed=0, line=3, paper=Paper()).image)
    assert set(line.notes) == {"slant"}
