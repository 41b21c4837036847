"""The training steps of the original Zi2Zi and BicycleGAN, written from the papers, as peers to be timed.

They are what a reader of the papers would write in PyTorch: plain layers, the losses as published, one backward
pass for each. Where a paper leaves a choice, the cheaper one is taken, which is to the peer's advantage: convolutions
of 4 x 4 as pix2pix (Tian's code has 5 x 5), one generator step for one of the discriminator (his code has two), and a
plain convolutional encoder (BicycleGAN's code has a residual one by default).
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_DROPPED = 3
"""Decoder levels with dropout (pix2pix, Isola et al. 2017, section 6.1.1)."""


class UNet(nn.Module):
    """pix2pix's U-Net down to one pixel: strided convolutions, transposed ones, skips by concatenation.

    Args:
        size: side of the image, a power of two.
        width: channels of the first layer, doubling to 8 x width.
        inputs: channels of the image.
        code: length of a vector that joins at the bottleneck.
    """

    def __init__(self, size: int, width: int, *, inputs: int = 1, code: int = 0) -> None:
        super().__init__()
        out = [width * min(2**level, 8) for level in range(size.bit_length() - 1)]
        self.down = nn.ModuleList()
        for level, (before, after) in enumerate(zip([inputs, *out], out, strict=False)):
            self.down.append(_down(before, after, norm=0 < level < len(out) - 1, first=not level))
        self.up = nn.ModuleList()
        below = out[-1] + code
        for level in range(len(out) - 2, -1, -1):
            dropout = len(self.up) < _DROPPED
            self.up.append(_up(below, out[level], dropout=dropout))
            below = 2 * out[level]
        self.last = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(below, 1, 4, 2, 1), nn.Tanh())

    def encode(self, image: Tensor) -> list[Tensor]:
        """Return the features of every level, finest first."""
        features = []
        for layer in self.down:
            image = layer(image)
            features.append(image)
        return features

    def forward(self, image: Tensor, code: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return what is drawn, and the encoding ``[B, 8 width, 1, 1]`` of the image."""
        *skips, encoding = self.encode(image)
        x = encoding if code is None else torch.cat([encoding, code[:, :, None, None]], dim=1)
        for layer, skip in zip(self.up, reversed(skips), strict=True):
            x = torch.cat([layer(x), skip], dim=1)
        return self.last(x), encoding


def _down(before: int, after: int, *, norm: bool = True, first: bool = False) -> nn.Sequential:
    layers: list[nn.Module] = [] if first else [nn.LeakyReLU(0.2)]
    layers.append(nn.Conv2d(before, after, 4, 2, 1))
    return nn.Sequential(*layers, *([nn.BatchNorm2d(after)] if norm else []))


def _up(before: int, after: int, *, dropout: bool) -> nn.Sequential:
    layers = [nn.ReLU(), nn.ConvTranspose2d(before, after, 4, 2, 1), nn.BatchNorm2d(after)]
    return nn.Sequential(*layers, *([nn.Dropout(0.5)] if dropout else []))


