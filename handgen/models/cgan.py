"""cGAN: draws a given character in a given style, from noise and without a source font.

After Mirza & Osindero, "Conditional Generative Adversarial Nets" (2014): both networks are given
the class. The networks are those of DCGAN. A class is a character and a style, and each has an
embedding. The generator's input is the noise and both embeddings, concatenated. The discriminator
adds the inner product of its features and the embeddings to its logit (Miyato & Koyama, "cGANs
with Projection Discriminator", 2018).

It needs no pairs, so it can learn from real handwriting without a source font. It can draw only
the characters that it was trained on.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handgen.losses.adversarial import Critic
from handgen.models import dcgan
from handgen.models.base import CHARACTERS, Batch, DrawnStyle, StyleSpec, init_weights
from handgen.models.critics import PatchTrunk
from handgen.models.gan import GAN, NETWORK
from handgen.models.styles import CodeTable
from handgen.settings import Settings, setting


@dataclass(frozen=True)
class CGANConfig(Settings):
    """Settings of cGAN."""

    width: int = setting(
        32, "Channels at half the image's side, doubled inwards.", minimum=4, maximum=256, panel=NETWORK
    )
    latent_dim: int = setting(100, "Length of the noise z.", minimum=1, maximum=1024, panel=NETWORK)
    code_dim: int = setting(
        128, "Length of a character's and of a style's code.", minimum=2, maximum=1024, panel=NETWORK
    )


class Generator(nn.Module):
    """DCGAN's generator; its input is the codes of character and style, and the noise."""

    def __init__(self, size: int, config: CGANConfig, chars: int, styles: int) -> None:
        super().__init__()
        self.char = nn.Embedding(chars, config.code_dim)
        self.style = nn.Embedding(styles, config.code_dim)
        self.draw = dcgan.Generator(size, config.width, 2 * config.code_dim + config.latent_dim)

    def forward(self, char: Tensor, share: Tensor, z: Tensor) -> Tensor:
        """Return images ``[B, 1, size, size]`` in [-1, 1].

        Args:
            char: int64 ``[B]``, indices of characters.
            share: float32 ``[B, styles]``, the share of each style; one-hot in training.
            z: noise ``[B, latent_dim]``.
        """
        drawn: Tensor = self.draw(torch.cat([self.char(char), share @ self.style.weight, z], dim=1))
        return drawn


class Discriminator(nn.Module):
    """DCGAN's discriminator, whose logit also says how well the image fits the character and the style."""

    def __init__(self, size: int, config: CGANConfig, chars: int, styles: int) -> None:
        super().__init__()
        self.trunk = PatchTrunk(size, config.width, 1, layers=dcgan.levels(size))
        self.features = nn.Linear(self.trunk.out * dcgan.BASE**2, config.code_dim)
        self.real = nn.Linear(config.code_dim, 1)
        self.char = nn.Embedding(chars, config.code_dim)
        self.style = nn.Embedding(styles, config.code_dim)
        init_weights(self)

    def forward(self, image: Tensor, char: Tensor, style: Tensor) -> Tensor:
        """Return the logits real/fake ``[B, 1]`` of images of the characters and styles int64 ``[B]``."""
        seen = F.leaky_relu(self.features(self.trunk(image).flatten(1)), 0.2)
        given = self.char(char) + self.style(style)
        logits: Tensor = self.real(seen) + (seen * given).sum(dim=1, keepdim=True)
        return logits


class ClassStyles(CodeTable):
    """Styles as classes, or mixtures of two of them. A vector is the share of each style, then noise.

    Args:
        names: the styles.
        latent_dim: length of the noise, which is drawn anew for every sample.
    """

    def __init__(self, names: Sequence[str], latent_dim: int) -> None:
        super().__init__(names, torch.eye(len(names), len(names) + latent_dim))
        self._latent_dim = latent_dim

    def pick(self, names: Sequence[str]) -> list[DrawnStyle]:
        """Return the named styles."""
        return self._noisy(super().pick(names))

    def draw(self, count: int, seed: int) -> list[DrawnStyle]:
        """Return the trained styles, then convex mixtures of two of them."""
        return self._noisy(super().draw(count, seed))

    def _noisy(self, styles: Sequence[DrawnStyle]) -> list[DrawnStyle]:
        return [dataclasses.replace(style, fresh=self._latent_dim) for style in styles]


class CGAN(GAN):
    """cGAN: its networks and losses, and how to draw with it."""

    Config: ClassVar = CGANConfig
    prompt_kind: ClassVar = CHARACTERS
    defaults: ClassVar = dcgan.DCGAN.defaults
    characters: Tensor

    def __init__(self, config: CGANConfig, size: int, styles: Sequence[str], charset: str) -> None:
        super().__init__(config, size, styles, charset)
        # Kept with the weights, so that rows can follow their character to a model of another charset.
        self.register_buffer("characters", torch.tensor([ord(char) for char in charset]))

    def networks(self, size: int, styles: int, chars: int) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator, which are given character and style; see ``GAN.networks``."""
        return Generator(size, self.config, chars, styles), Discriminator(size, self.config, chars, styles)

    def critic(self, batch: Batch) -> Critic:
        """Return the discriminator, given the characters and styles of the batch's targets."""
        return functools.partial(self.discriminator, char=batch.char, style=batch.style)

    def generate(self, content: Tensor, style: Tensor) -> Tensor:
        """Draw the characters int64 ``[B]`` in the styles ``[B, styles + latent_dim]``: shares, then noise."""
        share, z = style[:, : len(self.styles)], style[:, len(self.styles) :]
        drawn: Tensor = self.generator(content, share, z)
        return drawn

    @property
    def style_spec(self) -> StyleSpec:
        """The trained styles, and mixtures of two of them."""
        return ClassStyles(self.styles, self.noise)

    def draw_batch(self, batch: Batch) -> Tensor:
        """Draw the targets' characters in their styles, with the noise of the batch."""
        share = F.one_hot(batch.style, len(self.styles)).to(batch.noise.dtype)
        drawn: Tensor = self.generator(batch.char, share, batch.noise)
        return drawn

    def load_matching(self, weights: Mapping[str, Tensor], styles: Sequence[str]) -> list[str]:
        """Copy trained weights; codes are matched by character and by the name of the style."""
        characters = self.characters.tolist()
        before = weights.get("characters", torch.empty(0)).tolist()
        rows = {
            "char": [(characters.index(char), row) for row, char in enumerate(before) if char in characters],
            "style": [(self.styles.index(name), row) for row, name in enumerate(styles) if name in self.styles],
        }
        moved = {**weights, "characters": self.characters}
        for network in ("generator", "discriminator"):
            for kind, pairs in rows.items():
                key = f"{network}.{kind}.weight"
                mine = self.state_dict()[key].clone()
                if key in moved and mine.shape[1:] == moved[key].shape[1:]:
                    for new, old in pairs:
                        mine[new] = moved[key][old]
                    moved[key] = mine
        return super().load_matching(moved, styles)
