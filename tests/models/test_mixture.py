"""Mixture densities against torch's own, which are written in another way."""

from __future__ import annotations

import pytest
import torch
from torch import distributions

from handgen.models.mixture import Mixture, size_of

PAIRS, SINGLES, COMPONENTS = 2, 3, 4


@pytest.fixture
def mixture():
    torch.manual_seed(0)
    return Mixture.of(torch.randn(5, size_of(COMPONENTS, PAIRS, SINGLES)), COMPONENTS, PAIRS, SINGLES)


def test_the_density_is_that_of_mixed_bivariate_gaussians(mixture):
    pair, single = torch.randn(5, PAIRS, 2), torch.randn(5, SINGLES)
    spread = mixture.pair_spread.exp()
    covariance = torch.diag_embed(spread**2)
    off = mixture.tied * spread.prod(-1)
    covariance[..., 0, 1], covariance[..., 1, 0] = off, off
    of_pairs = distributions.MultivariateNormal(mixture.pair, covariance).log_prob(pair[:, None]).sum(-1)
    of_singles = distributions.Normal(mixture.single, mixture.single_spread.exp()).log_prob(single[:, None]).sum(-1)
    expected = -torch.logsumexp(mixture.weight + of_pairs + of_singles, -1)
    assert torch.allclose(mixture.surprise(pair, single), expected, atol=1e-3, rtol=1e-4)


def test_drawings_have_the_moments_of_the_density(mixture):
    count = 40_000
    one = Mixture(*(part[:1].expand(count, *part.shape[1:]) for part in vars(mixture).values()))
    generator = torch.Generator().manual_seed(1)
    normal = torch.randn(count, 2 * PAIRS + SINGLES, generator=generator)
    pair, single = one.draw(torch.rand(count, generator=generator), normal, torch.ones(count))
    share = mixture.weight[0].exp()
    assert torch.allclose(pair.mean(0), (share[:, None, None] * mixture.pair[0]).sum(0), atol=0.1)
    assert torch.allclose(single.mean(0), (share[:, None] * mixture.single[0]).sum(0), atol=0.1)
    second = (share[:, None, None] * (mixture.pair[0] ** 2 + (2 * mixture.pair_spread[0]).exp())).sum(0)
    assert torch.allclose((pair**2).mean(0), second, rtol=0.1, atol=0.1)


def test_without_warmth_it_is_the_likeliest_mean(mixture):
    luck, normal = torch.rand(5), torch.randn(5, 2 * PAIRS + SINGLES)
    pair, single = mixture.draw(luck, normal, torch.zeros(5))
    best = mixture.weight.argmax(-1)
    assert torch.equal(pair, mixture.pair[torch.arange(5), best])
    assert torch.equal(single, mixture.single[torch.arange(5), best])
