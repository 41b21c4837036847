"""DCGAN: the losses of ``gan`` with convolutional networks, and two presets of it.

After Radford et al., "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks" (2016): strided and transposed convolutions instead of pooling; batch
normalization in both networks, except for the generator's last layer and the discriminator's first;
ReLU in the generator and leaky ReLU in the discriminator; no fully connected hidden layers; weights
from N(0, 0.02); Adam with a learning rate of 2e-4 and a first moment of 0.5.

- WGAN: Arjovsky et al., "Wasserstein GAN" (2017), with the settings of its algorithm 1. Its
  experiments use the networks of DCGAN.
- LSGAN: Mao et al., "Least Squares Generative Adversarial Networks" (2017).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from handgen.models.base import init_weights
from handgen.models.critics import PatchTrunk
from handgen.models.gan import GAN, NETWORK
from handgen.settings import Settings, setting

BASE = 4
"""Side in pixels of the generator's first and the discriminator's last feature maps."""


@dataclass(frozen=True)
class DCGANConfig(Settings):
    """Settings of DCGAN."""

    width: int = setting(
        32,
        "Channels at half the image's side, doubled inwards; the paper has 128.",
        minimum=4,
        maximum=256,
        panel=NETWORK,
    )
    latent_dim: int = setting(100, "Length of the noise z.", minimum=1, maximum=1024, panel=NETWORK)


def levels(size: int) -> int:
    """Return how many times ``BASE`` doubles to ``size`` pixels, a power of two."""
    return (size // BASE).bit_length() - 1


class Generator(nn.Module):
    """Projects a vector to features of 4 x 4 pixels, and doubles their side by transposed convolutions.

    Args:
        size: side of the images in pixels, a power of two.
        width: channels of the last hidden layer; each layer before it has twice as many, up to eight times ``width``.
        inputs: length of the vector.
    """

    def __init__(self, size: int, width: int, inputs: int) -> None:
        super().__init__()
        out = [width * min(2**level, 8) for level in reversed(range(levels(size)))]
        self.project = nn.Linear(inputs, out[0] * BASE**2, bias=False)
        self.reshape = nn.Unflatten(1, (out[0], BASE, BASE))
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for channels in out)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False) for before, after in itertools.pairwise(out)
        )
        self.last = nn.ConvTranspose2d(out[-1], 1, 4, 2, 1)
        init_weights(self)

    def forward(self, z: Tensor) -> Tensor:
        """Return images ``[B, 1, size, size]`` in [-1, 1] for vectors ``[B, inputs]``."""
        x = F.relu(self.norms[0](self.reshape(self.project(z))))
        for up, norm in zip(self.ups, list(self.norms)[1:], strict=True):
            x = F.relu(norm(up(x)))
        drawn: Tensor = self.last(x).tanh()
        return drawn


class Discriminator(nn.Module):
    """Strided convolutions down to features of 4 x 4 pixels, and one logit of all of them."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.trunk = PatchTrunk(size, width, 1, layers=levels(size))
        self.whole = nn.Linear(self.trunk.out * BASE**2, 1)
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits real/fake ``[B, 1]`` of images ``[B, 1, size, size]``."""
        logits: Tensor = self.whole(self.trunk(image).flatten(1))
        return logits


class DCGAN(GAN):
    """DCGAN: its networks and losses."""

    Config: ClassVar = DCGANConfig
    defaults: ClassVar = {"lr": 2e-4, "beta1": 0.5, "batch": 64}

    def networks(self, size: int, styles: int, chars: int) -> tuple[nn.Module, nn.Module]:
        """Return the convolutional generator and discriminator; see ``GAN.networks``."""
        return Generator(size, self.config.width, self.noise), Discriminator(size, self.config.width)


class WGAN(DCGAN):
    """DCGAN's networks with the loss, optimizer and critic steps of WGAN's algorithm 1."""

    defaults: ClassVar = {"gan_loss": "wgan", "optimizer": "rmsprop", "lr": 5e-5, "d_steps": 5, "batch": 64}


class LSGAN(DCGAN):
    """DCGAN's networks with LSGAN's loss."""

    defaults: ClassVar = {**DCGAN.defaults, "gan_loss": "lsgan"}
