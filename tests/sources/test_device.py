"""Between a prompt and its bytes, nothing comes back to the CPU but what is planned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from handgen.seeds import SampleKey
from handgen.sources import loading
from handgen.sources.base import Opening
from handgen.sources.model import ModelSource
from handgen.sources.spec import SourceSpec
from tests.sources.fake_device import DEVICE, FakeDevice

COUNT = 24


def drawn(source):
    rows = np.arange(COUNT) % len(source.chars)
    key = replace(SampleKey.of(0, np.arange(COUNT)), attempt=np.arange(COUNT) % 3)
    return source.draw(rows, np.arange(COUNT) % len(source.styles), key)


@pytest.fixture
def source(trained):
    return ModelSource.open(SourceSpec(str(trained), vary=1.0), "一丁七万丈三上下", Opening(seed=0, device="cpu"))


def test_one_copy_of_bytes_leaves_the_device(source):
    expected = drawn(source)
    with FakeDevice() as device:
        drawer = loading.build(source.checkpoint).to(DEVICE)
        content = replace(source.content, prompts=replace(source.content.prompts, device=DEVICE))
        there = replace(source, device=DEVICE, drawer=drawer, content=content)
        drawn(there)  # the glyphs of the source font go to the device
        device.left.clear()
        made = drawn(there)
    assert np.abs(made.images.astype(int) - expected.images).max() <= 1  # convolutions of another memory layout
    large = [size for _, _, size in device.left if size >= made.images.nbytes // 4]
    assert large == [made.images.nbytes], device.left
    assert sum(size for _, _, size in device.left) - made.images.nbytes < made.images.nbytes / 4


def test_the_device_notices_what_leaves_it_and_what_it_lacks():
    with FakeDevice() as device:
        there = torch.ones(3).to(DEVICE)
        assert (there * 2).cpu().tolist() == [2, 2, 2]
        assert bool((there > 0).any())
        assert [size for _, _, size in device.left] == [12, 1]
        with pytest.raises(RuntimeError, match="two devices"):
            there + torch.ones(3)
