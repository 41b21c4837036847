"""What effects with printed lines share: coordinates, lines of a given thickness, and printing them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from handgen.degrade.base import Params, Uniforms, between, column

_TINTS = ((1.0, 1.0, 1.0), (1.0, 0.7, 0.3), (0.8, 0.4, 0.75), (0.35, 1.0, 0.9))
"""Shares of red, green and blue light that gray, blue, green and red printing ink absorb."""


def positions(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return x ``[W]`` and y ``[H, 1]`` of the pixels' centers, in heights from the center of the image."""
    height, width = images.shape[-2:]
    x = ((torch.arange(width) + 0.5) / height - width / height / 2).to(images.device)
    y = ((torch.arange(height) + 0.5) / height - 0.5).to(images.device)
    return x, y[:, None]


def to_nearest(position: Tensor, pitch: Tensor) -> Tensor:
    """Return the distance to the nearest multiple of ``pitch``; ``position`` is overwritten."""
    turns = position.div_(pitch)
    return turns.sub_(turns.round()).abs_().mul_(pitch)


def line(distance: Tensor, thickness: Tensor, images: Tensor) -> Tensor:
    """Return the share of each pixel that a line covers, from the distance to its middle, which is overwritten."""
    height = images.shape[-2]
    return distance.mul_(-height).add_(thickness * (height / 2) + 0.5).clamp_(0, 1)


def print_params(u: Uniforms, darkness: float, thickness: float) -> Params:
    """Return parameters of printed lines: ``darkness``, ``thickness`` in heights, ``tint`` (an index of ``_TINTS``)."""
    return {
        "darkness": between(u[:, 0], darkness / 3, darkness),
        "thickness": between(u[:, 1], thickness / 2, thickness),
        "tint": (u[:, 2] * len(_TINTS)).astype(np.int64),
    }


def printed(images: Tensor, cover: Tensor, params: Params) -> Tensor:
    """Print lines under the writing, in color if the images have color; ``cover`` is their share of each pixel."""
    taken = column(params["darkness"], images)
    if images.shape[1] == 3:
        taken = taken * torch.tensor(_TINTS, device=images.device)[torch.from_numpy(params["tint"])][:, :, None, None]
    return images * (1 - cover * taken)
