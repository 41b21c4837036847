"""Zi2Zi: one network that redraws a source font's glyphs in many styles.

After Tian's "zi2zi: Master Chinese Calligraphy with Conditional Adversarial Networks" (2017),
which joins pix2pix (Isola et al. 2017), AC-GAN (Odena et al. 2017) and DTN (Taigman et al.
2017): an encoder of strided convolutions down to one pixel, a fixed Gaussian style code
concatenated there, a decoder with skip connections, and a discriminator of source-target pairs
with a real/fake and a style head.

Two things differ by default, both because held-out characters came out measurably better
(examples/zi2zi_cpu has the figures), and both can be switched off:

- ``displacement``: a pen does not put its strokes where Heiti has them, and a skip connection
  cannot move what it carries. The decoder therefore predicts a displacement field, coarse to
  fine, by which the skips are sampled (the idea of spatial transformers, Jaderberg et al. 2015).
- the style code also scales and shifts every normalised decoder layer (FiLM, Perez et al. 2018;
  the original has conditional instance normalisation as an option).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handgen.models.base import Batch, Model, StyleSpec, init_weights
from handgen.models.styles import CodeTable, gaussian_code
from handgen.settings import Settings, setting
from handgen.training import losses

NETWORK, LOSSES, SECOND_STAGE = "Network", "Losses", "Second stage"
_CODE_SEED = 2017
_REACH = 0.1
"""Displacement, as a fraction of half the canvas, that one unit of a head's output stands for."""


@dataclass(frozen=True)
class Zi2ZiConfig(Settings):
    """Settings of Zi2Zi. Loss weights are those of the original unless their help says otherwise."""

    width: int = setting(24, "Channels of the first layer; the original has 64.", minimum=4, maximum=256, panel=NETWORK)
    code_dim: int = setting(128, "Length of a style code.", minimum=2, maximum=1024, panel=NETWORK)
    decoder: str = setting(
        "resize",
        "resize + convolution, or the original's transpose(d) convolution.",
        choices=("resize", "transpose"),
        panel=NETWORK,
    )
    displacement: bool = setting(True, "Let the decoder move what the skip connections carry.", panel=NETWORK)
    film: bool = setting(True, "Let the style code modulate every decoder layer.", panel=NETWORK)
    lambda_gan: float = setting(1.0, "Weight of the adversarial loss.", minimum=0, panel=LOSSES)
    lambda_l1: float = setting(100.0, "Weight of the L1 distance to the true glyph.", minimum=0, panel=LOSSES)
    lambda_category: float = setting(1.0, "Weight of the style classifier's loss.", minimum=0, panel=LOSSES)
    lambda_const: float = setting(15.0, "Weight of the encoding consistency.", minimum=0, panel=LOSSES)
    lambda_tv: float = setting(
        0.1, "Weight of total variation; the article's remedy for noise, 0 in the original.", minimum=0, panel=LOSSES
    )
    freeze_encoder: bool = setting(False, "Leave the encoder as it is.", panel=SECOND_STAGE)


def channels(size: int, width: int) -> list[int]:
    """Return the channels after each of the log2(size) encoder layers: width, doubling up to 8 x width."""
    return [width * min(2**level, 8) for level in range(size.bit_length() - 1)]


class ConditionalNorm(nn.Module):
    """Batch normalisation whose scale and shift a style code adjusts (FiLM, Perez et al. 2018, equation 2)."""

    def __init__(self, width: int, code_dim: int, *, film: bool) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width)
        self.film = nn.Linear(code_dim, 2 * width) if film else None

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """Normalise ``[B, width, h, w]`` and modulate it by ``[B, code_dim]``."""
        if self.film is None:
            normalised: Tensor = self.norm(x)
            return normalised
        scale, shift = self.film(code)[:, :, None, None].chunk(2, dim=1)
        if self.training:
            return torch.addcmul(shift, self.norm(x), 1 + scale)
        own_scale, own_shift = self._affine()
        return torch.addcmul(own_shift * (1 + scale) + shift, x, own_scale * (1 + scale))

    def _affine(self) -> tuple[Tensor, Tensor]:
        """Return what the normalisation does outside training, as scale and shift ``[width, 1, 1]``."""
        norm = self.norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        return scale[:, None, None], (norm.bias - norm.running_mean * scale)[:, None, None]


