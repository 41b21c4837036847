"""The reference recognizer: a small residual network that reads single glyphs, for as little as drawing one costs.

After He et al. 2016, "Deep Residual Learning for Image Recognition", cut down to what a processor does
at the greatest share of its peak: plain 3 x 3 convolutions, none of them at the full side. The feature
is narrow, for the classifier of 6,763 characters is read from memory for every batch. What comes out
is flattened, not averaged, because where a stroke is decides which character it makes.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

FEATURES = 192
LAYOUT = 2
"""Counts the ways in which a recognizer was ever built, so that files of another layout are refused."""
_WIDTHS = (1, 2, 4, 8)
"""Channels of the stem and of each block, in those of the stem."""
_HALVINGS = len(_WIDTHS)
_SMALLEST = 32


class Block(nn.Module):
    """Two convolutions beside a shortcut, at half the resolution of what comes in."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, 2, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[B, after, h / 2, w / 2]`` of ``[B, before, h, w]``."""
        total: Tensor = self.body(x)
        return total.add_(self.shortcut(x)).relu_()  # into itself: memory is what takes time here


def fold(recognizer: Recognizer) -> Recognizer:
    """Return a copy whose normalizations are part of the weights before them: the same results, a fifth faster."""
    copy = deepcopy(recognizer).eval()
    for part in [module for module in copy.modules() if isinstance(module, nn.Sequential)]:
        for before, after in pairwise(range(len(part))):
            one, other = part[before], part[after]
            if isinstance(one, nn.Conv2d) and isinstance(other, nn.BatchNorm2d):
                part[before], part[after] = fuse_conv_bn_eval(one, other), nn.Identity()
            elif isinstance(one, nn.Linear) and isinstance(other, nn.BatchNorm1d):
                part[before], part[after] = fuse_linear_bn_eval(one, other), nn.Identity()
    return copy


class Recognizer(nn.Module):
    """Reads glyphs of a fixed set of characters.

    Args:
        charset: its classes, in order.
        size: side in pixels that images are brought to, a multiple of 32.
        width: channels of the stem; they double in each of three blocks.

    Raises:
        ValueError: ``size`` is no multiple of 32.
    """

    temperature: Tensor
    """What logits are divided by so that their softmax says how often they are right (Guo et al. 2017)."""

    floors: dict[str, float]
    """The least margin of a sound glyph of each font that it was trained or measured on, by name."""

    def __init__(self, charset: str, size: int = 64, width: int = 16) -> None:
        super().__init__()
        if size % _SMALLEST:
            raise ValueError(f"size {size} is no multiple of {_SMALLEST}")
        self.charset: str = charset
        self.size: int = size
        self.width: int = width
        self.floors = {}
        out = [width * times for times in _WIDTHS]
        self.stem = nn.Sequential(
            nn.Conv2d(1, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        self.blocks = nn.Sequential(*(Block(before, after) for before, after in pairwise(out)))
        self.project = nn.Sequential(
            nn.Linear(out[-1] * (size // 2**_HALVINGS) ** 2, FEATURES, bias=False), nn.BatchNorm1d(FEATURES)
        )
        self.classify = nn.Linear(FEATURES, len(charset))
        self.register_buffer("temperature", torch.ones(()))

    def features(self, images: Tensor) -> Tensor:
        """Return ``[B, 192]`` of images, float ``[B, 1, h, w]`` in [-1, 1], -1 = ink, of any size."""
        x = (1 - images) / 2
        if x.shape[-2:] != (self.size, self.size):
            x = F.interpolate(x, size=(self.size, self.size), mode="bilinear", antialias=True, align_corners=False)
        features: Tensor = self.project(self.blocks(self.stem(x)).flatten(1))
        return features

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``[B, len(charset)]`` of images as ``features`` takes them; not calibrated."""
        logits: Tensor = self.classify(F.relu(self.features(images)))
        return logits
