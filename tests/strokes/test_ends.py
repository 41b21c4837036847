"""Where the pen enters and leaves characters, and who would go on to the next one."""

from __future__ import annotations

import dataclasses

import numpy as np

from handgen.glyphs.ink import INK
from handgen.seeds import keys
from handgen.sources.base import Drawing
from handgen.strokes.ends import Ends, ends_of
from handgen.strokes.ink import draw_laid
from handgen.strokes.motion import Hand, write
from handgen.strokes.writer import NUMBERS, Writer

SIZE = 128
MANY = 60


def ends(table, chars, cursiveness, first=0):
    """What writers of a cursiveness write, and where the pen enters and leaves; each drawing by another writer."""
    writer = Writer(cursiveness=cursiveness, habit=0.1, looseness=0.1)
    numbers = np.array([[getattr(writer, name) for name in NUMBERS]]).repeat(len(chars), 0)
    hand = Hand(numbers, keys(np.arange(first, first + len(chars))))
    sample = keys(np.arange(1000 + first, 1000 + first + len(chars)))
    rows = np.array([table.chars.index(char) for char in chars])
    way = write(table, rows, hand, sample, 1.0)
    images, laid = draw_laid(way, hand, np.zeros(len(chars), np.int64), sample, SIZE)
    return images, ends_of(way, laid, hand, table.codes[rows], sample)


def dark(images, points):
    """Whether there is ink within two pixels of a point of each image."""
    found = []
    for image, (x, y) in zip(images, np.rint(points * SIZE).astype(int), strict=True):
        found.append((image[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3] < INK).any())
    return np.array(found)


def test_the_pen_enters_at_the_first_stroke_and_leaves_at_the_last(table):
    chars = "口三十" * 20
    images, found = ends(table, chars, 0.9)
    assert dark(images, found.enter[:, 0]).all()
    assert dark(images, found.leave[:, 0]).all()
    np.testing.assert_allclose(np.hypot(*found.enter[:, 1].T), 1, atol=1e-5)
    three = np.array([char == "三" for char in chars])
    assert (found.leave[three, 0] > 0.55).all()  # its last stroke ends at the lower right
    assert (found.leave[three, 1, 0] > 0.6).all()  # to the right
    ten = np.array([char == "十" for char in chars])
    assert (found.leave[ten, 1, 1] > 0.6).all()  # down


def test_of_strokes_in_no_known_order_free_ends_at_the_corners_are_taken(table):
    """The same strokes backwards, and in another order."""
    start, stop = table.first[table.chars.index("三")], table.first[table.chars.index("三") + 1]
    points, own = table.points.copy(), np.ones(len(table.points), np.float32)
    points[start:stop] = points[start:stop][[1, 2, 0], ::-1]
    mixed = dataclasses.replace(table, points=points, own=own)
    images, found = ends(mixed, "三" * 20, 0.9)
    assert dark(images, found.enter[:, 0]).all()
    assert dark(images, found.leave[:, 0]).all()
    assert (found.enter[:, 0] < 0.45).all()
    assert (found.leave[:, 0] > 0.6).all()
    assert (found.leave[:, 1, 0] > 0.5).all()  # out of its stroke, which runs to the left


def test_only_running_hands_go_on_and_the_faster_the_more(table):
    shares = [(ends(table, "三十口" * MANY, cursive)[1].reach > 0).mean() for cursive in (0.2, 0.4, 0.6, 0.8, 1.0)]
    assert shares[:2] == [0, 0]
    assert shares[2] < shares[3] < shares[4]
    assert 0.02 < shares[2] < 0.4
    assert shares[4] > 0.6


def test_drawings_keep_their_ends_when_they_are_put_together(table):
    _, found = ends(table, "三十口", 1.0)
    mixed = Drawing(np.zeros((4, 8, 8), np.uint8), [{} for _ in range(4)], Ends.none(4))
    mixed.put(np.array([2, 0]), Drawing(np.ones((3, 8, 8), np.uint8), [{}] * 3, found), np.array([0, 2]))
    np.testing.assert_array_equal(mixed.ends.values[[2, 0]], found.values[[0, 2]])
    mixed.put(np.array([2]), Drawing(np.ones((1, 8, 8), np.uint8), [{}]), np.array([0]))
    assert not mixed.ends.values[2].any()
    assert mixed.ends.values[0].any()
