"""Smooth displacement fields: random values at knots, and the weight of each knot at each pixel.

Weights are multiples of 2^-10 and rows are rounded to multiples of a step. So every sum of a few terms is exact in
float32, and the result has the same bits whatever the batch size and whatever order a matrix product adds in.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

_STEPS = 1024


@dataclass(frozen=True)
class Field:
    """Smooth fields, as knots and separable weights: field = ``down @ knots @ across.T``.

    Attributes:
        knots: float64 ``[B, m, n]``, mostly within -1 to 1.
        down: float32 ``[H, m]``, weight of each row of knots at each row of pixels; or ``[1, m]`` for all rows.
        across: float32 ``[W, n]``, weight of each column of knots at each column of pixels.
    """

    knots: NDArray[np.float64]
    down: NDArray[np.float32]
    across: NDArray[np.float32]

    def rows(self, amplitude: NDArray[np.float64], steps: int, device: torch.device | None = None) -> Tensor:
        """Interpolate along x. The product of ``down`` and the result is the field times ``amplitude``.

        Args:
            amplitude: float64 ``[B]``.
            steps: the result is rounded to multiples of ``1 / steps``.
            device: where the result goes.

        Returns:
            float32 ``[B, m, W]``.
        """
        knots = (self.knots * amplitude[:, None, None] * steps).round() / steps
        product = torch.from_numpy(knots.astype(np.float32)).to(device)
        rows = torch.matmul(product, torch.from_numpy(self.across).to(device).T)
        return rows.mul_(steps).round_().div_(steps)


@functools.lru_cache(maxsize=64)
def bspline_weights(length: int, spacing: float) -> NDArray[np.float32]:
    """Return the weights ``[length, knots]`` of a uniform cubic B-spline at the centers of ``length`` pixels.

    Args:
        length: number of pixels.
        spacing: distance between knots, in pixels.
    """
    at = (np.arange(length) + 0.5) / spacing
    cell, t = np.floor(at).astype(np.int64), at % 1
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], 1) / 6
    matrix = np.zeros((length, int(cell[-1]) + 4))
    for tap in range(4):
        matrix[np.arange(length), cell + tap] = stepped(weights[:, tap])
    return matrix.astype(np.float32)


@functools.lru_cache(maxsize=64)
def cubic_weights(length: int, knots: int, fall: int = 0) -> NDArray[np.float32]:
    """Return the weights ``[length, knots]`` of cubic interpolation; the outer knots lie on the first and last pixel.

    Args:
        length: number of pixels.
        knots: number of knots.
        fall: if not 0, weights are multiplied by 1 - x^fall, x from -1 to 1, so that nothing moves at the edges.
    """
    eye = torch.eye(knots)[None, None]
    cubic = F.interpolate(eye, size=(knots, length), mode="bicubic", align_corners=True)[0, 0].T.double().numpy()
    if fall:
        x = (2 * np.arange(length) + 1) / length - 1
        cubic = cubic * (1 - x**fall)[:, None]
    return stepped(cubic).astype(np.float32)


def stepped(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to multiples of 2^-10."""
    return np.round(values * _STEPS) / _STEPS
