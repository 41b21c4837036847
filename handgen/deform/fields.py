"""Smooth fields of displacement: knots, and what each weighs at each pixel.

Weights are multiples of 2^-10 and rows are rounded to a step, so that every sum of a few terms is exact: the order in
which a matrix product adds, and how many images are warped together, cannot show in the result.
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
    """Smooth fields before they are drawn.

    Attributes:
        knots: ``[B, m, n]``, mostly within -1 to 1.
        down: what each knot weighs in each row of pixels, float32 ``[H, m]``, or ``[1, m]``: the same in all.
        across: likewise of columns, ``[W, n]``.
    """

    knots: NDArray[np.float64]
    down: NDArray[np.float32]
    across: NDArray[np.float32]

    def rows(self, amplitude: NDArray[np.float64], steps: int, device: torch.device | None = None) -> Tensor:
        """Interpolate along x: return ``[B, m, W]``, whose product with ``down`` is the fields times ``amplitude``.

        All numbers are multiples of ``1 / steps``; amplitude ``[B]``.
        """
        knots = (self.knots * amplitude[:, None, None] * steps).round() / steps
        product = torch.from_numpy(knots.astype(np.float32)).to(device)
        rows = torch.matmul(product, torch.from_numpy(self.across).to(device).T)
        return rows.mul_(steps).round_().div_(steps)


@functools.lru_cache(maxsize=64)
def bspline_weights(length: int, spacing: float) -> NDArray[np.float32]:
    """Return the weights ``[length, knots]`` of a uniform cubic B-spline at the pixels' centers.

    Args:
        length: in pixels.
        spacing: of the knots in pixels.
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
    """Return the weights ``[length, knots]`` of bicubic interpolation between knots from edge to edge.

    Args:
        length: in pixels.
        knots: how many.
        fall: if not 0, weights fall to nothing at the edges, as 1 - x^fall, so that nothing moves there.
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
