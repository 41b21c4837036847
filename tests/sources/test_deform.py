from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handgen.fonts.align import Alignment
from handgen.glyphs.store import GlyphStore, to_unit
from handgen.seeds import SampleKey
from handgen.sources.deform import deform, people_of


def glyphs(store: GlyphStore, count: int = 8) -> torch.Tensor:
    return to_unit(store.images[:count])[:, None]


def box(image: torch.Tensor) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the ink in pixels, to a fraction by the gray at the edges."""
    ink = (1 - image[0]) / 2
    rows, columns = ink.amax(1), ink.amax(0)
    ys, xs = np.flatnonzero(rows > 0.5), np.flatnonzero(columns > 0.5)
    return float(xs[0]), float(ys[0]), float(xs[-1] + 1), float(ys[-1] + 1)


def who(index, seed=0, position=0):
    """The people who draw samples, all of one character."""
    return people_of(SampleKey.of(seed, index, position), np.zeros(len(index), np.int64))


def test_nothing_to_do_changes_nothing(store):
    images = glyphs(store)
    index = np.arange(len(images))
    assert torch.equal(deform(images, [Alignment()] * 8, who(index), 0.0), images)


def test_alignment_is_undone(store):
    """What render did to a style, aligned = s * natural + d, is turned back."""
    images = glyphs(store)
    alignment = Alignment(sx=1.25, sy=1.1, dx=0.02, dy=-0.03)
    moved = deform(images, [alignment] * 8, who(np.arange(8)), 0.0)
    for before, after in zip(images, moved, strict=True):
        left, top, right, bottom = box(before)
        expected = [
            ((x / 64 - 0.5 - d) / s + 0.5) * 64
            for x, s, d in ((left, 1.25, 0.02), (top, 1.1, -0.03), (right, 1.25, 0.02), (bottom, 1.1, -0.03))
        ]
        np.testing.assert_allclose(box(after), expected, atol=1.5)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.4, 1.6), st.floats(0.4, 1.6), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(0, 1))
def test_ink_stays_on_the_canvas(store, sx, sy, dx, dy, strength):
    images = glyphs(store)
    moved = deform(images, [Alignment(sx, sy, dx, dy)] * 8, who(np.arange(8), 3), strength)
    edge = torch.cat([moved[..., 0, :], moved[..., -1, :], moved[..., :, 0], moved[..., :, -1]], dim=-1)
    assert float(edge.min()) > 0
    for image in moved:
        left, top, right, bottom = box(image)
        assert right - left > 5 or bottom - top > 5


def test_a_sample_is_moved_by_its_own_number(store):
    images = glyphs(store)[:1].expand(6, -1, -1, -1)
    moved = deform(images, None, who(np.arange(6)), 1.0)
    assert all(not torch.equal(moved[i], moved[j]) for i in range(6) for j in range(i))
    alone = deform(images[:1], [Alignment()], who(np.array([4])), 1.0)
    assert torch.equal(alone[0], moved[4])


def test_strength_is_a_scale(store):
    images = glyphs(store)
    index = np.arange(8)
    distance = [float((deform(images, None, who(index), s) - images).abs().mean()) for s in (0.1, 0.5, 1.0)]
    assert 0 < distance[0] < distance[1] < distance[2]


def test_a_line_is_one_persons_and_single_characters_are_not():
    key = SampleKey.of(0, np.array([5, 5, 6, 6]), np.array([1, 2, 1, 0]))
    people = people_of(key, np.array([7, 7, 7, 7]))
    assert people.writer[0] == people.writer[1] != people.writer[2]
    assert people.habit[0] == people.habit[1]
    assert len(set(people.sample.tolist())) == 4
    alone = people_of(SampleKey.of(0, np.array([5, 5]), 0, np.array([0, 1])), np.array([7, 7]))
    assert alone.writer[0] != alone.writer[1]
