"""How crowded characters are, and what ink does then."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from handgen.degrade.crowding import Crowding
from handgen.degrade.real_ink import RealInk, line_widths
from tests.degrade.conftest import draw

DENSE, FEW = "舅粪楚赢警", "0123456789ACEHOSZace"


def measured(images):
    width, side = line_widths(torch.from_numpy(images))
    return Crowding.of(images, width, side)


def drawn(path, chars):
    return (draw(path, chars, 64) / 255).astype(np.float32)


def given(count, **values):
    u = np.full((count, 12), 0.5)
    return RealInk().params(u) | {name: np.full(count, value) for name, value in values.items()}


@pytest.mark.parametrize(("period", "line"), [(8, 2), (12, 3), (16, 4)])
def test_distances_are_measured_across_and_down(period, line):
    grid = np.ones((1, 64, 64), np.float32)
    for start in range(4, 60 - line, period):
        grid[:, 4:60, start : start + line] = 0
    grid[:, 4:8, 4:60] = grid[:, 56:60, 4:60] = 0
    for image in (grid, grid.transpose(0, 2, 1).copy()):
        assert measured(image).distance[0] == pytest.approx(period, rel=0.2)
    both = measured(np.concatenate([grid, np.ones_like(grid), grid]))
    assert both.share[1] == 0
    assert both.distance[0] == both.distance[2] == measured(grid).distance[0]


def test_chinese_characters_of_many_strokes_are_crowded_and_letters_are_not(heiti, caveat):
    assert (measured(drawn(heiti, DENSE)).share == 1).all()
    assert (measured(drawn(caveat, FEW)).share == 0).all()
    line = np.concatenate(list(drawn(heiti, DENSE)), 1)[None]
    assert measured(line).share[0] == 0


def test_what_is_crowded_is_not_filled_nor_too_pale_nor_scanned_too_coarsely(heiti):
    images = drawn(heiti, DENSE)
    batch = torch.from_numpy(images)[:, None]
    distance = measured(images).distance
    made = RealInk().apply(batch, given(len(images), width=0.28, side=0.0, uneven=0.0, density=1.0))
    assert (line_widths(made[:, 0])[0] < 0.7 * distance).all()
    pale = RealInk().apply(batch, given(len(images), width=0.05, side=0.0, uneven=0.0, density=0.1))
    assert float((1 - pale).amax((1, 2, 3)).min()) > 0.3
    coarse = RealInk().apply(batch, given(len(images), width=0.05, side=7.0, uneven=0.0, density=1.0))
    apart = [np.abs(np.diff(image[0].numpy(), axis=axis)).max() for image in coarse for axis in (0, 1)]
    assert min(apart) > 0.05
    fat = torch.from_numpy(drawn(heiti, "粪楚"))[:, None]
    thinned = RealInk().apply(fat, given(2, width=0.01, side=0.0, uneven=0.0, density=1.0))
    assert (line_widths(thinned[:, 0])[0] > 0.4 * line_widths(fat[:, 0])[0]).all()
