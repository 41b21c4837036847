from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from handgen.glyphs.store import to_unit
from handgen.metrics.diversity import Diversity, mean_pairwise_l1


def brute_force(images):
    gray = (images.double() + 1) / 2
    return float(torch.stack([(a - b).abs().mean() for a, b in itertools.combinations(gray, 2)]).mean())


@given(st.integers(2, 12), st.integers(1, 4), st.integers(0, 2**40), st.booleans())
def test_it_is_the_mean_over_all_pairs(count, side, seed, coarse):
    images = torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    images = images.round() if coarse else images  # many values alike
    assert mean_pairwise_l1(images) == pytest.approx(brute_force(images), abs=1e-6)


def test_real_glyphs(store):
    images = to_unit(store.images[store.rows(store.targets[0])])[:, None]
    assert mean_pairwise_l1(images) == pytest.approx(brute_force(images), rel=1e-5)
    assert mean_pairwise_l1(images.flip(0)) == pytest.approx(mean_pairwise_l1(images))


def test_its_ends():
    paper = torch.ones(1, 1, 8, 8)
    assert mean_pairwise_l1(torch.cat([paper, -paper])) == 1
    assert mean_pairwise_l1(torch.rand(1, 1, 8, 8).expand(9, 1, 8, 8)) == 0
    with pytest.raises(ValueError, match="1 images"):
        mean_pairwise_l1(paper)


def test_characters_count_alike_however_many_drawings_they_have():
    alike, opposite = torch.ones(7, 1, 4, 4), torch.stack([torch.ones(1, 4, 4), -torch.ones(1, 4, 4)])
    diversity = Diversity()
    assert math.isnan(diversity.result())
    diversity.update(alike)
    diversity.update(opposite)
    assert diversity.result() == 0.5