class TwoHeads(nn.Module):
    """Zi2Zi's discriminator of pairs: four downsampling layers, then real/fake and style."""

    def __init__(self, size: int, width: int, styles: int) -> None:
        super().__init__()
        out = [2, *(width * 2**level for level in range(4))]
        layers = [_down(*each, norm=level > 0, first=not level) for level, each in enumerate(itertools.pairwise(out))]
        self.layers = nn.Sequential(*layers, nn.LeakyReLU(0.2), nn.Flatten())
        features = out[-1] * (size // 16) ** 2
        self.real, self.category = nn.Linear(features, 1), nn.Linear(features, styles)

    def forward(self, pair: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of real/fake and of the style."""
        x = self.layers(pair)
        return self.real(x), self.category(x)


class Patches(nn.Module):
    """PatchGAN (Isola et al. 2017, section 6.1.2): strided convolutions, then logits of patches."""

    def __init__(self, width: int, inputs: int = 2) -> None:
        super().__init__()
        out = [inputs, *(width * 2**level for level in range(3))]
        layers = [_down(*each, norm=level > 0, first=not level) for level, each in enumerate(itertools.pairwise(out))]
        self.layers = nn.Sequential(*layers, nn.LeakyReLU(0.2), nn.Conv2d(out[-1], 1, 4, 1, 1))

    def forward(self, pair: Tensor) -> Tensor:
        """Return the logits of patches."""
        logits: Tensor = self.layers(pair)
        return logits


class TwoScales(nn.Module):
    """BicycleGAN's discriminator (Zhu et al. 2017, section 4): patches of the image, and of it at half its size."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fine, self.coarse = Patches(width), Patches(width)

    def forward(self, pair: Tensor) -> list[Tensor]:
        """Return the logits of both scales."""
        return [self.fine(pair), self.coarse(F.avg_pool2d(pair, 3, 2, 1))]


class StyleEncoder(nn.Module):
    """The article's encoder of BicycleGAN: four downsampling layers and one fully connected."""

    def __init__(self, size: int, width: int, latent: int) -> None:
        super().__init__()
        out = [1, *(width * min(2**level, 4) for level in range(4))]
        layers = [_down(*each, norm=level > 0, first=not level) for level, each in enumerate(itertools.pairwise(out))]
        self.layers = nn.Sequential(*layers, nn.LeakyReLU(0.2), nn.Flatten())
        self.mean, self.log_variance = (nn.Linear(out[-1] * (size // 16) ** 2, latent) for _ in range(2))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of the latent."""
        x = self.layers(image)
        return self.mean(x), self.log_variance(x)


class Original(ABC):
    """A model that can take a training step."""

    @abstractmethod
    def step(self, content: Tensor, target: Tensor, style: Tensor) -> None:
        """Learn from pairs: images ``[B, 1, size, size]`` in [-1, 1], and styles int64 ``[B]``."""


def _adam(*networks: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam([p for network in networks for p in network.parameters()], lr=2e-4, betas=(0.5, 0.999))


def _judged(logits: Tensor, real: bool) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


class Zi2Zi(Original):
    """Tian's zi2zi (2017): L1 x 100, encoding consistency x 15, category x 1, adversarial x 1."""

    def __init__(self, size: int, width: int, styles: int, device: torch.device, code: int = 128) -> None:
        self.codes = torch.randn(styles, code, device=device) * 0.01
        self.generator = UNet(size, width, code=code).to(device)
        self.discriminator = TwoHeads(size, width, styles).to(device)
        self.of_g, self.of_d = _adam(self.generator), _adam(self.discriminator)

    def step(self, content: Tensor, target: Tensor, style: Tensor) -> None:
        """One step of the discriminator, then one of the generator."""
        fake, encoding = self.generator(content, self.codes[style])
        real_logits, real_style = self.discriminator(torch.cat([content, target], dim=1))
        fake_logits, fake_style = self.discriminator(torch.cat([content, fake.detach()], dim=1))
        categories = (F.cross_entropy(real_style, style) + F.cross_entropy(fake_style, style)) / 2
        self.of_d.zero_grad()
        (_judged(real_logits, True) + _judged(fake_logits, False) + categories).backward()  # type: ignore[no-untyped-call]
        self.of_d.step()
        fake_logits, fake_style = self.discriminator(torch.cat([content, fake], dim=1))
        const = F.mse_loss(self.generator.encode(fake)[-1], encoding)
        loss = _judged(fake_logits, True) + F.cross_entropy(fake_style, style)
        self.of_g.zero_grad()
        (loss + 100 * F.l1_loss(fake, target) + 15 * const).backward()  # type: ignore[no-untyped-call]
        self.of_g.step()


class BicycleGAN(Original):
    """Zhu et al. (2017), equation 9: least-squares games, L1 x 10, latent x 0.5, divergence x 0.01."""

    def __init__(self, size: int, width: int, styles: int, device: torch.device, latent: int = 8) -> None:
        self.latent = latent
        self.generator = UNet(size, width, inputs=1 + latent).to(device)
        self.encoder = StyleEncoder(size, width, latent).to(device)
        self.critics = nn.ModuleList(TwoScales(width) for _ in range(2)).to(device)
        self.of_g, self.of_e, self.of_d = _adam(self.generator), _adam(self.encoder), _adam(self.critics)

    def step(self, content: Tensor, target: Tensor, style: Tensor) -> None:
        """One step of generator and encoder, the generator's share of the latent loss, one of the discriminators."""
        mean, log_variance = self.encoder(target)
        encoded = mean + torch.randn_like(mean) * torch.exp(log_variance / 2)
        z = torch.randn_like(mean)
        fakes = self._draw(content, encoded), self._draw(content, z)
        self.critics.requires_grad_(False)
        self.of_g.zero_grad()
        self.of_e.zero_grad()
        games = sum(self._game(critic, content, fake, True) for critic, fake in zip(self.critics, fakes, strict=True))
        kl = (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean() / 2
        (games + 10 * F.l1_loss(fakes[0], target) + 0.01 * kl).backward(retain_graph=True)
        self.encoder.requires_grad_(False)  # section 3.3: the latent loss is the generator's alone
        (0.5 * F.l1_loss(self.encoder(fakes[1])[0], z)).backward()  # type: ignore[no-untyped-call]
        self.encoder.requires_grad_(True)
        self.of_g.step()
        self.of_e.step()
        self.critics.requires_grad_(True)
        self.of_d.zero_grad()
        for critic, fake in zip(self.critics, fakes, strict=True):
            real = self._game(critic, content, target, True)
            (real + self._game(critic, content, fake.detach(), False)).backward()  # type: ignore[no-untyped-call]
        self.of_d.step()

    def _draw(self, content: Tensor, z: Tensor) -> Tensor:
        maps = z[:, :, None, None].expand(-1, -1, *content.shape[-2:])
        drawn: Tensor = self.generator(torch.cat([content, maps], dim=1))[0]
        return drawn

    @staticmethod
    def _game(critic: nn.Module, content: Tensor, image: Tensor, real: bool) -> Tensor:
        logits = critic(torch.cat([content, image], dim=1))
        return torch.stack([F.mse_loss(each, torch.full_like(each, float(real))) for each in logits]).sum()


ORIGINALS: dict[str, type[Zi2Zi] | type[BicycleGAN]] = {"zi2zi": Zi2Zi, "bicyclegan": BicycleGAN}
