"""BicycleGAN: every latent z is another style.

After Zhu et al., "Toward Multimodal Image-to-Image Translation" (2017). Two halves share one
generator. cVAE-GAN (section 3.2) encodes the true glyph to a latent and redraws it from the
latent. cLR-GAN (section 3.3) draws with a latent from the prior, and the encoder must recover
that latent from the drawing. Each half has its own discriminator.

Small runs lose thin strokes. Remedies that can be switched on, each by its weight or flag:
feature loss, auxiliary classifier, recurrent discriminator, binary loss, total variation and
others (``remedies``). examples/latin_bicyclegan has measurements of each.

Without both games and latent regression (their weights 0), a conditional VAE is left, which trains several times as
fast: neither critics nor drawings with latents from the prior are computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from handgen.distributed import sum_over_ranks
from handgen.losses import basic as losses
from handgen.losses.adversarial import Logits
from handgen.models.base import Batch, DrawnStyle, StyleSpec, init_weights
from handgen.models.critics import CRITICS, make_critic, pair
from handgen.models.features import FeatureExtractor
from handgen.models.layers import UNet, check_patch, keep_statistics
from handgen.models.remedies import NETWORK, REMEDIES, RemedyModel, RemedySettings
from handgen.models.styles import Latents
from handgen.settings import setting

LOSSES = "Losses"
_DOWN = 4
_FOLLOW = 0.02
"""How far one glyph moves the center of its style towards its own latent, as a share of the distance."""
_FORMERLY = "generator.places"
"""The name of the centers in files of earlier versions."""


@dataclass(frozen=True)
class BicycleGANConfig(RemedySettings):
    """Settings of BicycleGAN; the weights are the paper's."""

    width: int = setting(24, "Channels of the first layer; the paper has 64.", minimum=4, maximum=256, panel=NETWORK)
    latent_dim: int = setting(8, "Length of the latent z.", minimum=1, maximum=256, panel=NETWORK)
    inject: str = setting(
        "input",
        "Where z joins: the input image, all levels of the encoder, or its end, which is faster with patches.",
        choices=("input", "all", "bottleneck"),
        panel=NETWORK,
    )
    film: bool = setting(True, "Let z also scale and shift every decoder layer.", panel=NETWORK)
    displacement: bool = setting(True, "Let the decoder move the features of skip connections.", panel=NETWORK)
    patch: int = setting(
        2,
        "Stride of the first layers and of the last, in pixels: 2, as in the paper, 4 or 8; more is faster.",
        minimum=2,
        maximum=8,
        panel=NETWORK,
    )
    shared: float = setting(
        0.0,
        "Share of the glyphs that are redrawn with the mean latent of their style, as synth draws them, not their own.",
        minimum=0,
        maximum=1,
        panel=NETWORK,
    )
    lambda_gan: float = setting(
        1.0, "Weight of the adversarial loss on glyphs redrawn with their own z.", minimum=0, panel=LOSSES
    )
    lambda_gan2: float = setting(
        1.0, "Weight of the adversarial loss on glyphs drawn with a random z.", minimum=0, panel=LOSSES
    )
    lambda_l1: float = setting(10.0, "Weight of the L1 distance of redrawn glyphs.", minimum=0, panel=LOSSES)
    lambda_latent: float = setting(
        0.5, "Weight of the L1 distance of a random z and the z found in its drawing.", minimum=0, panel=LOSSES
    )
    lambda_kl: float = setting(0.01, "Weight of the latents' divergence from N(0, I).", minimum=0, panel=LOSSES)
    discriminator: str = setting(
        "patch", "Patches and the whole at two scales, or an LSTM over columns.", choices=CRITICS, panel=REMEDIES
    )
    lambda_ac: float = setting(0.0, "Weight of the auxiliary classifier of characters.", minimum=0, panel=REMEDIES)
    lambda_tv: float = setting(0.0, "Weight of total variation.", minimum=0, panel=REMEDIES)

    def __post_init__(self) -> None:
        """Check what depends on more than one setting."""
        super().__post_init__()
        check_patch(self.patch)

    @property
    def random(self) -> bool:
        """Whether any loss that needs drawings with latents from the prior has a weight (cLR-GAN)."""
        return bool(self.lambda_gan2 or self.lambda_latent)

    @property
    def judged(self) -> bool:
        """Whether any loss that needs a discriminator has a weight."""
        return bool(self.lambda_gan or self.lambda_gan2 or self.lambda_ac or self.lambda_strokes)


