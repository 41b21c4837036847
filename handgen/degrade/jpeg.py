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
"""Quantization tables of luma and chroma: ITU-T T.81, tables K.1 and K.2."""
_SIDE = 8
_ABREAST = 2
"""Number of blocks that are transformed along x at once. Wider products are faster, although half the matrix is 0."""
_ACROSS, _DOWN, _BETWEEN = 1 << 11, 1 << 8, 1 << 3
"""Cosines along x and y, and the values between the two transforms, are multiples of 1 / these numbers. The norm of a
block of levels, and so of its coefficients, is at most 1024 (2048 after rounding); cosines are multiplied by the root
of 8, so that the first ones are 1. Then float32 holds every sum exactly, and a matrix product gives the same bits
whatever order it adds in."""


@dataclass(frozen=True)
class Jpeg(Effect):
    """JPEG compression: 8 x 8 blocks with quantized DCT coefficients, chroma at half resolution."""

    name: ClassVar[str] = "jpeg"

    quality: float = setting(40.0, "Lowest quality, as libjpeg counts it; the highest is 95.", minimum=10, maximum=95)

    def params(self, u: Uniforms) -> Params:
        """``quality``: a whole number."""
        return {"quality": np.round(between(u[:, 0], self.quality, 95))}

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Compress and decompress."""
        quality = params["quality"]
        levels = images.clamp(0, 1).mul_(255).round_()
        if images.shape[1] == 1:
            return _coded(levels.sub_(128), quality, _LUMA).add_(128).div_(255)
        red, green, blue = levels.unbind(1)
        light = (0.299 * red).add_(0.587 * green).add_(0.114 * blue).round_()
        halved = _halved(torch.stack([blue - light, red - light], 1))
        factors = torch.tensor([0.564, 0.713], device=images.device).view(2, 1, 1)
        color = _coded(halved.mul_(factors).round_(), quality, _CHROMA)
        blue, red = 1.773 * color[:, 0], 1.403 * color[:, 1]
        added = torch.stack([red, (red * 0.299 + blue * 0.114).div_(-0.587), blue], 1)
        light = _coded(light.sub_(128)[:, None], quality, _LUMA).add_(128)
        return _doubled(added)[..., : light.shape[2], : light.shape[3]].add(light).div_(255)


def _halved(images: Tensor) -> Tensor:
    """Return the means of blocks of 2 x 2 pixels."""
    images = F.pad(images, (0, images.shape[3] % 2, 0, images.shape[2] % 2), mode="replicate")
    rows = images[..., ::2, :] + images[..., 1::2, :]
    return (rows[..., ::2] + rows[..., 1::2]).mul_(0.25)


def _doubled(images: Tensor) -> Tensor:
    """Repeat each pixel twice in both directions."""
    wide = np.repeat(images.cpu().numpy(), 2, axis=3)
    return torch.from_numpy(np.repeat(wide, 2, axis=2)).to(images.device)


def _coded(levels: Tensor, quality: NDArray[np.float64], table: str) -> Tensor:
    """Quantize the DCT of levels -128 to 127, ``[B, C, H, W]``, by a table scaled to each image's quality."""
    batch, _, height, width = levels.shape
    levels = F.pad(levels, (0, -width % (_SIDE * _ABREAST), 0, -height % _SIDE), mode="replicate")
    down, across = _cosines(_DOWN, 1).to(levels.device), _cosines(_ACROSS, _ABREAST).to(levels.device)
    step = np.tile(_steps(table, quality).reshape(batch, 1, _SIDE, _SIDE), levels.shape[3] // _SIDE)
    steps = torch.from_numpy(step).to(levels.device)

    def turned(rows: Tensor, down: Tensor, across: Tensor) -> Tensor:
        """Multiply each block by matrices from both sides. All terms are whole numbers, so the sums are exact."""
        half = torch.matmul(rows.view(-1, len(across)), across).div_(_ACROSS / _BETWEEN).round_()
        return torch.matmul(down, half.view(-1, _SIDE, levels.shape[3])).div_(_DOWN * _BETWEEN * _SIDE)

    cosines = turned(levels, down, across.T.contiguous())
    rounded = cosines.view(batch, -1, *steps.shape[2:]).div_(steps).round_().mul_(steps)
    back = turned(rounded, down.T.contiguous(), across).round_().clamp_(-128, 127)
    return back.view(levels.shape)[..., :height, :width]


def _steps(table: str, quality: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the quantization table of each image, ``[B, 64]``, scaled as in libjpeg."""
    base = np.array(table.split(), dtype=np.float64)
    percent = np.where(quality < 50, 5000 / quality, 200 - 2 * quality)[:, None]
    return np.floor((base * percent + 50) / 100).clip(1, 255).astype(np.float32)


@functools.cache
def _cosines(scale: int, blocks: int) -> Tensor:
    """Return the DCT matrix of 8 pixels, times the root of 8 and ``scale``, rounded, for blocks side by side."""
    rows = [
        [(math.sqrt(2) if k else 1) * math.cos((2 * n + 1) * k * math.pi / 2 / _SIDE) for n in range(_SIDE)]
        for k in range(_SIDE)
    ]
    return torch.from_numpy(np.kron(np.eye(blocks), np.round(np.array(rows) * scale)).astype(np.float32))
