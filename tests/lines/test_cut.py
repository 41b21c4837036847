from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handgen.characters import nfc
from handgen.errors import UsageError
from handgen.lines.cut import Limits, clean, composable, piece, stretches

mixed = st.text(st.sampled_from("中文字手写三一ABCdef0123 ，。！？（）《》“”—…,.-:　"), min_size=20, max_size=60).map(
    clean
)


@given(st.text(max_size=60))
def test_clean_text_makes_a_label(text):
    label = clean(text)
    assert label == nfc(label)
    assert label == " ".join(label.split())
    assert not [char for char in label if unicodedata.category(char) in ("Cc", "Zl", "Zp")]
    assert clean(label) == label


def test_full_width_forms_stay_and_wide_spaces_become_spaces():
    assert clean("\ufeff　　（１２㍻）　　ＡＢ\u200bＣ\t d e\u0301\r\n") == "（１２㍻） ＡＢＣ d é"


def test_what_cannot_stand_alone_is_not_composable():
    assert all(map(composable, "中a9（é￥ア한"))
    assert not any(map(composable, "\u0301\u05d0\u0645\u200d \n\ue000"))


@given(mixed, st.integers(0, 70), st.integers(1, 8), st.integers(0, 12), st.data())
def test_a_piece_is_within_the_limits(text, near, shortest, more, data):
    limits = Limits(shortest, shortest + more)
    assume(len(text) > limits.longest)
    found = piece(text, near, data.draw(st.integers(shortest, limits.longest)), limits)
    assert found in text
    assert found == clean(found)
    assert shortest - (not more) <= len(found) <= limits.longest


def test_words_numbers_and_brackets_stay_whole():
    text = "我们在（北京）买了iPhone手机，花了5,999.50元，不贵！Don't worry。"
    for near in range(len(text)):
        for length in range(4, 13):
            found = piece(text, near, length, Limits(4, 12))
            assert found[0] not in "，。！）"
            assert found[-1] not in "（"
            for word in ("iPhone", "5,999.50", "Don't", "worry"):
                parts = {word[a:b] for a in range(len(word)) for b in range(a + 1, len(word) + 1)} - {word}
                assert word in found or not any(found.startswith(p) or found.endswith(p) for p in parts if len(p) > 1)


def test_a_word_too_long_for_a_line_is_split():
    assert len(piece("x" * 100, 30, 10, Limits(2, 20))) == 20


def test_texts_are_cut_around_what_cannot_be_drawn():
    drawn = set("你好，吗（）我。abc")
    assert list(stretches("你好𪚥，我。", drawn)) == ["你好", "我。"]
    assert list(stretches("a b 龘 c", drawn)) == ["a b", "c"]
    assert list(stretches("（龘）", drawn)) == []
    assert list(stretches("，你好", drawn)) == ["，你好"]


@given(st.text(st.sampled_from("ab龘鱻，（ 。）"), max_size=30).map(clean))
def test_stretches_hold_only_what_can_be_drawn(text):
    for part in stretches(text, set("ab，（。）")):
        assert part in text
        assert part == part.strip()
        assert set(part) <= set("ab，（。） ")


@pytest.mark.parametrize(("shortest", "longest"), [(0, 5), (6, 5), (1, 257), (-1, -1)])
def test_impossible_limits(shortest, longest):
    with pytest.raises(UsageError, match="not possible"):
        Limits(shortest, longest)
