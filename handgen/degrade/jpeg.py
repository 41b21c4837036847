"""JPEG blocks."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between
from handgen.settings import setting

_LUMA = """
16 11 10 16 24 40 51 61      12 12 14 19 26 58 60 55     14 13 16 24 40 57 69 56     14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77    24 35 55 64 81 104 113 92   49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99
"""
_CHROMA = """
17 18 24 47 99 99 99 99      18 21 26 66 99 99 99 99     24 26 56 99 99 99 99 99     47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99      99 99 99 99 99 99 99 99     99 99 99 99 99 99 99 99     99 99 99 99 99 99 99 99
"""
"""Quantisation of brightness and of colour, ITU-T T.81, tables K.1 and K.2."""
_SCALE = 4096
"""Cosines are multiples of 1 / 4096. The length of a block of levels, and so of its coefficients, is
at most 1024 (2048 when rounded), and that of a cosine is 1: float32 holds every sum exactly, and a
matrix product gives the same bits in whatever order it adds."""


@dataclass(frozen=True)
class Jpeg(Effect):
    """What compression does: blocks of 8 x 8 whose cosines are rounded, colour at half resolution."""

    name: ClassVar[str] = "jpeg"

    quality: float = setting(40.0, "Lowest quality, as libjpeg counts it; the highest is 95.", minimum=10, maximum=95)

    def params(self, u: Uniforms) -> Params:
        """``quality``: a whole number."""
        return {"quality": np.round(between(u[:, 0], self.quality, 95))}

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Compress and decompress."""
        quality = params["quality"]
        levels = (images.clamp(0, 1) * 255).round_()
        if images.shape[1] == 1:
            return (_coded(levels - 128, quality, _LUMA) + 128).div_(255)
        red, green, blue = levels.unbind(1)
        light = (0.299 * red + 0.587 * green + 0.114 * blue).round_()
        colour = torch.stack([(blue - light) * 0.564, (red - light) * 0.713], 1).round_()
        light = _coded(light[:, None] - 128, quality, _LUMA)[:, 0] + 128
        height, width = images.shape[-2:]
        colour = F.pad(colour, (0, width % 2, 0, height % 2), mode="replicate")
        halved = F.avg_pool2d(colour, 2).round_()
        colour = _coded(halved, quality, _CHROMA)
        colour = colour.repeat_interleave(2, 2).repeat_interleave(2, 3)[..., :height, :width]
        blue, red = light + 1.773 * colour[:, 0], light + 1.403 * colour[:, 1]
        green = (light - 0.299 * red - 0.114 * blue) / 0.587
        return torch.stack([red, green, blue], 1).div_(255)


def _coded(levels: Tensor, quality: NDArray[np.float64], table: str) -> Tensor:
    """Round the cosines of levels -128 to 127, ``[B, C, H, W]``, by a table scaled to each image's quality."""
    batch, channels, height, width = levels.shape
    levels = F.pad(levels, (0, -width % 8, 0, -height % 8), mode="replicate")
    down, across = levels.shape[2] // 8, levels.shape[3] // 8
    blocks = levels.view(batch, channels * down, 8, across, 8).transpose(2, 3).reshape(-1, 64)
    cosines = _cosines().to(levels.device)
    step = torch.from_numpy(_steps(table, quality)).to(levels.device)[:, None]
    rounded = torch.matmul(blocks, cosines).view(batch, -1, 64).div_(step * _SCALE).round_().mul_(step)
    back = torch.matmul(rounded.view(-1, 64), cosines.T).div_(_SCALE).round_().clamp_(-128, 127)
    whole = back.view(batch, channels * down, across, 8, 8).transpose(2, 3).reshape(levels.shape)
    return whole[..., :height, :width]


def _steps(table: str, quality: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the table ``[B, 64]``, scaled as libjpeg does."""
    base = np.array(table.split(), dtype=np.float64)
    percent = np.where(quality < 50, 5000 / quality, 200 - 2 * quality)[:, None]
    return np.floor((base * percent + 50) / 100).clip(1, 255).astype(np.float32)


@functools.cache
def _cosines() -> Tensor:
    """The cosine transform of a block, ``[64 pixels, 64 coefficients]``, times ``_SCALE``, in whole numbers."""
    rows = [
        [math.sqrt((1 if k == 0 else 2) / 8) * math.cos((2 * n + 1) * k * math.pi / 16) for n in range(8)]
        for k in range(8)
    ]
    return torch.from_numpy(np.round(np.kron(rows, rows) * _SCALE).T.astype(np.float32).copy())
