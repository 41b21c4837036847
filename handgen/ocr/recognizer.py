"""The reference recogniser: a small residual network that reads single glyphs, for as little as drawing one costs.

After He et al. 2016, "Deep Residual Learning for Image Recognition". Three things keep it cheap on a
processor: plain 3 x 3 convolutions, which reach the greatest share of its peak there; most of them at
an eighth of the side, where the strokes of dense characters are still apart in 64 channels; and a
narrow feature, for the classifier of 6,763 characters is read from memory for every batch. What comes
out is flattened, not averaged, because where a stroke is decides which character it makes.
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
"""Counts the ways in which a recogniser was ever built, so that one of another way is recognised."""
_LEVELS = ((1, 0), (2, 0), (4, 2), (8, 0))
"""Channels of each level in widths, and residual blocks in it; each has half the side of the one before."""
_SMALLEST = 2 ** len(_LEVELS) * 2


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*_normalised(width, width), nn.ReLU(), *_normalised(width, width))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[B, width, h, w]`` of ``[B, width, h, w]``."""
        return F.relu(x + self.body(x))


def _normalised(before: int, after: int, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after)


def folded(recognizer: Recognizer) -> Recognizer:
    """Return a copy whose normalisations are part of the weights before them: the same results, a fifth faster."""
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
        width: channels of the first level; they double three times.

    Raises:
        ValueError: ``size`` is no multiple of 32.
    """

    temperature: Tensor
    """What logits are divided by so that their softmax says how often they are right (Guo et al. 2017)."""

    def __init__(self, charset: str, size: int = 64, width: int = 16) -> None:
        super().__init__()
        if size % _SMALLEST:
            raise ValueError(f"size {size} is no multiple of {_SMALLEST}")
        self.charset: str = charset
        self.size: int = size
        self.width: int = width
        levels: list[nn.Module] = []
        before = 1
        for widths, blocks in _LEVELS:
            after = width * widths
            levels += [*_normalised(before, after, 2), nn.ReLU(inplace=True), *(Block(after) for _ in range(blocks))]
            before = after
        self.levels = nn.Sequential(*levels)
        self.project = nn.Sequential(
            nn.Linear(before * (size // 2 ** len(_LEVELS)) ** 2, FEATURES, bias=False), nn.BatchNorm1d(FEATURES)
        )
        self.classify = nn.Linear(FEATURES, len(charset))
        self.register_buffer("temperature", torch.ones(()))

    def features(self, images: Tensor) -> Tensor:
        """Return ``[B, 192]`` of images, float ``[B, 1, h, w]`` in [-1, 1], -1 = ink, of any size."""
        x = (1 - images) / 2
        if x.shape[-2:] != (self.size, self.size):
            x = F.interpolate(x, size=(self.size, self.size), mode="bilinear", antialias=True, align_corners=False)
        features: Tensor = self.project(self.levels(x).flatten(1))
        return features

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``[B, len(charset)]`` of images as ``features`` takes them; not calibrated."""
        logits: Tensor = self.classify(F.relu(self.features(images)))
        return logits
