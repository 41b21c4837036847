"""The metrics of strokes, compared with scikit-image, and on glyphs with known defects."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import label
from skimage.morphology import skeletonize

from handgen.glyphs.store import to_unit
from handgen.metrics import METRICS
from handgen.metrics.components import count_components
from handgen.metrics.skeleton import covered, thinned

SIDE = 64
masks = st.integers(1, 3).flatmap(lambda n: arrays(bool, (n, 17, 23), elements=st.booleans()))


def pieces(ink, least=1):
    """Count as scikit-image does."""
    numbers = label(ink, connectivity=2)
    return int((np.bincount(numbers.ravel())[1:] >= least).sum())


def score(name, output, truth):
    metric = METRICS.load(name)()
    metric.update(*(1 - 2 * each[None, None].float() for each in (output, truth)))
    return metric.result()


def page(*bars):
    """Ink in rectangles (top, bottom, left, right)."""
    ink = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    for top, bottom, left, right in bars:
        ink[top:bottom, left:right] = True
    return ink


CROSS = (page((30, 34, 8, 56), (8, 56, 30, 34)), page((30, 34, 8, 56)))
"""A cross, and the same without its second stroke."""
TWO = page((16, 20, 8, 56), (40, 44, 8, 56))


@given(masks, st.integers(1, 6))
def test_pieces_are_those_of_scikit_image(ink, least):
    assert count_components(torch.from_numpy(ink), least).tolist() == [pieces(each, least) for each in ink]


def test_pieces_of_real_glyphs_are_those_of_scikit_image(store):
    ink = store.images[:200] < 128
    assert count_components(torch.from_numpy(ink)).tolist() == [pieces(each) for each in ink]


@given(masks)
def test_thinning_keeps_every_piece_and_every_hole(ink):
    lines = thinned(torch.from_numpy(ink)).numpy()
    assert not (lines & ~ink).any()
    for before, after in zip(ink, lines, strict=True):
        assert pieces(after) == pieces(before)
        holes = [label(~np.pad(each, 1), connectivity=1).max() for each in (before, after)]
        assert holes[0] == holes[1]
    assert np.array_equal(thinned(torch.from_numpy(lines)).numpy(), lines)


def test_centerlines_run_where_those_of_scikit_image_do(store):
    ink = store.images[:200] < 128
    mine, theirs = thinned(torch.from_numpy(ink)), torch.from_numpy(np.stack([skeletonize(each) for each in ink]))
    assert covered(mine, theirs, 2).mean() > 0.98
    assert covered(theirs, mine, 2).mean() > 0.98


@pytest.mark.parametrize("stroke", [CROSS[0], TWO])
def test_a_shift_of_one_pixel_is_forgiven_and_of_four_is_not(stroke):
    for name in ("stroke_recall", "stroke_precision"):
        assert score(name, stroke.roll(1, 1).roll(1, 0), stroke) == pytest.approx(1, abs=0.05)
        assert score(name, stroke.roll((4, 4), (0, 1)), stroke) < 0.3


def test_a_missing_stroke_lowers_recall_alone_and_one_too_many_precision_alone():
    whole, part = CROSS
    assert score("stroke_recall", part, whole) == pytest.approx(0.5, abs=0.06)
    assert score("stroke_precision", part, whole) == pytest.approx(1, abs=0.02)
    assert score("stroke_recall", whole, part) == pytest.approx(1, abs=0.02)
    assert score("stroke_precision", whole, part) == pytest.approx(0.5, abs=0.06)


def test_a_cut_is_a_break_and_a_bridge_a_merger():
    cut, bridge = TWO.clone(), TWO.clone()
    cut[:24, 30:34] = False
    bridge[16:44, 30:34] = True
    assert (score("broken_strokes", cut, TWO), score("merged_strokes", cut, TWO)) == (1, 0)
    assert (score("broken_strokes", bridge, TWO), score("merged_strokes", bridge, TWO)) == (0, 1)
    speck = TWO.clone()
    speck[60, 60] = True
    assert score("broken_strokes", speck, TWO) == 0


def test_a_thicker_pen_changes_ink_and_not_centerlines():
    thick = page((28, 36, 8, 56), (8, 56, 28, 36))
    assert score("ink_ratio", thick, CROSS[0]) == pytest.approx(2, abs=0.1)
    assert score("stroke_recall", thick, CROSS[0]) > 0.9


def test_a_drawing_without_ink_has_no_stroke():
    nothing = page()
    values = {name: score(name, nothing, TWO) for name in ("stroke_recall", "stroke_precision", "ink_ratio")}
    assert set(values.values()) == {0}
    assert score("merged_strokes", nothing, TWO) == 2


def test_hands_are_further_from_each_other_than_from_themselves(store):
    first, second = (to_unit(store.images[store.rows(number)[:10]])[:, None] for number in store.targets)
    for name in ("stroke_recall", "stroke_precision"):
        metric = METRICS.load(name)()
        metric.update(first, second)
        assert 0.05 < metric.result() < 0.95
