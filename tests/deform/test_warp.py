"""The one warp of images."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from handgen.deform import Field, Warp, bspline_weights, cubic_weights
from handgen.deform.warp import ink_box, kept_inside, resampled


@pytest.fixture(scope="module")
def images(store):
    return torch.from_numpy(store.images[:12] / np.float32(255))[:, None]


def fields(images, seed=0, spacing=12.0):
    weights = bspline_weights(images.shape[-1], spacing)
    knots = np.random.default_rng(seed).uniform(-1, 1, (2, len(images), weights.shape[1], weights.shape[1]))
    return [Field(each, weights, weights) for each in knots]


def test_no_warp_changes_nothing(images):
    assert torch.allclose(Warp.none(images).resample(images), images, atol=1e-6)


def test_maps_follow_each_other(images):
    """Turning by a and by -a, and moving there and back, is nothing; what happens first is undone last."""
    angle, there = np.full(12, 0.3), np.full(12, 0.05)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = Warp.none(images).shifted(there, there).linear(cos, -sin, sin, cos)
    back = turned.linear(cos, sin, -sin, cos).shifted(-there, -there)
    assert torch.allclose(back.resample(images, inside=False), images, atol=1e-5)
    assert (turned.resample(images, inside=False) - images).abs().amax() > 0.5


def test_what_pixels_come_from_can_be_given(images):
    matrix = np.tile([[0.9, 0.1], [-0.2, 1.1]], (12, 1, 1))
    shift = np.tile([0.03, -0.02], (12, 1))
    grid = Warp.from_source(images, matrix, shift).grid(images, inside=False)[0, 10, 50] / 2
    at = np.array([50.5, 10.5]) / 64 - 0.5
    np.testing.assert_allclose(grid.numpy(), matrix[0] @ at + shift[0], atol=1e-6)


def test_an_image_is_warped_alike_alone_and_among_others(images):
    some = np.array([0.05] * 12)
    whole = Warp.none(images).linear(1.1, 0.1)
    for axis, field in enumerate(fields(images)):
        whole = whole.bent(axis, field, some)
    alone = Warp.none(images[5:6]).linear(1.1, 0.1)
    for axis, field in enumerate(fields(images)):
        alone = alone.bent(axis, Field(field.knots[5:6], field.down, field.across), some[:1])
    assert torch.equal(alone.resample(images[5:6])[0], whole.resample(images)[5])


def test_fields_are_smooth_and_fall_to_nothing(images):
    for weights in (bspline_weights(64, 12.0), cubic_weights(64, 5)):
        np.testing.assert_allclose(weights.sum(1), 1, atol=5e-3)
    fallen = cubic_weights(64, 5, 6)
    assert np.abs(fallen[[0, -1]]).max() < 0.1 < np.abs(fallen[32]).max()
    assert cubic_weights(100, 4).shape == (100, 4)


def test_ink_that_would_leave_is_brought_back(images):
    """However far it is thrown: moved, turned, blown up and bent. Ink that would stay is left alone."""
    box = ink_box(images)
    lost = []
    for step, (size, move, turn) in enumerate(
        [(1, 0, 0), (1, 0.6, 0), (1.8, 0.2, 0.5), (0.6, -0.4, -0.4), (3, 0, 0.1)]
    ):
        all_ = np.full(12, float(move))
        cos, sin = size * np.cos(turn), size * np.sin(turn)
        warp = Warp.none(images).linear(cos, -sin, sin, cos).shifted(all_, -all_)
        for axis, field in enumerate(fields(images, step)):
            warp = warp.bent(axis, field, np.full(12, 0.08 if step else 0.0))
        grid = warp.grid(images, inside=False)
        before = grid.clone()
        after = kept_inside(grid, box)
        if not step:
            assert torch.equal(before, after)
        made = resampled(images, after)
        edge = torch.cat([made[..., 0, :], made[..., -1, :], made[..., 0], made[..., -1]], -1)
        if float(edge.min()) < 0.5 or float((1 - made).sum((1, 2, 3)).min()) < 5:
            lost.append((size, move, turn))
    assert not lost
