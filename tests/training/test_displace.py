"""``--displace`` and ``--warp``: content and target are distorted in the same way."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from handgen.errors import UsageError
from handgen.glyphs.store import to_unit
from handgen.models.base import Batch
from handgen.training.displace import _COLUMNS, _warp, displace, warp_as_people_do
from handgen.training.settings import TrainSettings
from tests.conftest import same_state


@pytest.fixture(scope="module")
def batch(store):
    content = to_unit(store.images[store.rows(0)[:12]])[:, None]
    target = to_unit(store.images[store.rows(1)[:12]])[:, None]
    number = torch.zeros(12, dtype=torch.int64)
    return Batch(content, target, number, number, torch.zeros(12, 0), torch.zeros(12))


def ink(images):
    return (1 - images).sum((1, 2, 3)) / 2


def test_content_and_target_are_moved_alike(batch):
    twice = Batch(batch.content, batch.content.clone(), *(getattr(batch, n) for n in ("style", "char", "noise", "mix")))
    moved = displace(twice, 1.0, 3, np.arange(12))
    torch.testing.assert_close(moved.content, moved.target)
    assert (moved.content - batch.content).abs().mean(dim=(1, 2, 3)).min() > 0.02
    other = displace(batch, 1.0, 3, np.arange(12))
    assert torch.equal(other.content, moved.content)  # whatever the target is
    for before, after in ((batch.content, other.content), (batch.target, other.target)):
        assert after.shape == before.shape
        assert after.is_contiguous(memory_format=torch.channels_last)
        assert after.min() >= -1
        assert after.max() <= 1
        torch.testing.assert_close(ink(after), ink(before), rtol=0.25, atol=0)


def test_what_is_done_depends_on_seed_and_place_alone(batch):
    whole = displace(batch, 0.5, 7, np.arange(100, 112))
    part = Batch(*(getattr(batch, name)[4:9] for name in Batch.__dataclass_fields__))
    torch.testing.assert_close(displace(part, 0.5, 7, np.arange(104, 109)).target, whole.target[4:9])
    assert not torch.equal(displace(batch, 0.5, 8, np.arange(100, 112)).target, whole.target)
    assert displace(batch, 0.0, 7, np.arange(12)) is batch


def test_half_of_the_pairs_are_deformed_as_people_do(batch):
    """Content and target alike, the other half not at all; which and how follows from seed and number alone."""
    many = Batch(*(torch.cat([getattr(batch, name)] * 4) for name in Batch.__dataclass_fields__))
    same = Batch(many.target, many.target.clone(), many.style, many.char, many.noise, many.mix)
    moved = warp_as_people_do(same, 0.6, 3, np.arange(48))
    torch.testing.assert_close(moved.content, moved.target)
    changed = (moved.target != many.target).flatten(1).any(1)
    assert 12 < changed.sum() < 36
    assert (moved.target - many.target)[changed].abs().mean(dim=(1, 2, 3)).min() > 0.01
    other = warp_as_people_do(many, 0.6, 3, np.arange(48))
    for before, after in ((many.content, other.content), (many.target, other.target)):
        assert after.is_contiguous(memory_format=torch.channels_last)
        assert -1 <= after.min() < after.max() <= 1
        assert ink(after).median() == pytest.approx(ink(before).median(), rel=0.25)
    part = Batch(*(getattr(many, name)[9:20] for name in Batch.__dataclass_fields__))
    torch.testing.assert_close(warp_as_people_do(part, 0.6, 3, np.arange(9, 20)).target, other.target[9:20])
    assert warp_as_people_do(many, 0.0, 3, np.arange(48)) is many


def test_one_picture_stays_one(batch):
    alone = Batch(batch.target, batch.target, *(getattr(batch, n) for n in ("style", "char", "noise", "mix")))
    for change in (displace, warp_as_people_do):
        moved = change(alone, 0.5, 7, np.arange(12))
        assert moved.content is moved.target


@pytest.mark.parametrize("size", [64, 128])
def test_fields_are_smooth_and_leave_the_edge_alone(size):
    ends = torch.where(torch.rand(200, _COLUMNS, generator=torch.Generator().manual_seed(0)) < 0.5, -1.0, 1.0)
    blank = torch.ones(200, 1, size, size)
    grid = _warp(ends.double().numpy(), blank).grid(blank, inside=False)
    assert torch.diff(grid[..., 0], dim=2).min() > 0  # no point comes twice
    assert torch.diff(grid[..., 1], dim=1).min() > 0
    plain = _warp(np.zeros((1, _COLUMNS)), blank[:1]).grid(blank[:1], inside=False)
    moved = (grid - plain).norm(dim=-1) * 32  # in pixels of 64
    assert moved[:, [0, -1]].max() < 0.8
    assert moved[:, :, [0, -1]].max() < 0.8
    assert 1 < moved.mean() < moved.max() < 9


def test_a_run_goes_on_exactly(make_trainer):
    options = {"displace": 0.7, "warp": 0.6, "schedule": "constant", "batch": 2}
    whole = make_trainer(out="whole", images=4, **options)
    plain = make_trainer(out="plain", images=4, batch=2)
    assert not torch.equal(plain.batch(0, "noise").target, whole.batch(0, "noise").target)
    assert whole.run(lambda progress: None)
    assert make_trainer(out="parts", images=2, **options).run(lambda progress: None)
    second = make_trainer(out="parts", images=4, **options)
    assert second.images == 2
    assert second.run(lambda progress: None)
    same_state(whole.folder.path, second.folder.path)


def test_a_strength_that_makes_no_sense():
    with pytest.raises(UsageError, match=r"--displace 1.5 is too large. The most is 1."):
        TrainSettings(displace=1.5)
