"""Reducing and enlarging images by matrix products, which for glyphs is many times faster than interpolation.

Weights and pixels are rounded. So every sum is exact, and the result does not depend on the order of the additions.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_WEIGHTS, _LEVELS = 1 << 10, 1 << 12
"""Weights are multiples of 1 / _WEIGHTS, pixels of 1 / _LEVELS."""


def enlarged(images: Tensor, height: int, width: int) -> Tensor:
    """Interpolate images ``[B, C, h, w]`` linearly to a larger size."""
    return _product(images, _exact(_enlarging(images.shape[-2], height)), _exact(_enlarging(images.shape[-1], width)))


def coarsened(images: Tensor, height: int, width: int, *, sharp: bool = False) -> Tensor:
    """Reduce images ``[B, C, H, W]`` to a size and enlarge them again.

    If ``sharp``, a reduced pixel is the mean over its own area, as in a scanner; else it is a wider, triangular mean.
    """
    down, across = _coarsening(images.shape[-2], height, sharp), _coarsening(images.shape[-1], width, sharp)
    return _product(images, down, across)


def _product(images: Tensor, down: NDArray[np.float32], across: NDArray[np.float32]) -> Tensor:
    y, x = (torch.from_numpy(matrix).to(images.device) for matrix in (down, across))
    rows = torch.matmul(images.mul(_LEVELS).round_().div_(_LEVELS), x.T)
    return torch.matmul(y, rows.mul_(_LEVELS).round_().div_(_LEVELS))


@functools.lru_cache(maxsize=32)
def _coarsening(length: int, small: int, sharp: bool) -> NDArray[np.float32]:
    """Return the matrix ``[length, length]`` of reducing to ``small`` pixels and enlarging linearly."""
    reach = length / small
    center = (np.arange(small)[:, None] + 0.5) * reach
    apart = np.abs(np.arange(length) + 0.5 - center)
    shrinking = np.clip((reach + 1) / 2 - apart, 0, 1) if sharp else np.maximum(0, 1 - apart / reach)
    return _exact(_enlarging(small, length) @ (shrinking / shrinking.sum(1, keepdims=True)))


def _enlarging(small: int, length: int) -> NDArray[np.float64]:
    """Return the weights ``[length, small]`` of linear interpolation between the centers of ``small`` pixels."""
    position = ((np.arange(length)[:, None] + 0.5) * small / length - 0.5).clip(0, small - 1)
    weights: NDArray[np.float64] = np.maximum(0, 1 - np.abs(position - np.arange(small)))
    return weights


def _exact(weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Round weights; the largest one of each row is corrected, so that the row still adds up to 1."""
    exact = np.round(weights * _WEIGHTS)
    greatest = exact.argmax(1)
    exact[np.arange(len(exact)), greatest] += _WEIGHTS - exact.sum(1)
    return (exact / _WEIGHTS).astype(np.float32)
