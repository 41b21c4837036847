from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from handgen.errors import DatasetError
from handgen.lines.cut import Limits
from handgen.lines.sources import find_source
from handgen.lines.synthesis import LineGlyphs, LineSynthesis

STYLES = ("one", "two", "three")


@dataclass
class InTurn:
    """Styles take turns, from the second on."""

    texts: object

    def text(self, index):
        return self.texts.text(index)

    def style(self, index):
        return (index + 1) % len(STYLES)


@pytest.fixture
def lines(drawing):
    texts = find_source("numbers,dates,phones,random").texts(drawing.chars, limits=Limits(2, 12), seed=0, boost=0.5)
    styles = [{"style": name} for name in STYLES]
    return LineSynthesis(InTurn(texts), styles, drawing, seed=0, boxes=True, glyphs_per_pass=16)


def drawn(lines, start, stop, **how):
    return [(s.index, s.text, s.meta, s.image.tobytes()) for s in lines.samples(start, stop, **how)]


def test_batch_workers_and_start_change_nothing(lines):
    """Although the test's network lets every image depend on all that pass with it."""
    expected = drawn(lines, 0, 70)
    assert [index for index, *_ in expected] == list(range(70))
    assert drawn(lines, 0, 70, batch=1, workers=3) == expected
    for start, stop in ((1, 70), (15, 17), (16, 32), (33, 34), (69, 70)):
        assert drawn(lines, start, stop) == expected[start:stop]
    assert drawn(lines, 5, 5) == []
    assert drawn(replace(lines, seed=1), 0, 3) != expected[:3]


def test_the_label_is_what_was_drawn(lines):
    samples = list(lines.samples(0, 16))
    chars, styles, index = (sum(part, ()) for part in zip(*lines.draw.calls, strict=True))
    assert {len(call[0]) for call in lines.draw.calls} == {16}
    for sample in samples:
        mine = sorted(
            {i: (c, s) for c, s, i in zip(chars, styles, index, strict=True) if i // 256 == sample.index}.items()
        )
        assert "".join(char for _, (char, _) in mine) == sample.text.replace(" ", "")
        assert {STYLES[style] for _, (_, style) in mine} == {sample.meta["style"]}
        assert [number % 256 for number, _ in mine] == list(range(1, len(mine) + 1))


def test_lines_and_boxes(lines):
    for sample in lines.samples(0, 40):
        assert sample.image.shape[0] == 48
        assert 2 <= len(sample.text) <= 12
        assert len(sample.meta["boxes"]) == len(sample.text)
    assert all("boxes" not in sample.meta for sample in replace(lines, boxes=False).samples(0, 3))
    tall = next(iter(replace(lines, vertical=True, height=32).samples(0, 1)))
    assert tall.image.shape[1] == 32


def test_what_is_known_of_the_style_is_kept_of_a_line(lines):
    styles = [sample.meta["style"] for sample in lines.samples(0, 9)]
    assert styles == ["two", "three", "one"] * 3


def test_a_hand_that_draws_nothing_is_named(lines):
    def blank(chars, styles, key):
        return LineGlyphs(np.full((len(chars), 64, 64), 255, np.uint8), [{} for _ in chars], [])

    with pytest.raises(DatasetError, match=r"style \w+ has no ink for any character of line 0"):
        list(replace(lines, draw=blank).samples(0, 1))


def test_characters_drawn_without_ink_are_named(lines):
    def faint(chars, styles, key):
        drawn = lines.draw(chars, styles, key)
        drawn.images[[char in "17" for char in chars]] = 255
        return drawn

    without = list(replace(lines, draw=faint).samples(0, 40))
    for before, after in zip(lines.samples(0, 40), without, strict=True):
        gone = "".join(char for char in before.text if char in "17")
        assert after.meta.get("blank", "") == gone
        assert len(after.text.replace(" ", "")) == len(before.text.replace(" ", "")) - len(gone)
    assert any("blank" in sample.meta for sample in without)
    assert any("blank" not in sample.meta for sample in without)


def doubting(drawing, bad):
    """The same drawing, of which somebody says that the glyphs of ``bad`` characters do not read as such."""

    def draw(chars, styles, key):
        drawn = drawing(chars, styles, key)
        found = [
            {"p": 0.1, "first": 0.05, "tries": 2, "rejected": True} if char in bad else {"p": 0.9} for char in chars
        ]
        return LineGlyphs(drawn.images, drawn.notes, found)

    return draw


def test_a_line_is_written_without_what_does_not_read_as_its_label(lines):
    plain = list(lines.samples(0, 40))
    without = list(replace(lines, draw=doubting(lines.draw, "17")).samples(0, 40))
    dropped = 0
    for before, after in zip(plain, without, strict=True):
        gate, chars = after.meta["gate"], before.text.replace(" ", "")
        faults = gate.get("faults", [])
        assert [chars[fault["position"]] for fault in faults] == [char for char in chars if char in "17"]
        if set(chars) <= set("17"):
            assert {fault["outcome"] for fault in faults} == {"kept"}
            continue
        assert after.text == " ".join("".join(char for char in before.text if char not in "17").split())
        assert gate["p"] == [0.9] * len(after.text.replace(" ", ""))
        assert len(after.meta["boxes"]) == len(after.text)
        dropped += len(faults)
    assert dropped > 20


def test_a_line_that_is_only_marked_stays_as_it_is(lines):
    marked = replace(lines, draw=doubting(lines.draw, "17"), keep_rejected=True)
    for before, after in zip(lines.samples(0, 20), marked.samples(0, 20), strict=True):
        assert after.text == before.text
        np.testing.assert_array_equal(after.image, before.image)
        assert after.meta["gate"]["p"] == [0.1 if char in "17" else 0.9 for char in before.text.replace(" ", "")]
        assert all(fault["outcome"] == "kept" for fault in after.meta["gate"].get("faults", ()))
