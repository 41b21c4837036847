"""Mixture densities, compared with torch.distributions."""

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
    spread = mixture.pair_log_std.exp()
    covariance = torch.diag_embed(spread**2)
    off = mixture.correlation * spread.prod(-1)
    covariance[..., 0, 1], covariance[..., 1, 0] = off, off
    of_pairs = distributions.MultivariateNormal(mixture.pair_mean, covariance).log_prob(pair[:, None]).sum(-1)
    normal = distributions.Normal(mixture.single_mean, mixture.single_log_std.exp())
    of_singles = normal.log_prob(single[:, None]).sum(-1)
    expected = -torch.logsumexp(mixture.log_weight + of_pairs + of_singles, -1)
    assert torch.allclose(mixture.nll(pair, single), expected, atol=1e-3, rtol=1e-4)


def test_drawings_have_the_moments_of_the_density(mixture):
    count = 40_000
    one = Mixture(*(part[:1].expand(count, *part.shape[1:]) for part in vars(mixture).values()))
    generator = torch.Generator().manual_seed(1)
    normal = torch.randn(count, 2 * PAIRS + SINGLES, generator=generator)
    pair, single = one.draw(torch.rand(count, generator=generator), normal, torch.ones(count))
    share = mixture.log_weight[0].exp()
    assert torch.allclose(pair.mean(0), (share[:, None, None] * mixture.pair_mean[0]).sum(0), atol=0.1)
    assert torch.allclose(single.mean(0), (share[:, None] * mixture.single_mean[0]).sum(0), atol=0.1)
    second = (share[:, None, None] * (mixture.pair_mean[0] ** 2 + (2 * mixture.pair_log_std[0]).exp())).sum(0)
    assert torch.allclose((pair**2).mean(0), second, rtol=0.1, atol=0.1)


def test_at_temperature_0_it_is_the_likeliest_mean(mixture):
    uniform, normal = torch.rand(5), torch.randn(5, 2 * PAIRS + SINGLES)
    pair, single = mixture.draw(uniform, normal, torch.zeros(5))
    best = mixture.log_weight.argmax(-1)
    assert torch.equal(pair, mixture.pair_mean[torch.arange(5), best])
    assert torch.equal(single, mixture.single_mean[torch.arange(5), best])
