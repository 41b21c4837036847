"""Traced hands that come with handgen: small, near to what was traced, and drawn with where no font is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from handgen.errors import HandgenError
from handgen.fonts.charsets import load_charset
from handgen.fonts.face import FontRef
from handgen.hands import MOST, shipped
from handgen.strokes.forms import Forms
from handgen.strokes.hands import TracedHand, open_hands, shipped_hands, write_hands
from handgen.strokes.tracing import ABSENT, TRACED, decoded, trace_font

CHARS = "aÉg8&\ue000"
CAVEAT = TracedHand("mine", "Caveat", "pen", "OFL-1.1", "nobody", "0" * 64)


@pytest.fixture(scope="module")
def traced(caveat: Path):  # type: ignore[no-untyped-def]
    return trace_font(FontRef(caveat), CHARS, {})


def test_what_is_read_is_near_to_what_was_traced(traced, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write_hands(tmp_path / "x.safetensors.xz", {CAVEAT: traced})
    opened = open_hands(tmp_path / "x.safetensors.xz")
    assert opened.chars == CHARS
    assert opened.hands == (CAVEAT,)
    order = CHARS[::-1] + "Z"
    forms = opened.forms(CAVEAT, order)
    assert forms.chars == order
    assert [way == TRACED for way in forms.way] == [char in "aÉg8&" for char in order]
    for number, char in enumerate(order[:-1]):
        row = CHARS.index(char)
        mine = decoded(forms.points[forms.first[number] : forms.first[number + 1]])
        theirs = decoded(traced.points[traced.first[row] : traced.first[row + 1]])
        assert mine.shape == theirs.shape
        # Two pixels of 128 at the sharpest corner, less than half of one elsewhere.
        assert np.abs(mine - theirs).max(initial=0) < 0.02
        assert np.median(np.abs(mine - theirs)) < 0.004 if len(mine) else char == "\ue000"


def test_a_damaged_file_is_named(traced, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "cut.safetensors.xz"
    write_hands(file, {CAVEAT: traced})
    data = file.read_bytes()
    for number, damaged in enumerate((data[:-40], b"", b"nothing of the kind", data[:200] + b"\0" * 50 + data[250:])):
        other = tmp_path / f"{number}.safetensors.xz"
        other.write_bytes(damaged)
        with pytest.raises(HandgenError, match=f"{number}.safetensors.xz holds no traced hands"):
            open_hands(other)
    with pytest.raises(HandgenError, match="absent"):
        open_hands(tmp_path / "absent")


def test_what_comes_with_handgen_draws_what_its_script_is_for() -> None:
    assert set(shipped()) == {"han", "latin"}
    assert all(file.stat().st_size <= MOST for file in shipped().values())
    for charset, fewest in (("latin62", 50), ("latin", 50), ("gb2312", 15)):
        chars = load_charset(charset)[:: 20 if charset == "gb2312" else 1]
        hands = shipped_hands(chars)
        assert len(hands) >= fewest, charset
        assert all(hand.license and hand.family and hand.kind for _, hand in hands)
        covered = np.zeros(len(chars), int)
        for file, hand in hands:
            covered += open_hands(file).forms(hand, chars).way != ABSENT
        assert covered.min() >= 2, chars[int(covered.argmin())]
    assert not shipped_hands("\ue000")


def test_a_hand_writes_what_it_has_and_another_what_it_lacks() -> None:
    chars = load_charset("latin62")
    forms = Forms.open([], chars, (), shipped=shipped_hands(chars)[:3])
    forms.prepare()
    assert forms.chars == chars
    assert len(forms.hands) == 3
    assert set(forms.licenses) == {*forms.hands, "allographs"}
    again = Forms.open([], chars, (), shipped=shipped_hands(chars)[1:3])
    assert again.digest != forms.digest
    rows = np.arange(len(chars))
    picked = forms.pick(rows, np.ones(len(chars), np.int64), np.arange(len(chars), dtype=np.uint64))
    assert picked.table.chars == chars
    assert np.diff(picked.table.first).min() >= 1


@pytest.mark.parametrize(("whole", "without"), [("荃", "全"), ("英", "央"), ("苦", "古")])
def test_short_stems_are_not_lost(whole, without):
    """Stems of 艹 are hardly longer than the lines of a thick pen are wide."""
    file, hand = next(found for found in shipped_hands(whole + without) if found[1].name == "xiaolai-sc")
    counts = np.diff(open_hands(file).forms(hand, whole + without).first)
    assert counts[0] - counts[1] >= 2
