"""GAN: two networks of fully connected layers that play against each other.

After Goodfellow et al., "Generative Adversarial Nets" (2014): a generator of rectifiers turns
noise into images, a discriminator of maxout units (Goodfellow et al. 2013) tells them from real
ones. It is given neither character nor style, so its samples have no labels. It is here for
comparison, and as the base class of models with the same losses and other networks.

It differs from the paper in two points: the discriminator has no dropout, and the noise is normal,
not uniform.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from handgen.losses.adversarial import Critic
from handgen.models.base import NOTHING, Batch, Model, PromptKind, StyleSpec
from handgen.models.styles import Latents
from handgen.settings import Settings, setting

NETWORK = "Network"
_PIECES = 5
"""Linear pieces of a maxout unit."""


@dataclass(frozen=True)
class GANConfig(Settings):
    """Settings of GAN."""

    width: int = setting(512, "Units of a hidden layer.", minimum=4, maximum=4096, panel=NETWORK)
    latent_dim: int = setting(100, "Length of the noise z.", minimum=1, maximum=1024, panel=NETWORK)


class Generator(nn.Module):
    """Two hidden layers of rectifiers. The output is tanh, since images are in [-1, 1]; the paper has a sigmoid."""

    def __init__(self, size: int, width: int, latent_dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, size * size),
            nn.Tanh(),
            nn.Unflatten(1, (1, size, size)),
        )

    def forward(self, z: Tensor) -> Tensor:
        """Return images ``[B, 1, size, size]`` in [-1, 1] for noise ``[B, latent_dim]``."""
        drawn: Tensor = self.layers(z)
        return drawn


class Maxout(nn.Module):
    """Units whose value is the maximum of several linear functions (Goodfellow et al. 2013)."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.pieces = nn.Linear(inputs, units * _PIECES)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[B, units]`` from ``[B, inputs]``."""
        pieces: Tensor = self.pieces(x)
        return pieces.reshape(len(x), -1, _PIECES).amax(dim=2)


class Discriminator(nn.Module):
    """Two hidden layers of maxout units, half as many as the generator's rectifiers."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        units = width // 2
        self.layers = nn.Sequential(nn.Flatten(), Maxout(size * size, units), Maxout(units, units), nn.Linear(units, 1))

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits real/fake ``[B, 1]`` of images ``[B, 1, size, size]``."""
        logits: Tensor = self.layers(image)
        return logits


@dataclass(frozen=True)
class Step:
    """The input of both phases of a step: the batch, and the images drawn for it."""

    batch: Batch
    fake: Tensor


class GAN(Model):
    """GAN: its networks and losses. A subclass overrides ``networks`` and keeps the losses."""

    Config: ClassVar[type[Settings]] = GANConfig
    phases: tuple[str, ...] = ("D", "G")
    needs: ClassVar = "glyphs"
    prompt_kind: ClassVar[PromptKind] = NOTHING
    defaults: ClassVar[Mapping[str, Any]] = {"lr": 2e-4}

    def __init__(self, config: Any, size: int, styles: Sequence[str], charset: str) -> None:
        super().__init__()
        self.config = config
        self.styles = tuple(styles)
        self.noise: int = config.latent_dim
        self.generator, self.discriminator = self.networks(size, len(styles), len(charset))

    def networks(self, size: int, styles: int, chars: int) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator.

        Args:
            size: side of the images in pixels.
            styles: how many styles are learned.
            chars: how many characters are learned.
        """
        return Generator(size, self.config.width, self.noise), Discriminator(size, self.config.width)

    def phase_parameters(self, phase: str) -> Iterable[nn.Parameter]:
        """D: the discriminator; G: the generator."""
        return (self.discriminator if phase == "D" else self.generator).parameters()

    @property
    def weights(self) -> Mapping[str, float]:
        """Every loss weighs 1."""
        return {}

    def critic(self, batch: Batch) -> Critic:
        """Return a function from images, drawn for a batch, to logits."""
        return self.discriminator

    def prepare(self, batch: Batch) -> Step:
        """Draw the fakes once, for both phases."""
        return Step(batch, self.draw_batch(batch))

    def losses(self, phase: str, step: Step) -> dict[str, Tensor]:
        """Return the adversarial loss of one phase."""
        critic, target = self.critic(step.batch), step.batch.target
        if phase == "G":
            return {"gan": self.adversarial.generator(critic(step.fake))}
        terms = self.adversarial.discriminator(critic(target), critic(step.fake.detach()))
        return terms | self.adversarial.penalties(critic, target, step.fake, step.batch.mix)

    def generate(self, content: Tensor, style: Tensor) -> Tensor:
        """Draw from the noise ``style``, ``[B, latent_dim]``; ``content`` is ignored."""
        drawn: Tensor = self.generator(style)
        return drawn

    @property
    def style_spec(self) -> StyleSpec:
        """The noise. No style has a name."""
        return Latents((), torch.empty(0, self.noise))

    def draw_batch(self, batch: Batch) -> Tensor:
        """Draw from the noise of the batch; its targets are ignored."""
        return self.generate(batch.char, batch.noise)