class Encoder(nn.Module):
    """log2(size) strided convolutions, no pooling: ``[B, 1, size, size]`` to ``[B, 8 width, 1, 1]``."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        out = channels(size, width)
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, 4, 2, 1, bias=not level)
            for level, (before, after) in enumerate(zip([1, *out], out, strict=False))
        )
        # Neither the first layer, as in the original, nor the last: batch normalisation of one
        # pixel a sample would tie the code of a glyph to its neighbours in the batch.
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(width_) if 0 < level < len(out) - 1 else nn.Identity() for level, width_ in enumerate(out)
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the features of every level, finest first."""
        features: list[Tensor] = []
        x = image
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = norm(layer(F.leaky_relu(x, 0.2) if features else x))
            features.append(x)
        return features


class Up(nn.Module):
    """One decoder level: resize + convolution, which leaves no checkerboard (Odena et al. 2016).

    Channels are brought to the skip's before resizing and the skip is added, as in LinkNet
    (Chaurasia & Culurciello 2017): half the arithmetic of joining by concatenation.

    Args:
        below: channels that come from the coarser level.
        skip: channels of the skip connection, and of what leaves.
        norm: of what leaves.
    """

    def __init__(self, below: int, skip: int, norm: ConditionalNorm) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(below, skip, 1, bias=False)
        self.conv = nn.Conv2d(skip, skip, 3, 1, 1, bias=False)
        self.norm = norm
        self.out = skip

    def forward(self, x: Tensor, skip: Tensor, code: Tensor) -> Tensor:
        """Return ``[B, out, 2h, 2w]`` from ``[B, below, h, w]`` and a skip of twice its side."""
        x = F.interpolate(self.narrow(x), scale_factor=2.0, mode="nearest") + skip
        return F.relu(self.norm(self.conv(x), code))


class TransposedUp(nn.Module):
    """One decoder level of the original: transposed convolution, then the skip is concatenated."""

    def __init__(self, below: int, skip: int, norm: ConditionalNorm) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(below, skip, 4, 2, 1, bias=False)
        self.norm = norm
        self.out = 2 * skip

    def forward(self, x: Tensor, skip: Tensor, code: Tensor) -> Tensor:
        """Return ``[B, out, 2h, 2w]``; half of the channels are the skip's."""
        return torch.cat([F.relu(self.norm(self.up(x), code)), skip], dim=1)


