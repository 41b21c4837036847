"""Noise fields: smooth fields, grain and white noise. Each is a function of one number per sample.

Knots and weights of smooth fields are multiples of 2^-10. So every sum is exact, and the result does
not depend on the order in which a matrix product adds. Grain and white noise are cut from fixed banks.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor

from handgen.deform.fields import Field, bspline_weights, stepped
from handgen.seeds import uniforms

_STEPS = 1024
_WHITE = 1 << 20
_GRAIN = 512


def spline(noise: NDArray[np.int64], purpose: str, like: Tensor, spacing: float, *, along: bool = False) -> Field:
    """Return smooth random fields as knots and weights; the arguments are those of ``smooth_field``."""
    height, width = like.shape[-2:]
    across = bspline_weights(width, spacing * height)
    down = np.ones((1, 1), np.float32) if along else bspline_weights(height, spacing * height)
    knots = uniforms(0, f"field/{purpose}", noise, down.shape[1] * across.shape[1])
    return Field(stepped(2 * knots - 1).reshape(len(noise), down.shape[1], across.shape[1]), down, across)


def smooth_field(
    noise: NDArray[np.int64], purpose: str, like: Tensor, spacing: float, *, along: bool = False
) -> Tensor:
    """Return smooth random fields between -1 and 1: cubic B-splines over random knots.

    Args:
        noise: ``[B]``, see ``base.noise_id``.
        purpose: a word that distinguishes the fields of one number.
        like: images ``[B, C, H, W]``; the fields get their size and device.
        spacing: distance between knots, in heights.
        along: whether the field changes only along x.

    Returns:
        ``[B, 1, H, W]``, or ``[B, 1, 1, W]`` with ``along``.
    """
    field = spline(noise, purpose, like, spacing, along=along)
    rows, down = field.rows(np.ones(len(noise)), _STEPS), torch.from_numpy(field.down)
    return torch.matmul(down, rows)[:, None].to(like.device)


def grain(noise: NDArray[np.int64], like: Tensor, size: float) -> Tensor:
    """Return grain, mean 0 and deviation 1, ``[B, 1, H, W]``; ``size`` is the size of a grain in heights."""
    height, width = like.shape[-2:]
    bank = _grain_sheet(round(max(0.4, size * height), 1), height // _GRAIN + 2, width // _GRAIN + 2)
    cut = sliding_window_view(bank, (height, width))[noise % _GRAIN, noise // _GRAIN % _GRAIN]
    return torch.from_numpy(cut)[:, None].to(like.device)


def white(noise: NDArray[np.int64], like: Tensor) -> Tensor:
    """Return nearly normal white noise, mean 0 and deviation 1, of the shape of ``like``."""
    count = like[0].numel()
    bank = _white_bank(max(1, math.ceil(count / _WHITE)))
    cut = sliding_window_view(bank, count)[noise % _WHITE]
    return torch.from_numpy(cut).view(like.shape).to(like.device)


@functools.lru_cache(maxsize=2)
def _white_bank(repeats: int) -> NDArray[np.float32]:
    """Return a ring of ``_WHITE`` values, repeated, and once more, so that a cut can begin anywhere in the first."""
    values = stepped((uniforms(0, "bank/white", np.arange(_WHITE), 3).sum(1) - 1.5) * 2)
    return np.tile(values.astype(np.float32), repeats + 1)


@functools.lru_cache(maxsize=16)
def _grain_sheet(sigma: float, down: int, across: int) -> NDArray[np.float32]:
    return np.tile(_grain_bank(sigma), (down, across))


@functools.lru_cache(maxsize=16)
def _grain_bank(sigma: float) -> NDArray[np.float32]:
    """Return white noise on a torus, blurred by a Gaussian of ``sigma`` pixels and scaled to deviation 1."""
    values = uniforms(0, "bank/grain", np.arange(_GRAIN * _GRAIN), 2).sum(1).reshape(_GRAIN, _GRAIN) - 1
    reach = math.ceil(3 * sigma)
    taps = [math.exp(-((k / sigma) ** 2) / 2) for k in range(-reach, reach + 1)]
    for axis in (0, 1):
        values = sum(tap * np.roll(values, k - reach, axis) for k, tap in enumerate(taps))
    return stepped(values / values.std()).astype(np.float32)
