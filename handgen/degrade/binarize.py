"""Binarized scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column
from handgen.degrade.resize import enlarged
from handgen.settings import setting

_CONTRAST = 0.2
"""If the gray levels of a neighborhood differ by less than this, it has no ink."""


@dataclass(frozen=True)
class Binarize(Effect):
    """Only black and white, as fax machines and archives store pages.

    A pixel is black if it is darker than a level between the lightest and the darkest pixel of its
    neighborhood (Bernsen 1986, with the middle as the level).
    """

    name: ClassVar[str] = "binarize"

    low: float = setting(0.5, "Lowest level, 0 = the darkest, 1 = the lightest nearby.", minimum=0.3, maximum=0.7)
    high: float = setting(0.65, "Highest level.", minimum=0.3, maximum=0.85)

    def params(self, u: Uniforms) -> Params:
        """``level``."""
        return {"level": between(u[:, 0], self.low, self.high)}

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Compare with the local level; the result is 0 or 1, the same in all channels."""
        height, width = images.shape[-2:]
        gray = images.amin(1, keepdim=True)
        lightest, darkest = _nearby(gray), -_nearby(-gray)
        contrast = lightest - darkest
        level = darkest + contrast * column(params["level"], images)
        level = enlarged(torch.where(contrast < _CONTRAST, 0.0, level), height, width)
        # NumPy compares several times faster than PyTorch.
        white = (gray.cpu().numpy() > level.cpu().numpy()).astype(np.float32)
        return torch.from_numpy(white).to(images.device).repeat(1, images.shape[1], 1, 1)


def _nearby(images: Tensor) -> Tensor:
    """Return the maximum around each cell, ``[B, C, h, w]``; a cell's side is an eighth of the height."""
    side = max(1, round(images.shape[-2] / 8))
    whole = F.pad(images, (0, -images.shape[3] % side, 0, -images.shape[2] % side), mode="replicate")
    batch, channels, height, width = whole.shape
    rows = whole.view(batch, channels, height // side, side, width).amax(3)
    cells = rows.view(batch, channels, height // side, width // side, side).amax(4)
    return F.max_pool2d(cells, 5, stride=1, padding=2)
