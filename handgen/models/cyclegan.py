"""CycleGAN: from the source font to handwriting, without pairs of glyphs.

After Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks" (2017). Two generators translate between two domains, the source font and the style. A
discriminator in each domain tells real from drawn glyphs; it does not see what a glyph was drawn
from. A glyph that is translated to the other domain and back must be the same (cycle consistency,
equation 2). A glyph of a generator's own output domain should not change (identity loss, section
5.2; off by default). Discriminators also see fakes of earlier steps, from a pool (section 4, after
Shrivastava et al. 2017).

All target styles of the store together are one domain. The generators are U-Nets with displaced
skips instead of the paper's residual networks, because these cost several times as much on a CPU.
The untrained generators return their input nearly unchanged. With random weights, they would first
lose the character, and could then learn to draw another one: it fools the discriminator as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from handgen.losses import basic as losses
from handgen.models.base import Batch, Model, StyleSpec
from handgen.models.critics import TwoScales
from handgen.models.layers import SubPixel, UNet, keep_statistics
from handgen.models.styles import OneStyle
from handgen.settings import Settings, setting

NETWORK, LOSSES = "Network", "Losses"
_KEPT = 2.0
"""Weight of the input in the output of the untrained generators, before tanh: tanh(2) = 0.96."""


@dataclass(frozen=True)
class CycleGANConfig(Settings):
    """Settings of CycleGAN. Loss weights are those of the paper, except that of the identity loss."""

    width: int = setting(16, "Channels of the first layer.", minimum=4, maximum=256, panel=NETWORK)
    displacement: bool = setting(True, "Let the decoders move the features of skip connections.", panel=NETWORK)
    pool: int = setting(50, "Fakes of earlier steps that are kept for the discriminators.", minimum=1, panel=NETWORK)
    lambda_gan: float = setting(1.0, "Weight of the adversarial loss.", minimum=0, panel=LOSSES)
    lambda_cycle: float = setting(10.0, "Weight of the cycle consistency loss.", minimum=0, panel=LOSSES)
    lambda_identity: float = setting(
        0.0,
        "Weight of the identity loss, which keeps strokes where they are; the paper has 5.",
        minimum=0,
        panel=LOSSES,
    )


class ImagePool(nn.Module):
    """A pool of fakes of earlier steps, which a discriminator sees again so that it does not forget them.

    Args:
        capacity: the number of images that it can hold.
        size: side of the images in pixels.
    """

    images: Tensor
    held: Tensor

    def __init__(self, capacity: int, size: int) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(capacity, 1, size, size))
        self.register_buffer("held", torch.zeros(capacity, dtype=torch.bool))

    @torch.no_grad()
    def forward(self, drawn: Tensor) -> Tensor:
        """Return ``drawn`` ``[B, 1, size, size]`` with about half of the images replaced by older ones.

        Each image gets a random slot of the pool. If the slot is empty, the image is copied into it. If not, then
        with probability 1/2 the image goes into the slot and the image from there is returned instead. If there are
        more images than slots, the rest is returned unchanged.
        """
        count = min(len(drawn), len(self.images))
        # Random numbers are drawn on the CPU, with the generator that training seeds at every step.
        slot = torch.randperm(len(self.images))[:count].to(drawn.device)
        change = (torch.rand(count) < 0.5).to(drawn.device)
        older, held = self.images[slot], self.held[slot]
        new = drawn[:count]
        keep = (change | ~held)[:, None, None, None]
        self.images[slot] = torch.where(keep, new.to(older.dtype), older)
        self.held[slot] = True
        shown = torch.where((change & held)[:, None, None, None], older.to(new.dtype), new)
        return torch.cat([shown, drawn[count:]])


@dataclass(frozen=True)
class Step:
    """The input of both phases of a step: real glyphs, and the fakes of each domain."""

    source: Tensor
    target: Tensor
    drawn_target: Tensor
    drawn_source: Tensor
    mix: Tensor


class CycleGAN(Model):
    """CycleGAN: its networks and losses, and how to draw with it.

    ``generator`` translates from the source font to the style, ``inverse`` from the style to the source font.
    """

    Config: ClassVar = CycleGANConfig
    phases: tuple[str, ...] = ("D", "G")
    critics: ClassVar = ("discriminator", "inverse_discriminator")
    needs: ClassVar = "domains"
    defaults: ClassVar = {"gan_loss": "lsgan", "batch": 8}

    def __init__(self, config: CycleGANConfig, size: int, styles: Sequence[str], charset: str) -> None:
        super().__init__()
        self.config = config
        self.styles = tuple(styles)
        self.generator: UNet = _make_generator(size, config)
        self.inverse: UNet = _make_generator(size, config)
        self.discriminator = TwoScales(size, config.width, 1)
        self.inverse_discriminator = TwoScales(size, config.width, 1)
        self.pool = ImagePool(config.pool, size)
        self.inverse_pool = ImagePool(config.pool, size)

    def phase_parameters(self, phase: str) -> Iterable[nn.Parameter]:
        """D: both discriminators; G: both generators."""
        pair = (self.discriminator, self.inverse_discriminator) if phase == "D" else (self.generator, self.inverse)
        return (parameter for network in pair for parameter in network.parameters())

    @property
    def weights(self) -> Mapping[str, float]:
        """The ``lambda_*`` settings."""
        c = self.config
        return {"gan": c.lambda_gan, "cycle": c.lambda_cycle, "identity": c.lambda_identity}

    def prepare(self, batch: Batch) -> Step:
        """Draw each domain's glyphs in the other."""
        source, target = batch.content, batch.target
        return Step(source, target, _translate(self.generator, source), _translate(self.inverse, target), batch.mix)

    def losses(self, phase: str, step: Step) -> dict[str, Tensor]:
        """Return the losses of one phase, means over both directions. Generators' losses of weight 0 are left out."""
        return self._d_losses(step) if phase == "D" else self._g_losses(step)

    def _d_losses(self, step: Step) -> dict[str, Tensor]:
        target = self.discriminator, step.target, self.pool(step.drawn_target.detach())
        source = self.inverse_discriminator, step.source, self.inverse_pool(step.drawn_source.detach())
        real = [logits for critic, true, _ in (target, source) for logits in critic(true)[0]]
        fake = [logits for critic, _, drawn in (target, source) for logits in critic(drawn)[0]]
        terms = self.adversarial.discriminator(real, fake)
        penalties = [self._penalties(*each, step.mix) for each in (target, source)]
        return terms | {name: (penalties[0][name] + penalties[1][name]) / 2 for name in penalties[0]}

    def _penalties(self, critic: TwoScales, real: Tensor, fake: Tensor, mix: Tensor) -> dict[str, Tensor]:
        return self.adversarial.penalties(lambda images: critic(images)[0], real, fake, mix)

    def _g_losses(self, step: Step) -> dict[str, Tensor]:
        weights, terms = self.weights, {}
        if weights["gan"]:
            logits = [*self.discriminator(step.drawn_target)[0], *self.inverse_discriminator(step.drawn_source)[0]]
            terms["gan"] = self.adversarial.generator(logits)
        # In synthesis the generator only sees real glyphs, so its normalization statistics must not count fakes.
        with keep_statistics(self):
            if weights["cycle"]:
                there_and_back = losses.l1(_translate(self.inverse, step.drawn_target), step.source)
                back_and_there = losses.l1(_translate(self.generator, step.drawn_source), step.target)
                terms["cycle"] = (there_and_back + back_and_there) / 2
            if weights["identity"]:
                of_target = losses.l1(_translate(self.generator, step.target), step.target)
                of_source = losses.l1(_translate(self.inverse, step.source), step.source)
                terms["identity"] = (of_target + of_source) / 2
        return terms

    def generate(self, content: Tensor, style: Tensor) -> Tensor:
        """Draw ``content`` in the one style; ``style`` is ``[B, 0]``."""
        return _translate(self.generator, content)

    def draw_batch(self, batch: Batch) -> Tensor:
        """Draw the content of a batch in the one style; its targets are ignored."""
        return _translate(self.generator, batch.content)

    @property
    def style_spec(self) -> StyleSpec:
        """The one style, which all target styles of the store make up together."""
        return OneStyle(self.styles)


def _make_generator(size: int, config: CycleGANConfig) -> UNet:
    """Return a U-Net whose output is nearly its input before it is trained."""
    made = UNet(size, config.width, displacement=config.displacement)
    assert isinstance(made.last, SubPixel)
    conv = made.last.conv
    with torch.no_grad():
        # Each of the 4 output channels is a pixel of a 2 x 2 patch. The last 4 input channels are those of the input.
        for pixel in range(4):
            conv.weight[pixel, pixel - 4, 1, 1] = _KEPT
    return made


def _translate(generator: UNet, images: Tensor) -> Tensor:
    drawn: Tensor = generator(images, images.new_zeros(images.shape[0], 0))
    return drawn
