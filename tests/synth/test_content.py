from __future__ import annotations

import pytest
from handgen.synth.content import load_content

from handgen.errors import UsageError

CGAN = {"model": "cgan", "charset": "ABC", "held_out": "", "size": 64}


def test_characters_by_number_need_no_font():
    content = load_content(CGAN)
    assert (content.chars, content.numbers.tolist()) == ("ABC", [0, 1, 2])
    assert (content.font, content.font_sha256, len(content.glyphs)) == (None, "", 0)
    assert (content.skipped, content.counts) == ({}, ())


def test_characters_that_were_not_learned_are_left_out_and_named(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("CCBzCzz\n", encoding="utf-8")
    content = load_content(CGAN, text=text)
    assert dict(zip(content.chars, content.numbers.tolist(), strict=True)) == {"B": 1, "C": 2}
    assert dict(zip(content.chars, content.counts, strict=True)) == {"B": 1, "C": 3}
    assert content.skipped == {"not learned": "z"}
    with pytest.raises(UsageError, match=r"learned none of the 2 characters\. Give a --charset of these: ABC"):
        load_content(CGAN, charset="xz")


def test_a_font_where_none_is_needed(heiti):
    with pytest.raises(UsageError, match=r"a cgan draws without a source font\. Leave out --font"):
        load_content(CGAN, font=str(heiti))
