from __future__ import annotations

import unicodedata

from bidi import get_display
from hypothesis import given, settings
from hypothesis import strategies as st

from handgen.fonts.bidi import base_level, levels, visual_order

LETTERS = "abאבגاب0123٤٥+-,.:/%$#()[]{}⟨⟩「」 !?&\u05b0\u064b\u0301é你"


def seen(text, base=None):
    numbers = levels(text, base)
    return [text[position] for position in visual_order(numbers)], [
        numbers[position] for position in visual_order(numbers)
    ]


@settings(max_examples=600, deadline=None)
@given(st.text(LETTERS, min_size=1, max_size=24), st.sampled_from([None, 0, 1]))
def test_order_is_that_of_another_implementation(text, base):
    shown, numbers = seen(text, base)
    other = get_display(text, base_dir={None: None, 0: "L", 1: "R"}[base])
    assert len(shown) == len(other)
    for char, level, theirs in zip(shown, numbers, other, strict=True):
        if not unicodedata.mirrored(char) or level % 2 == 0:
            assert char == theirs, (text, "".join(shown), other)


def test_lines_that_people_write():
    assert levels("abc 12") == [0] * 6
    assert base_level("- שלום abc") == 1
    assert "".join(seen("שלום 123 abc")[0]) == "abc 123 םולש"
    assert levels("قيمة 12.5%") == [1] * 5 + [2] * 4 + [1]
    assert levels("") == []
