"""Data augmentation for the recognizer: variations of a glyph that leave it the same character.

It has to be fast on a CPU, so all geometry is one resampling, and changes of the line width use shifted copies.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from handgen.deform import Field, Warp, cubic_weights

_ROTATION, _SLANT = math.radians(12), 0.25
_SMALLEST, _LARGEST, _ASPECT, _SHIFT = 0.7, 1.15, 0.15, 0.16
"""Limits of the geometry: rotation in radians, shear, scale, logarithm of the aspect ratio, shift in halves of the
side."""
_ELASTIC = ((3, 0.06), (6, 0.035))
"""For each elastic field: knots a side, and the greatest displacement in halves of the side."""
_NOISE, _FAINT = 0.12, 0.5
"""The greatest standard deviation of noise, and the greatest share of ink that is lost; ink is 0 to 1."""


def augment(images: Tensor, random: torch.Generator) -> Tensor:
    """Return glyphs that are rotated, slanted, scaled, distorted, thicker or thinner, blurred, faint and noisy.

    The amount of all changes is uniform from 0 to the limits, for each glyph, since a recognizer has to read clean
    glyphs and bad ones.

    Args:
        images: float32 ``[B, 1, size, size]`` in [-1, 1], -1 = ink.
        random: a generator on the CPU, which decides the changes.

    Returns:
        Images of the same shape and range.
    """
    ink = (1 - images) / 2
    amount = torch.rand(len(ink), generator=random).to(ink.device)
    ink = _change_width(ink, _uniform(random, amount, 1)[:, 0])
    ink = 1 - _warp(amount, ink, random).resample(1 - ink, inside=False)
    draw = _uniform(random, amount, 4).view(-1, 4, 1, 1, 1)
    ink = torch.lerp(ink, _around(ink, torch.add) / 9, draw[:, 0].clamp_min(0))
    ink = ink * (1 - _FAINT * draw[:, 1].clamp_min(0)) + 0.1 * draw[:, 2].clamp_min(0)
    noise = torch.randn(ink.shape, generator=random).to(ink.device)
    return (1 - 2 * (ink + _NOISE * draw[:, 3].clamp_min(0) * noise)).clamp(-1, 1)


def _uniform(random: torch.Generator, amount: Tensor, *columns: int) -> Tensor:
    """Draw numbers ``[B, *columns]``, row i uniform between -``amount[i]`` and ``amount[i]``."""
    drawn = (torch.rand(len(amount), *columns, generator=random) * 2 - 1).to(amount.device)
    return drawn * amount.view(-1, *(1 for _ in columns))


def _change_width(ink: Tensor, draw: Tensor) -> Tensor:
    """Widen strokes by up to a pixel on both sides for ``draw`` (``[B]``) above 0; thin them by less for below 0."""
    draw = draw.view(-1, 1, 1, 1)
    wide, thin = _around(ink, torch.maximum), _around(ink, torch.minimum)
    return torch.where(draw > 0, torch.lerp(ink, wide, draw.clamp_min(0)), torch.lerp(ink, thin, -0.6 * draw))


def _around(ink: Tensor, both: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Combine each pixel and its eight neighbors with ``both``, such as ``torch.maximum``; edges are replicated."""
    sheet = F.pad(ink, (1, 1, 1, 1), mode="replicate")
    rows = both(both(sheet[..., :-2], sheet[..., 1:-1]), sheet[..., 2:])
    return both(both(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:])


def _warp(amount: Tensor, ink: Tensor, random: torch.Generator) -> Warp:
    """Return random warps of square images ``ink``; ``amount`` ``[B]``, 0 to 1, scales all limits."""
    draw = _uniform(random, amount, 6).cpu().double().numpy()
    scale = 1 / (_SMALLEST + (_LARGEST - _SMALLEST) * (draw[:, 2] + 1) / 2)
    aspect = np.exp(_ASPECT * draw[:, 3])
    angle, slant = _ROTATION * draw[:, 0], _SLANT * draw[:, 1]
    cos, sin = np.cos(angle), np.sin(angle)
    across = np.stack([scale * aspect * cos, scale * aspect * (slant * cos - sin)], 1)
    down = np.stack([scale / aspect * sin, scale / aspect * (slant * sin + cos)], 1)
    warp = Warp.from_source(ink, np.stack([across, down], 1), _SHIFT / 2 * draw[:, 4:])
    for knots, most in _ELASTIC:
        weights = cubic_weights(ink.shape[-1], knots)
        drawn = _uniform(random, amount, 2, knots, knots).cpu().double().numpy()
        for axis in (0, 1):
            warp = warp.bent(axis, Field(drawn[:, axis], weights, weights), np.full(len(ink), most / 2))
    return warp
