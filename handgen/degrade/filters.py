"""Filters for batches with a different strength for each image; sums run in a fixed order."""

from __future__ import annotations

import math

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from handgen.degrade.base import column

_REACH = 2.5
"""A Gaussian is cut off beyond this many standard deviations."""


def padded(images: Tensor, x: int, y: int) -> Tensor:
    """Return the images with their edge pixels repeated ``x`` and ``y`` times on each side."""
    return F.pad(images, (x, x, y, y), mode="replicate")


def gaussian(images: Tensor, sigma: NDArray[np.float64]) -> Tensor:
    """Blur each image of ``[B, C, H, W]`` by its own Gaussian; ``sigma`` is ``[B]``, in heights."""
    height, width = images.shape[-2:]
    pixels = np.maximum(sigma * height, 1e-3)[:, None]
    offsets = np.arange(math.ceil(_REACH * pixels.max()) + 1)
    weights = np.exp(-0.5 * (offsets / pixels) ** 2) * (offsets < _REACH * pixels + 1)
    weights /= 2 * weights.sum(1, keepdims=True) - weights[:, :1]
    taps, reach = [column(weights[:, k], images) for k in offsets], len(offsets) - 1
    wide, blurred = padded(images, reach, 0), images * taps[0]
    for k in offsets[1:]:
        pair = wide[..., reach - k : reach - k + width] + wide[..., reach + k : reach + k + width]
        blurred += pair.mul_(taps[k])
    tall = padded(blurred, 0, reach)
    blurred *= taps[0]
    for k in offsets[1:]:
        pair = tall[..., reach - k : reach - k + height, :] + tall[..., reach + k : reach + k + height, :]
        blurred += pair.mul_(taps[k])
    return blurred
