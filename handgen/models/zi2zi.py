"""Zi2Zi: one network that redraws a source font's glyphs in many styles.

After Tian's "zi2zi: Master Chinese Calligraphy with Conditional Adversarial Networks" (2017),
which joins pix2pix (Isola et al. 2017), AC-GAN (Odena et al. 2017) and DTN (Taigman et al.
2017): an encoder of strided convolutions down to one pixel, a fixed Gaussian style code
concatenated there, a decoder with skip connections, and a discriminator of source-target pairs
with a real/fake and a style head.

Two things differ by default, and can be switched off: the decoder moves the features of its skip
connections, and the style code also scales and shifts every normalized decoder layer (the original
has conditional instance normalization as an option).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from handgen.errors import UsageError
from handgen.losses import basic as losses
from handgen.models.base import Batch, StyleSpec, init_weights
from handgen.models.critics import make_critic, pair
from handgen.models.features import FeatureExtractor
from handgen.models.layers import DECODERS, UNet, check_patch, keep_statistics
from handgen.models.remedies import NETWORK, REMEDIES, RemedyModel, RemedySettings
from handgen.models.styles import CodeTable, gaussian_code
from handgen.settings import setting

LOSSES, SECOND_STAGE = "Losses", "Second stage"
_CODE_SEED = 2017


@dataclass(frozen=True)
class Zi2ZiConfig(RemedySettings):
    """Settings of Zi2Zi. Loss weights are those of the original unless their help says otherwise."""

    width: int = setting(24, "Channels of the first layer; the original has 64.", minimum=4, maximum=256, panel=NETWORK)
    code_dim: int = setting(128, "Length of a style code.", minimum=2, maximum=1024, panel=NETWORK)
    decoder: str = setting(
        "resize",
        "resize = resize + convolution; transpose = transposed convolution, as in the original.",
        choices=tuple(DECODERS),
        panel=NETWORK,
    )
    patch: int = setting(
        4,
        "Stride of the first layer and of the last, in pixels: 2, 4 or 8; the original has 2.",
        minimum=2,
        maximum=8,
        panel=NETWORK,
    )
    displacement: bool = setting(True, "Let the decoder move the features of skip connections.", panel=NETWORK)
    film: bool = setting(True, "Let the style code modulate every decoder layer.", panel=NETWORK)
    lambda_gan: float = setting(1.0, "Weight of the adversarial loss.", minimum=0, panel=LOSSES)
    lambda_l1: float = setting(100.0, "Weight of the L1 distance to the true glyph.", minimum=0, panel=LOSSES)
    lambda_category: float = setting(1.0, "Weight of the style classifier's loss.", minimum=0, panel=LOSSES)
    lambda_const: float = setting(15.0, "Weight of the encoding consistency.", minimum=0, panel=LOSSES)
    lambda_tv: float = setting(
        0.1, "Weight of total variation, against noise; 0 in the original.", minimum=0, panel=LOSSES
    )
    discriminator: str = setting(
        "original", "The original's, or an LSTM over columns.", choices=("original", "lstm"), panel=REMEDIES
    )
    freeze_encoder: bool = setting(False, "Do not train the encoder.", panel=SECOND_STAGE)

    def __post_init__(self) -> None:
        """Check what depends on more than one setting."""
        super().__post_init__()
        check_patch(self.patch)
        if self.patch > 2 and self.decoder == "transpose":
            raise UsageError(f"--decoder transpose draws no patches of {self.patch} pixels", "Add --patch 2.")

    @property
    def judged(self) -> bool:
        """Whether any loss that needs the discriminator has a weight."""
        return bool(self.lambda_gan or self.lambda_category or self.lambda_strokes)


class Discriminator(nn.Module):
    """Judges source-target pairs: four downsampling layers, then real/fake and style heads."""

    def __init__(self, size: int, width: int, styles: int) -> None:
        super().__init__()
        out = [width * 2**level for level in range(4)]
        layers: list[nn.Module] = []
        for level, (before, after) in enumerate(zip([2, *out], out, strict=False)):
            layers.append(nn.Conv2d(before, after, 4, 2, 1, bias=not level))
            layers += [nn.BatchNorm2d(after)] if level else []
            layers.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*layers, nn.Flatten())
        features = out[-1] * (size // 16) ** 2
        self.real = nn.Linear(features, 1)
        self.category = nn.Linear(features, styles)
        init_weights(self)

    def forward(self, pair: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits real/fake ``[B, 1]`` and style ``[B, styles]`` of pairs ``[B, 2, size, size]``."""
        x = self.layers(pair)
        return self.real(x), self.category(x)


@dataclass(frozen=True)
class Step:
    """The input of both phases of a step: the batch, the encoding of its content, and the images drawn for it."""

    batch: Batch
    encoding: Tensor
    fake: Tensor


