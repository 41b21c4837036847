"""Fast writers join strokes of traced Chinese characters, in a plausible order; others write them as traced."""

from __future__ import annotations

import numpy as np

from handgen.seeds import keys
from handgen.strokes.base import LIFTED, ONWARD, resampled
from handgen.strokes.forms import Forms
from handgen.strokes.hands import shipped_hands
from handgen.strokes.haste import writing_order
from handgen.strokes.motion import Hand, Written, write
from handgen.strokes.writer import NUMBERS, Writer

CHARS = "清海树谢草黑前林ab"


def opened() -> Forms:
    hands = [hand for hand in shipped_hands(CHARS) if hand[1].name in ("xiaolai-sc", "liu-jian-mao-cao")]
    made = Forms.open([], CHARS, order=(), shipped=hands)
    made.prepare()
    return made


def written(forms: Forms, name: str, cursiveness: float) -> Written:
    """Write the characters in one hand, by a writer of a cursiveness."""
    count = len(CHARS)
    font = np.full(count, forms.hands.index(name))
    key = keys(np.arange(count))
    picked = forms.pick(np.array([*map(forms.chars.index, CHARS)]), font, key, np.full(count, cursiveness))
    writer = Writer(cursiveness=0.9)
    numbers = np.array([[getattr(writer, each) for each in NUMBERS]] * count)
    return write(picked.table, np.arange(count), Hand(numbers, key), key, 0.0)


def test_fast_writers_join_strokes_of_chinese_characters_in_neat_hands_and_others_do_not():
    forms = opened()
    fast, neat, running = (
        written(forms, *each) for each in (("xiaolai-sc", 1.0), ("xiaolai-sc", 0.0), ("liu-jian-mao-cao", 1.0))
    )
    joins = np.bincount(fast.joined[~fast.solid], minlength=len(CHARS))
    assert joins[:8].min() >= 1
    assert joins[:8].sum() >= 20
    assert not joins[8:].any()
    assert neat.solid.all()  # pieces of one stroke, and nothing else
    assert running.solid.all()  # its joins are in its forms


def test_parts_are_written_from_the_left_and_from_the_top_and_strokes_of_a_part_one_after_the_other():
    # Two columns, the right one with two rows, mixed up; a stroke in two pieces among them; then another drawing.
    lines = [
        [(0.6, 0.7), (0.9, 0.7)], [(0.1, 0.8), (0.4, 0.8)], [(0.6, 0.1), (0.9, 0.1)],
        [(0.1, 0.1), (0.25, 0.1)], [(0.25, 0.1), (0.4, 0.3)], [(0.1, 0.5), (0.4, 0.5)],
        [(0.1, 0.5), (0.9, 0.5)], [(0.5, 0.1), (0.5, 0.9)],
    ]  # fmt: skip
    points = resampled([np.array(line, np.float32) for line in lines])[0]
    held = np.full(8, LIFTED, np.uint8)
    held[3] = ONWARD
    order = writing_order(points, held, np.array([0] * 6 + [5] * 2))
    assert order.tolist() == [3, 4, 5, 1, 2, 0, 7, 6]
    assert not len(writing_order(points[:0], held[:0], np.empty(0, np.int64)))


def test_a_character_of_two_parts_is_written_part_by_part():
    forms = opened()
    picked = forms.pick(np.array([forms.chars.index("林")]), np.array([1]), keys(np.arange(1)), np.ones(1))
    middles = picked.table.points.mean(1)[:, 0]
    assert len(middles) >= 6
    half = len(middles) // 2
    assert middles[:half].max() < middles[half:].min()