class StyleEncoder(nn.Module):
    """From a glyph to the mean and log variance of its latent: downsampling layers and a fully connected one.

    There are four layers with a stride of 2. A first layer with a larger stride replaces the first two or three, and
    as many follow as make 4 x 4 pixels of a glyph.
    """

    def __init__(self, size: int, width: int, latent_dim: int, patch: int = 2) -> None:
        super().__init__()
        down = _DOWN if patch == 2 else size.bit_length() - 3
        out = [width * min(2**level, 4) for level in range(patch.bit_length() - 2, down)]
        layers: list[nn.Module] = []
        for level, (before, after) in enumerate(zip([1, *out], out, strict=False)):
            stride = 2 if level else patch
            layers.append(nn.Conv2d(before, after, 2 * stride, stride, stride // 2, bias=not level))
            layers += [nn.BatchNorm2d(after)] if level else []
            layers.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.latent = nn.Linear(out[-1] * (size >> down) ** 2, 2 * latent_dim)
        init_weights(self)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance, float32 ``[B, latent_dim]`` each, for images ``[B, 1, size, size]``."""
        mean, log_variance = self.latent(self.layers(image)).float().chunk(2, dim=1)
        return mean, log_variance


class BicycleGenerator(nn.Module):
    """The U-Net that draws, the encoder that finds the latent of a glyph, and the mean latent of each style."""

    centers: Tensor
    """The mean latent of each style: float32 ``[styles, latent_dim]``, moving averages over training."""

    def __init__(self, config: BicycleGANConfig, size: int, styles: int) -> None:
        super().__init__()
        self.unet = UNet(
            size,
            config.width,
            code_dim=config.latent_dim,
            inject=config.inject,
            film=config.film,
            displacement=config.displacement,
            attention=config.attention,
            patch=config.patch,
        )
        if config.patch > 2:
            # Thin letters cover a twentieth of the paper. From random weights, L1 and SSIM alone end at blank paper
            # within a thousand images, and stay there.
            self.unet.last.copy_content()  # type: ignore[operator]
        self.encoder = StyleEncoder(size, config.width, config.latent_dim, config.patch)
        self.register_buffer("centers", torch.zeros(styles, config.latent_dim))

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *more: Any) -> None:
        if (former := prefix + _FORMERLY.removeprefix("generator.")) in state_dict:
            state_dict[f"{prefix}centers"] = state_dict.pop(former)
        super()._load_from_state_dict(state_dict, prefix, *more)

    def forward(self, content: Tensor, z: Tensor) -> Tensor:
        """Draw ``content`` ``[B, 1, size, size]`` with the latents ``[B, latent_dim]``; in [-1, 1]."""
        drawn: Tensor = self.unet(content, z)
        return drawn

    @torch.no_grad()
    def follow(self, mean: Tensor, style: Tensor) -> None:
        """Move the centers of the styles ``[B]`` towards the latents ``[B, latent_dim]`` of their glyphs."""
        of_style = torch.nn.functional.one_hot(style, len(self.centers)).to(mean.dtype)
        sums = sum_over_ranks(torch.cat([of_style.T @ mean, of_style.sum(dim=0)[:, None]], dim=1))
        count = sums[:, -1:]
        center = sums[:, :-1] / count.clamp(min=1)
        self.centers.lerp_(center, 1 - (1 - _FOLLOW) ** count)


class EncodedLatents(Latents):
    """The latent space of a trained encoder, which also finds the latent of given handwriting."""

    def __init__(self, names: Sequence[str], generator: BicycleGenerator) -> None:
        super().__init__(names, generator.centers)
        self._generator = generator

    @torch.no_grad()
    def like(self, name: str, images: Tensor) -> DrawnStyle:
        """Return the mean latent of glyphs of one writer, float32 ``[n, 1, size, size]`` in [-1, 1]."""
        mean, _ = self._generator.encoder(images.to(self._generator.centers.device))
        return DrawnStyle(name, mean.mean(dim=0).cpu(), {})


@dataclass(frozen=True)
class Step:
    """The input of both phases of a step.

    Attributes:
        batch: the batch.
        mean: ``[B, latent_dim]``, means of the latents of the targets.
        log_variance: ``[B, latent_dim]``, log variances of the same.
        redrawn: ``[B, 1, size, size]``, content drawn with the targets' latents (cVAE-GAN).
        drawn: ``[B, 1, size, size]``, content drawn with latents from the prior (cLR-GAN); nothing, ``[0, 1, size,
            size]``, if no loss needs it.
        z: ``[B, latent_dim]``, the latents from the prior.
    """

    batch: Batch
    mean: Tensor
    log_variance: Tensor
    redrawn: Tensor
    drawn: Tensor
    z: Tensor


class BicycleGAN(RemedyModel):
    """BicycleGAN: its networks and losses, and how to draw with it."""

    Config: ClassVar = BicycleGANConfig
    phases: tuple[str, ...] = ("D", "G")
    critics: ClassVar = ("discriminator", "latent_discriminator")
    defaults: ClassVar = {"holdout_by": "pairs"}

    def __init__(self, config: BicycleGANConfig, size: int, styles: Sequence[str], charset: str) -> None:
        super().__init__(config, charset)
        self.config = config
        self.styles = tuple(styles)
        self.noise = 2 * config.latent_dim
        if not config.judged:
            self.phases = ("G",)
        self.generator: BicycleGenerator = BicycleGenerator(config, size, len(styles))
        classes = len(charset) if config.lambda_ac else 0
        self.discriminator = make_critic(config.discriminator, size, config.width, 2, classes)
        self.latent_discriminator = make_critic(config.discriminator, size, config.width, 2, classes)
        self.add_counter(size, config.width)
        self.features = FeatureExtractor(len(charset)) if config.lambda_feature else None

    def phase_parameters(self, phase: str) -> Iterable[nn.Parameter]:
        """D: both discriminators; G: generator and encoder."""
        if phase == "D":
            return [*self.discriminator.parameters(), *self.latent_discriminator.parameters()]
        return self.generator.parameters()

    @property
    def weights(self) -> Mapping[str, float]:
        """The ``lambda_*`` settings."""
        c = self.config
        return {
            "gan": c.lambda_gan,
            "gan2": c.lambda_gan2,
            "l1": c.lambda_l1,
            "latent": c.lambda_latent,
            "kl": c.lambda_kl,
            "category": c.lambda_ac,
            "tv": c.lambda_tv,
            **super().weights,
        }

    def prepare(self, batch: Batch) -> Step:
        """Encode the targets; draw the content with their latents and with latents from the prior, in one pass."""
        mean, log_variance = self.generator.encoder(batch.target)
        noise, z = batch.noise.chunk(2, dim=1)
        self.generator.follow(mean, batch.style)
        encoded = self._center(mean, batch.style) + noise * torch.exp(log_variance / 2)  # Kingma & Welling 2014, 2.4
        if not self.config.random:
            redrawn = self.generator(batch.content, encoded)
            return Step(batch, mean, log_variance, redrawn, redrawn[:0], z[:0])
        both = self.generator(batch.content.repeat(2, 1, 1, 1), torch.cat([encoded, z]))
        redrawn, drawn = both.chunk(2)
        return Step(batch, mean, log_variance, redrawn, drawn, z)

    def _center(self, mean: Tensor, style: Tensor) -> Tensor:
        """Return the latents ``[B, latent_dim]`` to redraw glyphs with: the first are the centers of their styles.

        A center is an average over glyphs, and each glyph stands for all of them: its own latent gets the gradient.
        """
        shared = round(self.config.shared * len(mean))
        if not shared:
            return mean
        own = mean[:shared]
        return torch.cat([self.generator.centers[style[:shared]] + own - own.detach(), mean[shared:]])

    def losses(self, phase: str, step: Step) -> dict[str, Tensor]:
        """Return the losses of one phase. Those of weight 0 are not computed, except L1 and divergence."""
        return self._d_losses(step) if phase == "D" else self._g_losses(step)

    def _d_losses(self, step: Step) -> dict[str, Tensor]:
        """Return the means over the halves' losses, and the loss of the stroke counter."""
        played = [self._game(step, critic, fake) for _, critic, fake in self._games(step)]
        terms = {name: torch.stack([each[name] for each in played]).mean() for name in (played[0] if played else ())}
        return terms | self.stroke_loss(step.batch.target, step.batch.char)

    def _game(self, step: Step, critic: nn.Module, fake: Tensor) -> dict[str, Tensor]:
        """Return the losses of the critic of one half."""
        content, target = step.batch.content, step.batch.target
        on_real, classes = critic(pair(content, target))
        on_fake, _ = critic(pair(content, fake.detach()))
        terms = self.adversarial.discriminator(on_real, on_fake)
        if classes is not None:
            terms["category"] = losses.category(classes, step.batch.char)

        def judge(image: Tensor) -> Logits:
            logits: Logits = critic(pair(content, image))[0]
            return logits

        return terms | self.adversarial.penalties(judge, target, fake, step.batch.mix)

    def _games(self, step: Step) -> list[tuple[str, nn.Module, Tensor]]:
        """Return name, critic and fakes of those of cVAE-GAN and cLR-GAN that count."""
        c = self.config
        games = [("gan", self.discriminator, step.redrawn)] if c.lambda_gan or c.lambda_ac else []
        if c.lambda_gan2 or (c.lambda_ac and c.random):
            games.append(("gan2", self.latent_discriminator, step.drawn))
        return games

    def _g_losses(self, step: Step) -> dict[str, Tensor]:
        c, target = self.config, step.batch.target
        terms = {
            "l1": losses.l1(step.redrawn, target),
            "kl": losses.kl(step.mean, step.log_variance),
        }
        read: list[Tensor] = []
        for name, critic, fake in self._games(step):
            logits, classes = critic(pair(step.batch.content, fake))
            terms[name] = self.adversarial.generator(logits)
            read += [] if classes is None else [losses.category(classes, step.batch.char)]
        if read:
            terms["category"] = torch.stack(read).mean()
        if c.lambda_latent:
            terms["latent"] = losses.latent(self._found_again(step.drawn), step.z)
        drawn = torch.cat([step.redrawn, step.drawn])
        if c.lambda_tv:
            terms["tv"] = losses.tv(drawn)
        return terms | self.remedy_losses(
            step.redrawn, target, drawn, step.batch.char.repeat(len(drawn) // len(target))
        )

    def _found_again(self, drawn: Tensor) -> Tensor:
        """Return the latents that the encoder finds in drawings, without a gradient for the encoder's weights.

        If encoder and generator both learned from this loss, they could hide z in the image (section 4).
        """
        encoder = self.generator.encoder
        fixed = {name: parameter.detach() for name, parameter in encoder.named_parameters()}
        with keep_statistics(encoder):
            mean: Tensor = torch.func.functional_call(encoder, fixed, (drawn,))[0]
        return mean

    def generate(self, content: Tensor, style: Tensor) -> Tensor:
        """Draw ``content`` with the latents ``[B, latent_dim]``."""
        drawn: Tensor = self.generator(content, style)
        return drawn

    def draw_batch(self, batch: Batch) -> Tensor:
        """Draw the content of pairs with the latents of their targets; of their styles, if all are shared."""
        if self.config.shared == 1:
            return self.generate(batch.content, self.generator.centers[batch.style])
        mean, _ = self.generator.encoder(batch.target)
        return self.generate(batch.content, mean)

    @property
    def style_spec(self) -> StyleSpec:
        """The latent space, with the centers of the training styles."""
        return EncodedLatents(self.styles, self.generator)

    def load_matching(self, weights: Mapping[str, Tensor], styles: Sequence[str]) -> list[str]:
        """Copy trained weights; centers are matched by the name of their style."""
        moved, key = dict(weights), "generator.centers"
        if _FORMERLY in moved:
            moved[key] = moved.pop(_FORMERLY)
        if key in moved and moved[key].shape[1:] == self.generator.centers.shape[1:]:
            centers = self.generator.centers.clone()
            for row, name in enumerate(styles):
                if name in self.styles:
                    centers[self.styles.index(name)] = moved[key][row]
            moved[key] = centers
        return super().load_matching(moved, styles)
