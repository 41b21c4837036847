"""Standard strokes laid over glyphs whose strokes are known, because they were drawn here."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch

from handgen.errors import HandgenError, TrainingError
from handgen.strokes.base import POINTS
from handgen.strokes.copybook import BAD_FIT, KEPT, NO_STROKES, Task, make_copybook, open_copybook
from handgen.strokes.paint import paint
from handgen.strokes.reading import centerlines
from handgen.strokes.register import PICKED, register
from handgen.strokes.series import TERMS, cosines, fitted

SIZE = 64


def moved(strokes):
    """How the hand of these tests writes: slanted, smaller, each stroke turned a little, and the second lower."""
    strokes = (strokes - 0.5) @ np.array([[0.8, 0.0], [-0.12, 0.75]], np.float32) + np.float32([0.47, 0.52])
    for number, stroke in enumerate(strokes):
        angle = 0.12 * (-1) ** number
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
        middle = stroke.mean(0)
        strokes[number] = (stroke - middle) @ turn + middle + np.float32([0, 0.03 * (number == 1)])
    return strokes.astype(np.float32)


def drawn(written, width=0.06, joined=False):
    """Images of strokes ``[n, POINTS, 2]``, one character each."""
    owner = np.repeat(np.arange(len(written)), [len(each) for each in written])
    lines = np.concatenate(written)
    down = np.full(len(lines), joined)
    return paint(lines, np.full(lines.shape[:2], width, np.float32), down, owner, len(written), SIZE)


@pytest.fixture(scope="module")
def hand(table):
    """What the hand makes of the characters: strokes, and images."""
    written = [moved(table.strokes(char)) for char in table.chars]
    return written, drawn(written)


def test_strokes_are_found_where_they_were_drawn(table, hand):
    written, images = hand
    found = list(register([table.strokes(char) for char in table.chars], images))
    for char, true, each in zip(table.chars, written, found, strict=True):
        apart = np.linalg.norm(each.points - true[:, PICKED], axis=2)
        assert np.median(apart) < 1.6 / SIZE, char
        assert np.abs(np.median(each.widths) - 0.06) < 0.015, char
        assert min(each.recall, each.precision) > (0.7 if char == "乙" else 0.95), char
        assert not each.joined.any(), char
    moved_by = [np.linalg.norm(table.strokes(c) - w, axis=2).mean() for c, w in zip(table.chars, written, strict=True)]
    assert np.mean(moved_by) > 3 / SIZE  # there was something to find


def test_the_pen_that_stays_down_is_seen(table):
    dots = [moved(table.strokes("灬"))]
    images = np.concatenate([drawn(dots, 0.03), drawn(dots, 0.03, joined=True)])
    apart, together = register([table.strokes("灬")] * 2, images)
    assert apart.joined.tolist() == [False] * 4
    assert together.joined[:3].any()
    assert not together.joined[3]


def test_centerlines_run_as_they_are_drawn(table):
    lines = centerlines(drawn([table.strokes("十")]))
    points, ways = lines.points[0][lines.there[0]], lines.ways[0][lines.there[0]]
    away = (points - torch.tensor([0.5, 0.47])).abs()
    across, down = ways[away[:, 0] > 0.2], ways[away[:, 1] > 0.2]  # twice the angle: (1, 0) and (-1, 0)
    assert across[:, 0].median() > 0.95
    assert down[:, 0].median() < -0.95


def test_a_series_is_smooth_and_near(table):
    bend = np.sin(np.linspace(0, 3, POINTS))[None, :, None] * np.float32([0.02, -0.01])
    series = fitted(bend.astype(np.float32), TERMS)
    assert np.abs(np.einsum("kt,nta->nka", cosines(POINTS, TERMS), series) - bend).max() < 0.003


@pytest.fixture
def task(table, hand):
    """Two styles: the hand, and one that writes other characters than it says; and a character without strokes."""
    _, images = hand
    wrong = np.roll(images, 3, axis=0)
    everything = np.concatenate([images, wrong, images[:1]])
    chars = [*table.chars, *table.chars, "\ue000"]
    style = np.array([0] * len(images) + [1] * len(images) + [0])
    return Task(chars, style, lambda rows: everything[rows], "here")


@pytest.fixture
def strokes(table):
    return {char: table.strokes(char) for char in table.chars}


def test_what_does_not_fit_is_left_out_counted_and_listed(table, task, strokes):
    copy = make_copybook(task, strokes)
    count = len(table.chars)
    assert (copy.reason[: count - 1] == KEPT).all()
    assert (copy.reason[count : 2 * count] == BAD_FIT).sum() >= count - 1  # a bar across a bar may fit
    assert copy.reason[-1] == NO_STROKES
    assert np.array_equal(np.diff(copy.first)[: count - 1], [len(strokes[char]) for char in table.chars[:-1]])
    report = copy.report(task, ("hand", "wrong"))
    assert report[0].startswith(f"strokes laid over {int((copy.reason == KEPT).sum())} of {2 * count + 1} glyphs")
    assert "left out of hand, no strokes are known: 1 (\ue000)" in report
    assert any(line.startswith("left out of wrong, the strokes do not fit the glyph: ") for line in report)


def test_a_copybook_is_kept_and_refused_when_it_is_not_of_these_glyphs(tmp_path, task, strokes):
    file = tmp_path / "copybook.npz"

    def opened(task=task, digest="strokes"):
        return open_copybook(file, task, strokes, digest, ("hand", "wrong"))

    first = opened()
    before = file.read_bytes()
    again = opened(replace(task, images=lambda rows: pytest.fail("it was made anew")))
    assert all(np.array_equal(a, b) for a, b in zip(vars(first).values(), vars(again).values(), strict=True))
    with pytest.raises(HandgenError, match=r"made of other glyphs or strokes\. Delete it"):
        opened(digest="others")
    with pytest.raises(HandgenError, match="made of other glyphs or strokes"):
        opened(replace(task, source="elsewhere"))
    for damaged in (before[: len(before) // 2], b"", b"PK not a zip"):
        file.write_bytes(damaged)
        with pytest.raises(HandgenError, match=r"copybook.npz is damaged .* Delete it"):
            opened()
    with np.load(io.BytesIO(before)) as found:
        parts = dict(found)
    np.savez(file, **(parts | {"format": np.int64(99)}))
    with pytest.raises(HandgenError, match="made by another version of handgen"):
        opened()
    np.savez(file, **(parts | {"widths": parts["widths"][1:]}))
    with pytest.raises(HandgenError, match="its parts do not match"):
        opened()
    file.unlink()
    with pytest.raises(TrainingError, match=r"not one of the 15 glyphs can be learned from .15: no strokes"):
        open_copybook(file, task, {}, "none", ("hand", "wrong"))
    assert not file.exists()