class SubPixel(nn.Module):
    """The last level: sub-pixel convolution (Shi et al. 2016) of the features and the content itself."""

    def __init__(self, below: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(below + 4, 4, 3, 1, 1)

    def forward(self, x: Tensor, content: Tensor) -> Tensor:
        """Return ``[B, 1, 2h, 2w]`` from ``[B, below, h, w]`` and the content ``[B, 1, 2h, 2w]``."""
        quarters = F.pixel_unshuffle(content, 2).contiguous(memory_format=torch.channels_last)
        return F.pixel_shuffle(self.conv(torch.cat([x, quarters], dim=1)), 2)


class TransposedLast(nn.Module):
    """The last level of the original: one transposed convolution."""

    def __init__(self, below: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(below, 1, 4, 2, 1)

    def forward(self, x: Tensor, content: Tensor) -> Tensor:
        """Return ``[B, 1, 2h, 2w]`` from ``[B, below, h, w]``."""
        drawn: Tensor = self.up(x)
        return drawn


_DECODERS: dict[str, tuple[type[nn.Module], type[nn.Module]]] = {
    "resize": (Up, SubPixel),
    "transpose": (TransposedUp, TransposedLast),
}


class Displacement(nn.Module):
    """A field by which the finer levels' skips are sampled, refined at each level it sees.

    The heads begin at zero, that is, with nothing moved.
    """

    def __init__(self, widths: Mapping[int, int]) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({str(side): nn.Conv2d(width, 2, 3, 1, 1) for side, width in widths.items()})

    def reset(self) -> None:
        """Move nothing."""
        for head in self.heads.values():
            assert isinstance(head, nn.Conv2d)
            nn.init.zeros_(head.weight)

    def refine(self, field: Tensor | None, x: Tensor) -> Tensor | None:
        """Return the field ``[B, 2, h, w]`` (halves of the canvas) after decoder features ``[B, c, h, w]``."""
        key = str(x.shape[-1])
        if field is not None:
            field = F.interpolate(field, size=x.shape[-2:], mode="bilinear", align_corners=False)
        if key not in self.heads:
            return field
        step: Tensor = self.heads[key](x) * _REACH
        return step if field is None else field + step


def sample_at(image: Tensor, field: Tensor) -> Tensor:
    """Sample ``image`` ``[B, c, h, w]`` at its own pixels displaced by ``field`` (any resolution)."""
    h, w = image.shape[-2:]
    if field.shape[-2:] != (h, w):
        field = F.interpolate(field, size=(h, w), mode="bilinear", align_corners=False)
    y = torch.linspace(1 / h - 1, 1 - 1 / h, h, device=image.device)
    x = torch.linspace(1 / w - 1, 1 - 1 / w, w, device=image.device)
    rest = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
    # In a run that diverges a displacement may be NaN, at which torch 2.13's CPU kernel reads outside of the image.
    grid = torch.nan_to_num(rest + field.float().permute(0, 2, 3, 1))
    return F.grid_sample(image, grid.to(image.dtype), align_corners=False, padding_mode="border")


class Generator(nn.Module):
    """Encoder, style code at the bottleneck, decoder with (displaced) skip connections."""

    def __init__(self, size: int, config: Zi2ZiConfig) -> None:
        super().__init__()
        level, last = _DECODERS[config.decoder]
        self.encoder = Encoder(size, config.width)
        out = channels(size, config.width)
        below = out[-1] + config.code_dim
        self.ups = nn.ModuleList()
        heads: dict[int, int] = {}
        for depth in range(len(out) - 2, -1, -1):
            norm = ConditionalNorm(out[depth], config.code_dim, film=config.film)
            self.ups.append(level(below, out[depth], norm))
            below = self.ups[-1].out  # type: ignore[assignment]
            side = size >> (depth + 1)
            # Coarser than 8 pixels, a field cannot tell one stroke from the next; finer than a
            # quarter of the canvas, it costs more than it moves.
            if config.displacement and 8 <= side <= max(8, size // 4):
                heads[side] = below
        self.displacement = Displacement(heads) if heads else None
        self.last = last(below)
        init_weights(self)
        if self.displacement is not None:
            self.displacement.reset()

    def forward(self, content: Tensor, code: Tensor) -> Tensor:
        """Draw ``content`` ``[B, 1, size, size]`` in the styles ``[B, code_dim]``; in [-1, 1]."""
        return self.decode(content, self.encoder(content), code)

    def decode(self, content: Tensor, features: Sequence[Tensor], code: Tensor) -> Tensor:
        """Draw from the features that the encoder found in ``content``."""
        field: Tensor | None = None
        x = torch.cat([F.relu(features[-1]), code[:, :, None, None].to(features[-1].dtype)], dim=1)
        for up, skip in zip(self.ups, features[-2::-1], strict=True):
            skip = F.relu(skip)
            x = up(x, skip if field is None else sample_at(skip, field), code)
            if self.displacement is not None:
                field = self.displacement.refine(field, x)
        return torch.tanh(self.last(x, content if field is None else sample_at(content, field)))


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

    def forward(self, content: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits real/fake ``[B, 1]`` and style ``[B, styles]`` of pairs of images."""
        x = self.layers(torch.cat([content, image], dim=1))
        return self.real(x), self.category(x)


@contextlib.contextmanager
def _statistics_kept(network: nn.Module) -> Iterator[None]:
    """Leave running statistics as they are: drawing encodes content alone, so fakes must not count."""
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum


@dataclass(frozen=True)
class Step:
    """What both phases of a step look at."""

    batch: Batch
    encoding: Tensor
    fake: Tensor


class Zi2Zi(Model):
    """Zi2Zi as the training loop and ``synth`` see it."""

    Config: ClassVar = Zi2ZiConfig
    phases: ClassVar = ("D", "G")
    codes: Tensor

    def __init__(self, config: Zi2ZiConfig, size: int, styles: Sequence[str], charset: str) -> None:
        super().__init__()
        self.config = config
        self.styles = tuple(styles)
        self.generator: Generator = Generator(size, config)
        self.discriminator = Discriminator(size, config.width, len(styles))
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
        """D: the discriminator; G: the generator, less a frozen encoder."""
        network = self.discriminator if phase == "D" else self.generator
        return (p for p in network.parameters() if p.requires_grad)

    @property
    def weights(self) -> Mapping[str, float]:
        """The ``lambda_*`` settings; the discriminator's own category loss has the generator's weight."""
        c = self.config
        return {
            "gan": c.lambda_gan,
            "l1": c.lambda_l1,
            "category": c.lambda_category,
            "const": c.lambda_const,
            "tv": c.lambda_tv,
        }

    def prepare(self, batch: Batch) -> Step:
        """Draw the fakes once, for both phases."""
        features = self.generator.encoder(batch.content)
        return Step(batch, features[-1], self.generator.decode(batch.content, features, self.codes[batch.style]))

    def losses(self, phase: str, step: Step) -> dict[str, Tensor]:
        """Zi2Zi's losses; a loss whose weight is 0 is not computed."""
        return self._d_losses(step) if phase == "D" else self._g_losses(step)

    def _d_losses(self, step: Step) -> dict[str, Tensor]:
        content, target, style = step.batch.content, step.batch.target, step.batch.style
        real, real_style = self.discriminator(content, target)
        fake, fake_style = self.discriminator(content, step.fake.detach())
        category = (losses.category(real_style, style) + losses.category(fake_style, style)) / 2
        terms = self.adversarial.discriminator(real, fake) | {"category": category}
        return terms | self.adversarial.penalties(
            lambda image: self.discriminator(content, image)[0], target, step.fake, step.batch.mix
        )

    def _g_losses(self, step: Step) -> dict[str, Tensor]:
        weights, content, fake = self.weights, step.batch.content, step.fake
        terms = {"l1": losses.l1(fake, step.batch.target)}
        if weights["gan"] or weights["category"]:
            logits, style_logits = self.discriminator(content, fake)
            terms["gan"] = self.adversarial.generator(logits)
            terms["category"] = losses.category(style_logits, step.batch.style)
        if weights["const"]:
            with _statistics_kept(self.generator.encoder):
                terms["const"] = losses.const(step.encoding, self.generator.encoder(fake)[-1])
        if weights["tv"]:
            terms["tv"] = losses.tv(fake)
        return terms

    def generate(self, content: Tensor, style: Tensor) -> Tensor:
        """Draw ``content`` in the styles ``[B, code_dim]``."""
        drawn: Tensor = self.generator(content, style)
        return drawn

    @property
    def style_spec(self) -> StyleSpec:
        """The table of style codes."""
        return CodeTable(self.styles, self.codes)

    def adopt(self, weights: Mapping[str, Tensor], styles: Sequence[str]) -> list[str]:
        """Start from trained weights; codes and category rows follow their style's name."""
        rows = [(self.styles.index(name), row) for row, name in enumerate(styles) if name in self.styles]
        moved = dict(weights)
        with torch.no_grad():
            for key in ("codes", "discriminator.category.weight", "discriminator.category.bias"):
                if key in moved:
                    mine, theirs = self.state_dict()[key], moved[key]
                    if mine.shape[1:] == theirs.shape[1:]:
                        for new, old in rows:
                            mine[new] = theirs[old]
                    moved[key] = mine.clone()
        return super().adopt(moved, styles)
