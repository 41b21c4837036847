"""pix2pix: one style, from pairs of source and target glyphs.

After Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks" (2017): a
U-Net draws the target from the source, a patch discriminator judges the pair of both, and the
L1 distance to the true target is added (equation 4). It learns one style, so it has no style code.

The decoder differs from the paper's by default (see ``layers``). The paper's decoder is
``--decoder transpose --no-displacement``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from handgen.losses import basic as losses
from handgen.models.base import Batch, Model, StyleSpec
from handgen.models.critics import CRITICS, make_critic, pair
from handgen.models.layers import DECODERS, UNet
from handgen.models.styles import OneStyle
from handgen.settings import Settings, setting

NETWORK, LOSSES = "Network", "Losses"


@dataclass(frozen=True)
class Pix2PixConfig(Settings):
    """Settings of pix2pix.

    The paper's only noise is dropout, which is on in drawing, too, and which varies the output little. Here a
    drawing must be reproducible, so dropout is on in training alone; it is off by default.
    """

    width: int = setting(24, "Channels of the first layer; the paper has 64.", minimum=4, maximum=256, panel=NETWORK)
    decoder: str = setting(
        "resize",
        "resize = resize + convolution; transpose = transposed convolution, as in the paper.",
        choices=tuple(DECODERS),
        panel=NETWORK,
    )
    displacement: bool = setting(True, "Let the decoder move the features of skip connections.", panel=NETWORK)
    dropout: float = setting(
        0.0,
        "Share of the coarsest decoder features that a training step drops; the paper has 0.5, in drawing, too.",
        minimum=0,
        maximum=0.9,
        panel=NETWORK,
    )
    discriminator: str = setting(
        "patch", "Patches at two scales, or an LSTM over columns.", choices=CRITICS, panel=NETWORK
    )
    lambda_gan: float = setting(1.0, "Weight of the adversarial loss.", minimum=0, panel=LOSSES)
    lambda_l1: float = setting(100.0, "Weight of the L1 distance to the true glyph.", minimum=0, panel=LOSSES)
    lambda_tv: float = setting(0.0, "Weight of total variation, against noise.", minimum=0, panel=LOSSES)


@dataclass(frozen=True)
class Step:
    """The input of both phases of a step: the batch, and the images drawn for it."""

    batch: Batch
    fake: Tensor


class Pix2Pix(Model):
    """pix2pix: its networks and losses, and how to draw with it."""

    Config: ClassVar = Pix2PixConfig
    phases: tuple[str, ...] = ("D", "G")
    one_style: ClassVar = True

    def __init__(self, config: Pix2PixConfig, size: int, styles: Sequence[str], charset: str) -> None:
        super().__init__()
        self.config = config
        self.styles = tuple(styles)
        self.generator = UNet(
            size, config.width, decoder=config.decoder, displacement=config.displacement, dropout=config.dropout
        )
        self.discriminator = make_critic(config.discriminator, size, config.width, 2)

    def phase_parameters(self, phase: str) -> Iterable[nn.Parameter]:
        """D: the discriminator; G: the generator."""
        return (self.discriminator if phase == "D" else self.generator).parameters()

    @property
    def weights(self) -> Mapping[str, float]:
        """The ``lambda_*`` settings."""
        c = self.config
        return {"gan": c.lambda_gan, "l1": c.lambda_l1, "tv": c.lambda_tv}

    def prepare(self, batch: Batch) -> Step:
        """Draw the fakes once, for both phases."""
        return Step(batch, self._draw(batch.content))

    def losses(self, phase: str, step: Step) -> dict[str, Tensor]:
        """Return the losses of one phase. The generator's losses of weight 0 are not computed, except L1."""
        return self._d_losses(step) if phase == "D" else self._g_losses(step)

    def _judge(self, content: Tensor, image: Tensor) -> list[Tensor]:
        logits: list[Tensor] = self.discriminator(pair(content, image))[0]
        return logits

    def _d_losses(self, step: Step) -> dict[str, Tensor]:
        content, target, fake = step.batch.content, step.batch.target, step.fake.detach()
        terms = self.adversarial.discriminator(self._judge(content, target), self._judge(content, fake))
        return terms | self.adversarial.penalties(
            lambda image: self._judge(content, image), target, fake, step.batch.mix
        )

    def _g_losses(self, step: Step) -> dict[str, Tensor]:
        weights, content, fake = self.weights, step.batch.content, step.fake
        terms = {"l1": losses.l1(fake, step.batch.target)}
        if weights["gan"]:
            terms["gan"] = self.adversarial.generator(self._judge(content, fake))
        if weights["tv"]:
            terms["tv"] = losses.tv(fake)
        return terms

    def generate(self, content: Tensor, style: Tensor) -> Tensor:
        """Draw ``content`` in the one style; ``style`` is ``[B, 0]``."""
        return self._draw(content)

    def _draw(self, content: Tensor) -> Tensor:
        drawn: Tensor = self.generator(content, content.new_zeros(content.shape[0], 0))
        return drawn

    @property
    def style_spec(self) -> StyleSpec:
        """The one style that it was trained on."""
        return OneStyle(self.styles)
