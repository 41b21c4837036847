from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from handgen.losses.adversarial import GAN_LOSSES, Adversarial, prepare_critic


def halves(kind, real, fake):
    terms = Adversarial(kind).discriminator(torch.full((4, 1), real), torch.full((4, 1), fake))
    return float(terms["real"]), float(terms["fake"])


@pytest.mark.parametrize(
    ("kind", "undecided", "generator"),
    [
        ("vanilla", (math.log(2), math.log(2)), math.log(2)),
        ("lsgan", (1, 0), 1),
        ("hinge", (1, 1), 0),
        ("wgan", (0, 0), 0),
        ("wgan-gp", (0, 0), 0),
    ],
)
def test_losses_at_zero(kind, undecided, generator):
    assert halves(kind, 0.0, 0.0) == pytest.approx(undecided)
    assert float(Adversarial(kind).generator(torch.zeros(4, 1))) == pytest.approx(generator)


@pytest.mark.parametrize("kind", GAN_LOSSES)
def test_the_critic_gains_by_telling_them_apart_and_the_generator_by_deceiving(kind):
    assert sum(halves(kind, 0.9, 0.1)) < sum(halves(kind, 0.5, 0.5)) < sum(halves(kind, 0.1, 0.9))
    game = Adversarial(kind)
    assert game.generator(torch.full((4, 1), 0.9)) < game.generator(torch.full((4, 1), 0.1))


@pytest.mark.parametrize("kind", GAN_LOSSES)
def test_accuracy_counts_what_is_told_rightly(kind):
    real, fake = torch.tensor([2.0, 3.0, 4.0, -9.0]), torch.tensor([-1.0, -2.0, -3.0, -4.0])
    terms = Adversarial(kind).discriminator([real, real], [fake, fake])
    assert float(terms["real accuracy"]) == 0.75
    assert not terms["real accuracy"].requires_grad
    assert float(terms["fake accuracy"]) >= 0.5


def test_scales_count_alike():
    one, many = torch.randn(4, 1), torch.randn(4, 1, 6, 6)
    for kind in GAN_LOSSES:
        game = Adversarial(kind)
        both = game.generator([one, many])
        assert float(both) == pytest.approx(float((game.generator(one) + game.generator(many)) / 2), abs=1e-6)


def test_losses_of_half_precision_logits_are_single_precision():
    logits = torch.tensor([1.0, 1.0078125]).bfloat16()  # bfloat16 cannot hold their mean
    assert float(Adversarial("wgan").generator(logits)) == -1.00390625


def test_the_penalties_are_what_the_papers_say():
    slope = torch.randn(1, 1, 8, 8)

    def critic(image):
        return (image * slope).flatten(1).sum(dim=1, keepdim=True)

    real, fake, mix = torch.randn(3, 1, 8, 8), torch.randn(3, 1, 8, 8), torch.rand(3)
    norm = float(slope.norm())
    assert float(Adversarial("wgan-gp").penalties(critic, real, fake, mix)["gp"]) == pytest.approx(
        (norm - 1) ** 2, rel=1e-4
    )
    assert float(Adversarial(r1=True).penalties(critic, real, fake, mix)["r1"]) == pytest.approx(norm**2 / 2, rel=1e-4)
    assert Adversarial().penalties(critic, real, fake, mix) == {}


def test_a_penalised_critic_judges_each_sample_alone():
    critic = nn.Sequential(
        nn.Conv2d(1, 4, 4, 2), nn.BatchNorm2d(4), nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4))
    )
    prepare_critic(critic, "wgan-gp", spectral_norm=True)
    kinds = {type(part) for part in critic.modules()}
    assert nn.BatchNorm2d not in kinds
    assert nn.GroupNorm in kinds
    images = torch.randn(4, 1, 16, 16)
    for _ in range(50):
        critic(images)  # one power iteration each
    assert float(torch.linalg.matrix_norm(critic[0].weight.detach().flatten(1), 2)) == pytest.approx(1, abs=1e-2)
    critic.eval()  # training moves the estimate of the norm at every call
    assert torch.allclose(critic(images)[:2], critic(images[:2]), atol=1e-5)
