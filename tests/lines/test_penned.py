"""Lines by the pen: joined within a word, each letter in its position, and what is written said rightly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from handgen.lines.paper import Paper
from handgen.sources.base import Opening
from handgen.sources.spec import SourceSpec
from handgen.sources.traced import TracedSource
from tests.strokes.conftest import stroke_data

__all__ = ["stroke_data"]

CHARS = "abcdefghijklmnopqrstuvwxyzéàçLM.,’'"


@pytest.fixture(scope="module")
def running(caveat):
    return _source(caveat, "0.97,1")


@pytest.fixture(scope="module")
def printed(caveat):
    return _source(caveat, "0,0.02")


def _source(font, cursiveness):
    spec = SourceSpec(source="traced", fonts=str(font), styles="12", cursiveness=cursiveness, strokes="trace")
    return TracedSource.open(spec, CHARS, Opening())


def _pieces(image):
    """Return how many pieces the ink is in, by spreading the highest number of each piece over it."""
    ink = torch.from_numpy(image < 160).float()[None, None]
    number = (torch.arange(ink.numel(), dtype=torch.float32).reshape(ink.shape) + 1) * ink
    while True:
        spread = torch.nn.functional.max_pool2d(number, 3, 1, 1) * ink
        if torch.equal(spread, number):
            return len(number.unique()) - 1
        number = spread


def _lines(source, text, count=12, height=64, **options):
    return [
        source.line_font(line % 12).draw(text, height=height, seed=4, line=line, **options) for line in range(count)
    ]


def test_a_running_hand_joins_the_letters_of_a_word_and_a_neat_one_does_not(running, printed):
    joined, apart = (
        [_pieces(line.image) for line in _lines(source, "unamum", 6, height=40)] for source in (running, printed)
    )
    assert np.median(joined) == 1, joined
    assert np.median(apart) >= 5, apart
    two = [_pieces(line.image) for line in _lines(running, "mum num", 4, height=40)]
    assert min(two) >= 2, "the pen is lifted between words"


def test_text_and_boxes_are_those_of_the_line_and_letters_keep_their_order(running, printed):
    text = "Le chat, l’été à Ménil."
    for line in _lines(running, text) + _lines(printed, text):
        assert line.text == text
        assert [box is None for box in line.boxes] == [char == " " for char in text]
        boxes = np.array([box for box in line.boxes if box])
        height, width = line.image.shape
        assert height == 64
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, 2:] <= [width, height]).all()
        middles = boxes[:, ::2].mean(1)
        assert (np.diff(middles) > -0.1 * height).all()
        assert (np.array([np.asarray(line.image)[y0:y1, x0:x1].min() for x0, y0, x1, y1 in boxes]) < 160).all()


def test_who_writes_fast_is_less_neat_and_it_is_said_of_each_line(running, printed):
    fast, slow = ([line.notes["neatness"] for line in _lines(source, "mer", 6)] for source in (running, printed))
    assert 0 <= min(fast) <= max(fast) < min(slow) <= max(slow) <= 1


def test_what_cannot_be_written_is_not_said(running):
    (line,) = _lines(running, "mer 猫 a", 1)
    assert line.text == "mer a"
    (line,) = _lines(running, "猫", 1)
    assert (line.text, line.boxes) == ("", [])


def test_a_line_follows_from_its_number_and_its_writer_alone(running):
    font = running.line_font(3)
    first, again, other = (font.draw("un chat", height=48, seed=1, line=number) for number in (5, 5, 6))
    assert np.array_equal(first.image, again.image)
    assert first.image.shape != other.image.shape or not np.array_equal(first.image, other.image)


def test_a_column_is_the_line_turned(running):
    font = running.line_font(0)
    line, column = (font.draw("le chat", height=48, seed=1, line=2, vertical=vertical) for vertical in (False, True))
    assert np.array_equal(np.rot90(line.image, -1), column.image)
    for box in filter(None, column.boxes):
        x0, y0, x1, y1 = box
        assert column.image[y0:y1, x0:x1].min() < 160


def test_words_are_crossed_out_and_neighbors_reach_in(running):
    text = "un chat dort ici"
    struck = _lines(running, text, 4, paper=Paper(corrections=1.0))
    assert all(line.text == text and line.notes["struck"] for line in struck)
    plain, beside = (_lines(running, text, 6, paper=Paper(neighbors=share)) for share in (0.0, 1.0))
    assert sum((b.image < 200).sum() for b in beside) > sum((p.image < 200).sum() for p in plain)


def test_chinese_is_written_character_by_character(stroke_data, caveat):
    spec = SourceSpec(source="traced", fonts=str(caveat), styles="2")
    assert TracedSource.open(spec, "ab十口", Opening()).line_font(0) is None
