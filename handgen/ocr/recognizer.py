"""The recognizer: a small residual network that reads single glyphs and is as fast as the models that draw them.

After He et al. 2016, "Deep Residual Learning for Image Recognition", reduced to layers that are fast on a CPU: plain
3 x 3 convolutions, none of them at full resolution. The feature vector is short, because the classifier of 6,763
characters is read from memory for every batch. The last features are flattened, not averaged: the position of a
stroke decides which character it is.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

FEATURES = 192
"""Length of the feature vector."""
LAYOUT = 2
"""Version of the architecture. Files of another version are refused."""
_WIDTHS = (1, 2, 4, 8)
"""Channels of the stem and of each block, as multiples of ``width``."""
_HALVINGS = len(_WIDTHS)
_SMALLEST = 32


class Block(nn.Module):
    """A residual block of two convolutions, which halves the resolution."""

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
        return total.add_(self.shortcut(x)).relu_()  # in place: memory traffic takes most of the time here


def fold(recognizer: Recognizer) -> Recognizer:
    """Return a copy in evaluation mode with normalizations merged into the layers before them: a fifth faster."""
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
        charset: the characters of its classes, in order.
        size: side in pixels to which images are resized, a multiple of 32.
        width: channels of the stem; they double in each of three blocks.

    Raises:
        ValueError: ``size`` is not a multiple of 32.
    """

    temperature: Tensor
    """Logits are divided by it, so that their softmax gives calibrated probabilities (Guo et al. 2017)."""

    floors: dict[str, float]
    """Font name -> the margin that almost all of its real glyphs have, for fonts of its training and measurement."""

    def __init__(self, charset: str, size: int = 64, width: int = 16) -> None:
        super().__init__()
        if size % _SMALLEST:
            raise ValueError(f"size {size} is not a multiple of {_SMALLEST}")
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
        """Return features ``[B, 192]`` of images, float ``[B, 1, h, w]`` in [-1, 1], -1 = ink, of any size."""
        x = (1 - images) / 2
        if x.shape[-2:] != (self.size, self.size):
            x = F.interpolate(x, size=(self.size, self.size), mode="bilinear", antialias=True, align_corners=False)
        features: Tensor = self.project(self.blocks(self.stem(x)).flatten(1))
        return features

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits ``[B, len(charset)]`` of images as for ``features``, not divided by ``temperature``."""
        logits: Tensor = self.classify(F.relu(self.features(images)))
        return logits
