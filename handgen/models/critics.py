"""Discriminators that several models share. Their input is an image, or several images stacked by channel."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handgen.models.base import init_weights

CRITICS = ("patch", "lstm")


def pair(content: Tensor, image: Tensor) -> Tensor:
    """Return the input of a conditional critic, ``[B, 2, h, w]``: the source glyph and the image drawn from it."""
    return torch.cat([content, image], dim=1)


class PatchTrunk(nn.Module):
    """Strided convolutions, each of which halves the side (PatchGAN, Isola et al. 2017, section 3.2.2).

    Args:
        size: side of the images in pixels.
        width: channels of the first layer; they double up to eight times as many.
        inputs: channels of the images.
        layers: how many convolutions.

    Attributes:
        out: channels of the features.
        side: height and width of the features.
    """

    def __init__(self, size: int, width: int, inputs: int, layers: int = 3) -> None:
        super().__init__()
        out = [width * min(2**level, 8) for level in range(layers)]
        parts: list[nn.Module] = []
        for level, (before, after) in enumerate(zip([inputs, *out], out, strict=False)):
            parts.append(nn.Conv2d(before, after, 4, 2, 1, bias=not level))
            parts += [nn.BatchNorm2d(after)] if level else []
            parts.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*parts)
        self.out, self.side = out[-1], size >> layers

    def forward(self, images: Tensor) -> Tensor:
        """Return ``[B, out, side, side]``."""
        features: Tensor = self.layers(images)
        return features


class PatchCritic(nn.Module):
    """Judges every patch, and the image as a whole.

    Args:
        size: side of the images in pixels.
        width: channels of the first layer.
        inputs: channels of the images.
        classes: number of classes of the auxiliary classifier (AC-GAN, Odena et al. 2017); 0 = there is none.
    """

    def __init__(self, size: int, width: int, inputs: int, classes: int = 0) -> None:
        super().__init__()
        self.trunk = PatchTrunk(size, width, inputs)
        self.patches = nn.Conv2d(self.trunk.out, 1, 3, 1, 1)
        self.shrink = nn.Conv2d(self.trunk.out, self.trunk.out, 4, 2, 1)
        features = self.trunk.out * (self.trunk.side // 2) ** 2
        self.whole = nn.Linear(features, 1)
        self.classify = nn.Linear(features, classes) if classes else None
        init_weights(self)

    def forward(self, images: Tensor) -> tuple[list[Tensor], Tensor | None]:
        """Return the logits of real/fake, ``[B, 1, h, w]`` of patches and ``[B, 1]`` of the whole, and of the classes.

        The logits of the classes are ``[B, classes]``; None without a classifier.
        """
        features = self.trunk(images)
        flat = F.leaky_relu(self.shrink(features), 0.2).flatten(1)
        classes = None if self.classify is None else self.classify(flat)
        return [self.patches(features), self.whole(flat)], classes


class LstmCritic(nn.Module):
    """Reads the image column by column, in both directions, and judges each step and the whole.

    A lost stroke breaks the sequence of columns, although it may be small in its patch.

    Args:
        size: side of the images in pixels.
        width: channels of the first layer.
        inputs: channels of the images.
        classes: number of classes of the auxiliary classifier; 0 = there is none.
    """

    def __init__(self, size: int, width: int, inputs: int, classes: int = 0) -> None:
        super().__init__()
        self.trunk = PatchTrunk(size, width, inputs, layers=2)
        self.narrow = nn.Conv2d(self.trunk.out, width, 1)
        self.read = nn.LSTM(width * self.trunk.side, 2 * width, batch_first=True, bidirectional=True)
        self.steps = nn.Linear(4 * width, 1)
        self.whole = nn.Linear(4 * width, 1)
        self.classify = nn.Linear(4 * width, classes) if classes else None
        init_weights(self)

    def forward(self, images: Tensor) -> tuple[list[Tensor], Tensor | None]:
        """Return the logits of real/fake, ``[B, columns, 1]`` of steps and ``[B, 1]`` of the whole, and of classes."""
        columns = self.narrow(self.trunk(images)).flatten(1, 2).transpose(1, 2)
        # cuDNN's LSTM cannot be differentiated twice, which the penalties on the critic's gradient need.
        with torch.backends.cudnn.flags(enabled=False):
            steps, (state, _) = self.read(columns)
        ends = torch.cat([state[0], state[1]], dim=1)
        classes = None if self.classify is None else self.classify(ends)
        return [self.steps(steps), self.whole(ends)], classes


class TwoScales(nn.Module):
    """A patch critic of the image, and one of the image at half its size, as in BicycleGAN.

    Args:
        size: side of the images in pixels.
        width: channels of the first layer.
        inputs: channels of the images.
        classes: number of classes of the auxiliary classifier; 0 = there is none.
    """

    def __init__(self, size: int, width: int, inputs: int, classes: int = 0) -> None:
        super().__init__()
        self.fine = PatchCritic(size, width, inputs, classes)
        self.coarse = PatchCritic(size // 2, width, inputs)

    def forward(self, images: Tensor) -> tuple[list[Tensor], Tensor | None]:
        """Return the logits of real/fake of patches and whole at both scales, and of the classes."""
        fine, classes = self.fine(images)
        coarse, _ = self.coarse(F.avg_pool2d(images, 2))
        return [*fine, *coarse], classes


class StrokeCounter(nn.Module):
    """Estimates the number of strokes in a glyph, after StrokeGAN (Zeng et al. 2021).

    StrokeGAN's discriminator predicts which of 32 kinds of strokes a character has; this one predicts their
    number. It is a regression, because 9 strokes are nearer to 10 than to 20, of the logarithm, because one
    lost stroke of three matters more than one of thirty.

    It does not share the trunk of a critic and sees the glyph alone. A critic of pairs could count the strokes
    of the source glyph, which lacks none, and would teach the generator nothing.

    Args:
        size: side of the images in pixels.
        width: channels of the first layer.
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.trunk = PatchTrunk(size, width, 1)
        self.shrink = nn.Conv2d(self.trunk.out, self.trunk.out, 4, 2, 1)
        self.count = nn.Linear(self.trunk.out * (self.trunk.side // 2) ** 2, 1)
        init_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logarithm of the number of strokes, ``[B]``, in images ``[B, 1, size, size]``."""
        flat = F.leaky_relu(self.shrink(self.trunk(images)), 0.2).flatten(1)
        counted: Tensor = self.count(flat)[:, 0]
        return counted


def make_critic(kind: str, size: int, width: int, inputs: int, classes: int = 0) -> nn.Module:
    """Return the critic that ``--discriminator`` names: one of ``CRITICS``."""
    made: nn.Module = {"patch": TwoScales, "lstm": LstmCritic}[kind](size, width, inputs, classes)
    return made
