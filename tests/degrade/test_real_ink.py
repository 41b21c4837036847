"""Lines as wide as those of real handwriting."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from handgen.degrade.real_ink import RealInk, line_widths, measured

COUNT = 60


def bars(width: int, count: int = 1) -> torch.Tensor:
    images = torch.ones(count, 1, 64, 64)
    images[:, :, 8:56, 20 : 20 + width] = 0
    images[:, :, 30 : 30 + width, 8:56] = 0
    return images


def params(count: int, **given: float):
    u = np.full((count, 12), 0.5)
    return RealInk().params(u) | {name: np.full(count, value) for name, value in given.items()}


@pytest.mark.parametrize("width", [2, 4, 9])
def test_widths_are_measured(width):
    found, side = line_widths(bars(width)[:, 0])
    assert found[0] == pytest.approx(width, rel=0.2)
    assert side[0] == 48
    pale, _ = line_widths(1 - (1 - bars(width)[:, 0]) * 0.4)
    assert pale[0] == pytest.approx(found[0], rel=0.05)
    assert line_widths(torch.ones(1, 64, 64))[0][0] == 0


def test_a_thick_and_a_thin_pen_become_one():
    effect = RealInk()
    wanted = 0.07 * 48
    made = [effect.apply(bars(width), params(1, width=0.07, side=0.0, uneven=0.0, density=1.0)) for width in (2, 6, 8)]
    found = [line_widths(image[:, 0])[0][0] for image in made]
    assert max(found) < 1.35 * min(found)
    assert np.mean(found) == pytest.approx(wanted, rel=0.3)


def test_samples_are_spread_as_on_scans():
    drawn = RealInk(coarse=1.0).sample(0, np.arange(4000))
    for name in ("width", "side", "density"):
        np.testing.assert_allclose(np.percentile(drawn[name], [25, 50, 75]), measured()[name][1:4], rtol=0.06)
    assert (RealInk(coarse=0.0).sample(0, np.arange(100))["side"] == 0).all()


def test_some_pens_are_broad_or_black_but_not_broad_for_many_strokes():
    drawn = RealInk(broad=0.5).sample(0, np.arange(4000))["width"]
    usual = RealInk().sample(0, np.arange(4000))["width"]
    assert (drawn != usual).mean() == pytest.approx(0.5, abs=0.03)
    assert 0.08 <= drawn[drawn != usual].min() < 0.09 < 0.27 < drawn[drawn != usual].max() <= 0.28
    black = RealInk(dark=0.5).sample(0, np.arange(4000))["density"]
    pale = RealInk().sample(0, np.arange(4000))["density"]
    assert (black != pale).mean() == pytest.approx(0.5, abs=0.03)
    assert 0.7 <= black[black != pale].min() < 0.72 < 0.98 < black[black != pale].max() <= 1
    rules = torch.ones(1, 1, 64, 64)
    rules[:, :, 4:60:6, 4:60] = 0
    for image, least, most in ((bars(4), 1.2 * 4, 1.15 * 0.2 * 48), (rules, 0.9, 1.1)):
        for darkness in (1.0, 0.5):
            made = RealInk().apply(1 - (1 - image) * darkness, params(1, width=0.2, side=0.0, uneven=0.0, density=1.0))
            assert least < line_widths(made[:, 0])[0][0] < most


def test_ink_is_as_dark_as_on_scans_whatever_it_was_drawn_with():
    image = bars(6)
    for darkness in (1.0, 0.6):
        made = RealInk().apply(1 - (1 - image) * darkness, params(1, width=0.12, side=0.0, uneven=0.0, density=0.5))
        assert float(1 - made.min()) == pytest.approx(0.5, abs=0.02)


def test_a_broad_pen_has_smooth_edges_where_a_pencil_was_ragged_and_gaps_stay_open():
    grain = torch.rand(8, 1, 96, 96, generator=torch.Generator().manual_seed(3))
    pencil = torch.ones(8, 1, 96, 96)
    for left in (20, 66):
        pencil[..., 12:84, left : left + 5] = (0.6 * grain[..., 12:84, left : left + 5]).clamp(min=0.2)
    drawn = params(8, width=0.16, side=0.0, uneven=0.0, density=1.0)
    made = RealInk().apply(pencil, drawn)
    ink = 1 - made[:, 0, 18:78]
    widths = ink[..., :48].sum(2)
    assert float((widths.std(1) / widths.mean(1)).max()) < 0.1
    assert float(ink[..., 42:48].max()) == 0
    alone = RealInk().apply(pencil[5:6], params(1, width=0.16, side=0.0, uneven=0.0, density=1.0))
    assert torch.equal(alone[0], made[5])


def test_small_writing_is_scanned_coarsely_and_ink_is_left():
    image = bars(4, COUNT)
    fine = RealInk().apply(image, params(COUNT, side=0.0))
    coarse = RealInk().apply(image, params(COUNT, side=16.0))
    steep = [float(torch.diff(made, dim=3).abs().amax()) for made in (fine, coarse)]
    assert steep[1] < 0.8 * steep[0]
    assert float((1 - coarse).sum((1, 2, 3)).min()) > 10
    assert torch.equal(RealInk().apply(bars(4), params(1, side=16.0))[0], coarse[3])


def test_broad_pens_are_scanned_most_coarsely_but_many_strokes_stay_apart():
    drawn = RealInk(broad=1.0, coarse=1.0).sample(0, np.arange(2000))["side"]
    assert 7 <= drawn.min() < 7.1 < 14.9 < drawn.max() <= 15
    few, many = torch.ones(1, 1, 96, 96), torch.ones(1, 1, 96, 96)
    few[..., 8:88, 45:51] = 0
    many[..., 8:88, 8:88:9] = many[..., 8:88, 9:89:9] = many[..., 8:88, 10:90:9] = 0
    coarse = params(1, width=0.28, side=7.0, uneven=0.0, density=1.0)
    one, comb = (RealInk().apply(each, coarse)[0, 0, 48] for each in (few, many))
    assert int(((one > 0.1) & (one < 0.9)).sum()) > 16
    inner = comb[14:80]
    assert int(((inner[1:-1] < inner[:-2]) & (inner[1:-1] <= inner[2:])).sum()) >= 6


def test_blank_paper_stays_blank():
    blank = torch.ones(2, 1, 64, 64)
    assert torch.equal(RealInk().apply(blank, RealInk().sample(0, np.arange(2))), blank)


def test_the_faintest_pen_on_the_coarsest_scan_can_be_seen_and_paper_stays_paper():
    images = torch.cat([bars(1, 20), torch.ones(2, 1, 64, 64)])
    made = RealInk().apply(images, params(22, width=0.02, side=11.0, uneven=0.8, density=0.09))
    darkest = 1 - made.amin((1, 2, 3))
    assert darkest[:20].min() >= 0.19
    assert darkest[20:].max() == 0
