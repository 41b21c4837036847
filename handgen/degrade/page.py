"""What printed papers share: positions on the page, lines of some width, and printing them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from handgen.degrade.base import Params, Uniforms, between, column

_TINTS = ((1.0, 1.0, 1.0), (1.0, 0.7, 0.3), (0.8, 0.4, 0.75), (0.35, 1.0, 0.9))
"""What gray, blue, green and red printing takes from red, green and blue light."""


def positions(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return x ``[W]`` and y ``[H, 1]`` of the pixels' centers, in heights from the middle."""
    height, width = images.shape[-2:]
    x = ((torch.arange(width) + 0.5) / height - width / height / 2).to(images.device)
    y = ((torch.arange(height) + 0.5) / height - 0.5).to(images.device)
    return x, y[:, None]


def to_nearest(position: Tensor, pitch: Tensor) -> Tensor:
    """Return the distance to the nearest multiple of ``pitch``; ``position`` is used up."""
    turns = position.div_(pitch)
    return turns.sub_(turns.round()).abs_().mul_(pitch)


def line(distance: Tensor, thickness: Tensor, images: Tensor) -> Tensor:
    """Return how much of each pixel a line covers, 0 to 1, from the distance to its middle (used up)."""
    height = images.shape[-2]
    return distance.mul_(-height).add_(thickness * (height / 2) + 0.5).clamp_(0, 1)


def print_params(u: Uniforms, darkness: float, thickness: float) -> Params:
    """Return how lines are printed: ``darkness``, ``thickness`` in heights, and ``tint``, a number of ``_TINTS``."""
    return {
        "darkness": between(u[:, 0], darkness / 3, darkness),
        "thickness": between(u[:, 1], thickness / 2, thickness),
        "tint": (u[:, 2] * len(_TINTS)).astype(np.int64),
    }


def printed(images: Tensor, cover: Tensor, params: Params) -> Tensor:
    """Print what covers pixels by ``cover`` under the writing; in color if the images have it."""
    taken = column(params["darkness"], images)
    if images.shape[1] == 3:
        taken = taken * torch.tensor(_TINTS, device=images.device)[torch.from_numpy(params["tint"])][:, :, None, None]
    return images * (1 - cover * taken)
