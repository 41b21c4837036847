from __future__ import annotations

import pytest
import torch
from torch import nn

from handgen.models import MODELS
from handgen.models.dcgan import DCGAN, DCGANConfig, levels
from handgen.training.settings import TrainSettings


@pytest.mark.parametrize("name", ["gan", "dcgan", "cgan"])
@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_every_power_of_two(name, size):
    kind = MODELS.load(name)
    model = kind(kind.Config(width=4), size, ("a", "b"), "xy")
    style = model.style_spec.draw(1, seed=0)[0].vector.expand(2, -1)
    image = model.generate(torch.tensor([0, 1]), style)
    assert image.shape == (2, 1, size, size)
    classes = () if name != "cgan" else (torch.tensor([0, 1]), torch.tensor([1, 0]))
    assert model.discriminator(image, *classes).shape == (2, 1)


def test_channels_double_inwards_up_to_eight_times():
    assert [levels(size) for size in (32, 64, 128, 256)] == [3, 4, 5, 6]
    generator = DCGAN(DCGANConfig(width=4), 256, (), "").generator
    assert [norm.num_features for norm in generator.norms] == [32, 32, 32, 16, 8, 4]


def test_the_networks_are_those_of_the_paper():
    model = DCGAN(DCGANConfig(width=32), 64, (), "")
    drawing, judging = list(model.generator.modules()), list(model.discriminator.modules())
    assert sum(isinstance(part, nn.ConvTranspose2d) for part in drawing) == 4
    assert sum(isinstance(part, nn.Conv2d) for part in judging) == 4
    assert sum(isinstance(part, nn.BatchNorm2d) for part in drawing) == 4
    assert sum(isinstance(part, nn.BatchNorm2d) for part in judging) == 3
    assert not any(isinstance(part, nn.MaxPool2d | nn.AvgPool2d | nn.Upsample) for part in drawing + judging)
    weights = torch.cat([p.flatten() for p in model.parameters() if p.ndim > 1])
    assert weights.std().item() == pytest.approx(0.02, rel=0.02)


def test_presets_are_the_settings_of_their_papers():
    made = {name: TrainSettings(**MODELS.load(name).defaults) for name in ("dcgan", "wgan", "lsgan")}
    dcgan, wgan, lsgan = made.values()
    assert (dcgan.gan_loss, dcgan.optimizer, dcgan.lr, dcgan.beta1, dcgan.d_steps) == ("vanilla", "adam", 2e-4, 0.5, 1)
    assert (wgan.gan_loss, wgan.optimizer, wgan.lr, wgan.clip_critic, wgan.d_steps) == (
        "wgan",
        "rmsprop",
        5e-5,
        0.01,
        5,
    )
    assert (lsgan.gan_loss, lsgan.lr, lsgan.beta1) == ("lsgan", 2e-4, 0.5)
