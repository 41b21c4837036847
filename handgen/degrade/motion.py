"""Motion blur."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column
from handgen.degrade.filters import padded
from handgen.settings import setting

_MOST = 0.1
_POINTS = 15


@dataclass(frozen=True)
class Motion(Effect):
    """The camera moved along a straight line while the shutter was open."""

    name: ClassVar[str] = "motion"

    length: float = setting(0.04, "Greatest length of the line, in heights.", minimum=0.005, maximum=_MOST)

    def params(self, u: Uniforms) -> Params:
        """``length`` in heights, ``angle`` in degrees."""
        return {"length": between(u[:, 0], self.length / 3, self.length), "angle": between(u[:, 1], 0, 180)}

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Average along the line."""
        height, width = images.shape[-2:]
        reach = math.ceil(_MOST * height / 2) + 1
        kernels = _kernels(params["length"] * height, np.radians(params["angle"]), reach)
        wide, result = padded(images, reach, reach), torch.zeros_like(images)
        for row, line in enumerate(kernels.swapaxes(0, 1)):
            for offset in np.flatnonzero(line.any(0)):
                taps = column(line[:, offset], images)
                result += wide[..., row : row + height, offset : offset + width] * taps
        return result


def _kernels(length: NDArray[np.float64], angle: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Return a kernel for each line, ``[B, side, side]``: the weights of the pixels that it passes over.

    Args:
        length: lengths of the lines in pixels.
        angle: their directions in radians.
        reach: side = 2 * reach + 1.
    """
    batch, side = len(length), 2 * reach + 1
    along = (np.arange(_POINTS) / (_POINTS - 1) - 0.5) * length[:, None]
    x, y = reach + along * np.cos(angle)[:, None], reach + along * np.sin(angle)[:, None]
    column_, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    kernels = np.zeros((batch, side, side))
    sample = np.arange(batch)[:, None]
    for down in (0, 1):
        for right in (0, 1):
            weight = np.abs(1 - right - (x - column_)) * np.abs(1 - down - (y - row)) / _POINTS
            np.add.at(kernels, (sample, row + down, column_ + right), weight)
    return kernels
