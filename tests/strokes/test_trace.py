from __future__ import annotations

import numpy as np
import pytest
import torch

from handgen.fonts.face import FontRef
from handgen.fonts.raster import Placement, Rasterizer
from handgen.metrics.skeleton import thinned
from handgen.strokes.base import make_table
from handgen.strokes.raster import coverage, outlines
from handgen.strokes.trace import SIDE, trace, traced


def plain(chars_of, width):
    """Draw strokes with an even line: bool ``[n, SIDE, SIDE]``."""
    table = make_table(chars_of)
    owner = np.repeat(np.arange(len(table.chars)), np.diff(table.first))
    lines = outlines(table.points * SIDE, np.full(table.points.shape[:2], width, np.float32))
    return coverage([(lines, owner)], len(table.chars), SIDE) > 127


def test_strokes_that_were_drawn_are_found_again(table):
    """Draw known strokes, thin and trace them: as many, as long, in the same direction."""
    for char in "一十三小":
        true = table.strokes(char)
        ink = plain({char: tuple(true)}, 7)[0]
        found = traced(ink, thinned(torch.from_numpy(ink)[None])[0].numpy())
        assert len(found) == len(true), char
        for stroke in found:
            ends = np.stack([stroke[0], stroke[-1]])
            off = np.abs(true[:, [0, -1]] - ends).max(axis=(1, 2))
            assert off.min() < 0.06, char  # a traced stroke begins and ends where one of the true ones does


def test_a_ring_is_closed_and_a_crossing_is_two_strokes():
    y, x = np.indices((SIDE, SIDE))
    ring = np.abs(np.hypot(x - 64, y - 64) - 40) < 4
    (loop,) = traced(ring, thinned(torch.from_numpy(ring)[None])[0].numpy())
    np.testing.assert_array_equal(loop[0], loop[-1])
    assert loop[0, 1] == loop[:, 1].min()
    assert loop[len(loop) // 4, 0] < 0.5  # to the left first, as people write it
    cross = (np.abs(x - y) < 5) | (np.abs(x + y - 127) < 5)
    assert len(traced(cross, thinned(torch.from_numpy(cross)[None])[0].numpy())) == 2
    nothing = np.zeros((SIDE, SIDE), bool)
    assert traced(nothing, nothing) == ()


def test_a_speck_beside_a_stroke_is_a_point():
    line = np.zeros((SIDE, SIDE), bool)
    line[20:90, 40] = line[100, 100] = True
    found = traced(line, line)
    assert max(float(np.ptp(stroke[:, 1])) for stroke in found) > 0.4


def test_traces_of_a_font_cover_its_ink(heiti):
    chars = "ABDEHKRSX235aegky永和国我"
    found = trace(FontRef(heiti), chars + "\ue000", fill=False)
    assert "".join(found) == chars
    true = Rasterizer(FontRef(heiti), SIDE, Placement(SIDE, SIDE, SIDE / 2, 0.88 * SIDE)).draw_all(chars) < 128
    width = float(np.median([ink.sum() / thinned(torch.from_numpy(ink)[None]).sum() for ink in true]))
    drawn = plain(found, width)
    overlap = (drawn & true).sum((1, 2)) / (drawn | true).sum((1, 2))
    assert overlap.mean() > 0.75
    assert overlap.min() > 0.55
    counts = {char: len(strokes) for char, strokes in found.items()}
    assert {char: counts[char] for char in "HX2S"} == {"H": 3, "X": 2, "2": 1, "S": 1}
    left, right, bar = found["H"]
    assert left[:, 0].mean() < right[:, 0].mean()
    assert abs(bar[0, 1] - bar[-1, 1]) < 0.05


def test_filled_glyphs_are_scaled_to_the_square(heiti):
    small, large = trace(FontRef(heiti), "xo", fill=False), trace(FontRef(heiti), "xo")
    assert np.ptp(large["x"][0][:, 1]) > 1.3 * np.ptp(small["x"][0][:, 1])


@pytest.mark.parametrize("size", [16, 64])
def test_a_line_covers_what_it_should(size):
    points = np.array([[[4, 8], [12, 8]]], np.float32)
    image = coverage([(outlines(points, np.full((1, 2), 2, np.float32)), np.array([1]))], 3, size) / 255
    assert not image[[0, 2]].any()
    assert image[1].sum() == pytest.approx(8 * 2 + np.pi, rel=0.03)
    assert image[1, 7:9, 5:11].min() == 1
