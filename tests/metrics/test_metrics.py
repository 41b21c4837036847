from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from handgen.glyphs.store import to_unit
from handgen.metrics import METRICS
from handgen.metrics.base import Images

PERFECT = {
    "l1": 0.0,
    "rmse": 0.0,
    "ssim": 1.0,
    "stroke_recall": 1.0,
    "stroke_precision": 1.0,
    "broken_strokes": 0.0,
    "merged_strokes": 0.0,
    "ink_ratio": 1.0,
}
PIXELS = ("l1", "rmse", "ssim")


@pytest.fixture(params=[entry.name for entry in METRICS])
def name(request):
    return request.param


@pytest.fixture(scope="session")
def glyphs(store):
    """Ten characters in two hands: ``[10, 1, 64, 64]`` each, in [-1, 1]."""
    first, second = (to_unit(store.images[store.rows(number)[:10]])[:, None] for number in store.targets)
    return first, second


def result(name, output, truth):
    metric = METRICS.load(name)()
    metric.update(output, truth)
    return metric.result()


def test_identical_images_are_perfect(name, glyphs):
    assert result(name, glyphs[0], glyphs[0]) == pytest.approx(PERFECT[name], abs=1e-6)


@pytest.mark.parametrize("name", PIXELS)
def test_it_gets_worse_with_the_output(name, glyphs):
    truth, other = glyphs
    values = [result(name, truth + share * (other - truth), truth) for share in (0, 0.3, 0.6, 1)]
    assert values == sorted(values, reverse=name == "ssim")
    assert len(set(values)) == 4


def test_batches_count_by_their_images(name, glyphs):
    metric = METRICS.load(name)()
    assert math.isnan(metric.result())
    for part in (slice(0, 1), slice(1, 7), slice(7, 10)):
        metric.update(glyphs[0][part], glyphs[1][part])
    assert metric.result() == pytest.approx(result(name, *glyphs), rel=1e-6)
    metric.reset()
    metric.update(glyphs[0], glyphs[0])
    assert metric.result() == pytest.approx(PERFECT[name], abs=1e-6)


def test_one_number_an_image(name, glyphs):
    assert METRICS.load(name)().per_image(*map(Images, glyphs)).shape == (10,)


def test_l1_and_rmse_are_on_the_scale_of_gray_values():
    paper, ink = torch.ones(2, 1, 16, 16), -torch.ones(2, 1, 16, 16)
    assert result("l1", ink, paper) == result("rmse", ink, paper) == 1
    half = paper.clone()
    half[..., :8] = -1
    assert result("l1", half, paper) == pytest.approx(0.5)
    assert result("rmse", half, paper) == pytest.approx(math.sqrt(0.5))


def test_rmse_is_of_each_image_then_averaged():
    truth, output = torch.ones(2, 1, 16, 16), torch.ones(2, 1, 16, 16)
    output[0] = -1
    assert result("rmse", output, truth) == pytest.approx(0.5)


def test_ssim_is_that_of_scikit_image(glyphs):
    noisy = (glyphs[0] + 0.3 * torch.randn(glyphs[0].shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    for output in (glyphs[1], noisy):
        theirs = []
        for mine, true in zip((output + 1) / 2, (glyphs[0] + 1) / 2, strict=True):
            _, picture = structural_similarity(
                mine[0].double().numpy(),
                true[0].double().numpy(),
                data_range=1,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                full=True,
            )
            theirs.append(picture[5:-5, 5:-5].mean())  # where the window lies inside the image
        assert result("ssim", output, glyphs[0]) == pytest.approx(np.mean(theirs), abs=1e-4)
