from __future__ import annotations

import numpy as np
import pytest
import torch

from handgen.glyphs.store import to_unit
from handgen.losses import fidelity


@pytest.fixture
def stroke():
    """A horizontal stroke, 40 pixels long and 5 wide."""
    image = torch.ones(1, 1, 64, 64)
    image[..., 30:35, 12:52] = -1
    return image


@pytest.fixture
def glyphs(store):
    return to_unit(np.array(store.images[:16]))[:, None]


def test_the_skeleton_of_a_stroke_is_its_centerline(stroke):
    skeleton = fidelity.soft_skeleton(fidelity.ink(stroke))[0, 0]
    rows, columns = torch.nonzero(skeleton, as_tuple=True)
    inner = (columns > 16) & (columns < 47)
    assert set(rows[inner].tolist()) == {32}
    assert set(columns[inner].tolist()) == set(range(17, 47))


def test_a_cut_costs_centerline_and_a_thinner_stroke_hardly(stroke):
    cut, thinner = stroke.clone(), stroke.clone()
    cut[..., 28:34] = 1  # 30 pixels of ink
    thinner[..., 34:35, 15:45] = 1  # as many, off the edge
    assert float(fidelity.cldice(stroke, stroke)) == pytest.approx(0, abs=1e-4)
    assert float(fidelity.cldice(cut, stroke)) > 3 * float(fidelity.cldice(thinner, stroke))


def test_lost_strokes_cost_more_the_more_are_lost(glyphs):
    whole, some, most = (
        float(fidelity.cldice(torch.where(torch.arange(64) < kept, glyphs, 1.0), glyphs)) for kept in (64, 40, 24)
    )
    assert whole < 0.25
    assert whole < some < most
    paper = torch.ones_like(glyphs)
    assert float(fidelity.cldice(paper, glyphs)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("axis", "pixels"), [(2, 3), (3, 3), (2, 6), (3, 6)])
def test_a_moved_stroke_costs_as_far_as_it_moved(stroke, axis, pixels):
    moved = stroke.roll(pixels, dims=axis)
    assert float(fidelity.projection(stroke, stroke)) == 0
    # One of the projections on rows and columns moves by ``pixels`` of 64, and both diagonals by ``pixels`` of 127.
    expected = (pixels / 64 + 2 * pixels / 127) / 4
    assert float(fidelity.projection(moved, stroke)) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("loss", [fidelity.cldice, fidelity.projection, fidelity.ssim])
def test_mixed_precision_does_not_change_it(glyphs, loss):
    drawn = (glyphs + 0.1 * torch.randn(glyphs.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    drawn = drawn.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = loss(drawn, glyphs)
    assert float(mixed) == pytest.approx(float(loss(drawn.float(), glyphs)), rel=1e-5)


@pytest.mark.parametrize("loss", [fidelity.cldice, fidelity.projection, fidelity.ssim])
def test_a_step_against_the_gradient_lowers_it(glyphs, loss):
    drawn = (glyphs.roll(2, dims=3) * 0.8).requires_grad_()
    before = loss(drawn, glyphs)
    (gradient,) = torch.autograd.grad(before, drawn)
    assert gradient.isfinite().all()
    assert loss(drawn - 0.05 * gradient.sign(), glyphs) < before


@pytest.mark.parametrize("loss", [fidelity.cldice, fidelity.projection, fidelity.ssim])
def test_paper_gives_no_nan(loss):
    paper = torch.ones(2, 1, 64, 64, requires_grad=True)
    (gradient,) = torch.autograd.grad(loss(paper, paper), paper)
    assert gradient.isfinite().all()


def test_ssim_sees_a_speck_at_the_edge(glyphs):
    paper = torch.ones(1, 1, 64, 64)
    corner, middle = paper.clone(), paper.clone()
    corner[..., -1, -1] = middle[..., 32, 32] = -1
    assert fidelity.ssim(corner, paper) > 0.2 * fidelity.ssim(middle, paper)


@pytest.mark.parametrize("name", ["zi2zi", "bicyclegan"])
def test_the_models_log_them_when_asked(make_trainer, name):
    trainer = make_trainer(name, images=8, batch=4, lambda_cldice=1.0, lambda_projection=2.0, lambda_ssim=3.0)
    trainer.run(lambda progress: None)
    (line,) = [line for line in trainer.folder.stats() if line["kind"] == "losses"]
    assert line["G/cldice"] > 0
    assert line["G/ssim weighted"] == pytest.approx(3 * line["G/ssim"], rel=1e-3)
    assert line["G/projection weighted"] == pytest.approx(2 * line["G/projection"], rel=1e-3)