class Zi2Zi(RemedyModel):
    """Zi2Zi: its networks and losses, and how to draw with it."""

    Config: ClassVar = Zi2ZiConfig
    phases: tuple[str, ...] = ("D", "G")
    adaptable: ClassVar = True
    codes: Tensor

    def __init__(self, config: Zi2ZiConfig, size: int, styles: Sequence[str], charset: str) -> None:
        super().__init__(config, charset)
        self.config = config
        self.styles = tuple(styles)
        if not config.judged:
            self.phases = ("G",)
        self.generator: UNet = UNet(
            size,
            config.width,
            code_dim=config.code_dim,
            film=config.film,
            decoder=config.decoder,
            displacement=config.displacement,
            attention=config.attention,
            patch=config.patch,
        )
        self.discriminator = (
            Discriminator(size, config.width, len(styles))
            if config.discriminator == "original"
            else make_critic(config.discriminator, size, config.width, 2, len(styles))
        )
        self.add_counter(size, config.width)
        self.features = FeatureExtractor(len(charset)) if config.lambda_feature else None
        codes = [gaussian_code(name, config.code_dim, _CODE_SEED) for name in styles]
        self.register_buffer("codes", torch.stack(codes))
        if config.freeze_encoder:
            self.generator.encoder.requires_grad_(False)

    def train(self, mode: bool = True) -> Zi2Zi:
        """Switch to training; a frozen encoder keeps its running statistics too."""
        super().train(mode)
        if self.config.freeze_encoder:
            self.generator.encoder.eval()
        return self

    def phase_parameters(self, phase: str) -> Iterable[nn.Parameter]:
        """D: the discriminator; G: the generator, without a frozen encoder."""
        network = self.discriminator if phase == "D" else self.generator
        return (p for p in network.parameters() if p.requires_grad)

    @property
    def weights(self) -> Mapping[str, float]:
        """The ``lambda_*`` settings; the category loss has the same weight in both phases."""
        c = self.config
        return {
            "gan": c.lambda_gan,
            "l1": c.lambda_l1,
            "category": c.lambda_category,
            "const": c.lambda_const,
            "tv": c.lambda_tv,
            **super().weights,
        }

    def prepare(self, batch: Batch) -> Step:
        """Draw the fakes once, for both phases."""
        features = self.generator.encoder(batch.content)
        return Step(batch, features[-1], self.generator.decode(batch.content, features, self.codes[batch.style]))

    def losses(self, phase: str, step: Step) -> dict[str, Tensor]:
        """Return the losses of one phase. The generator's losses of weight 0 are not computed, except L1."""
        return self._d_losses(step) if phase == "D" else self._g_losses(step)

    def _d_losses(self, step: Step) -> dict[str, Tensor]:
        content, target, style = step.batch.content, step.batch.target, step.batch.style
        real, real_style = self.discriminator(pair(content, target))
        fake, fake_style = self.discriminator(pair(content, step.fake.detach()))
        category = (losses.category(real_style, style) + losses.category(fake_style, style)) / 2
        terms = self.adversarial.discriminator(real, fake) | {"category": category}
        terms |= self.stroke_loss(target, step.batch.char)
        return terms | self.adversarial.penalties(
            lambda image: self.discriminator(pair(content, image))[0], target, step.fake, step.batch.mix
        )

    def _g_losses(self, step: Step) -> dict[str, Tensor]:
        weights, content, fake = self.weights, step.batch.content, step.fake
        terms = {"l1": losses.l1(fake, step.batch.target)}
        if weights["gan"] or weights["category"]:
            logits, style_logits = self.discriminator(pair(content, fake))
            terms["gan"] = self.adversarial.generator(logits)
            terms["category"] = losses.category(style_logits, step.batch.style)
        if weights["const"]:
            with keep_statistics(self.generator.encoder):
                terms["const"] = losses.const(step.encoding, self.generator.encoder(fake)[-1])
        if weights["tv"]:
            terms["tv"] = losses.tv(fake)
        return terms | self.remedy_losses(fake, step.batch.target, fake, step.batch.char)

    def generate(self, content: Tensor, style: Tensor) -> Tensor:
        """Draw ``content`` in the styles ``[B, code_dim]``."""
        drawn: Tensor = self.generator(content, style)
        return drawn

    @property
    def style_spec(self) -> StyleSpec:
        """The table of style codes."""
        return CodeTable(self.styles, self.codes)

    def load_matching(self, weights: Mapping[str, Tensor], styles: Sequence[str]) -> list[str]:
        """Copy trained weights; style codes and rows of the style classifier are matched by the style's name."""
        rows = [(self.styles.index(name), row) for row, name in enumerate(styles) if name in self.styles]
        moved = dict(weights)
        for key in ("codes", "discriminator.category.weight", "discriminator.category.bias"):
            if key in moved:
                mine, theirs = self.state_dict()[key].clone(), moved[key]
                if mine.shape[1:] == theirs.shape[1:]:
                    for new, old in rows:
                        mine[new] = theirs[old]
                moved[key] = mine
        return super().load_matching(moved, styles)
