"""What a glyph may look like and still be the same character: the variation a recognizer learns to see through.

It is made of few and cheap passes, for on a processor it takes time from learning: geometry is one resampling, and
what a pen changes are shifted copies.
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
_ELASTIC = ((3, 0.06), (6, 0.035))
"""Knots a side, and greatest displacement in halves of the side."""
_NOISE, _FAINT = 0.12, 0.5


def augment(images: Tensor, random: torch.Generator) -> Tensor:
    """Return the glyphs turned, slanted, stretched, bent, thicker or thinner, blurred, faint and noisy.

    Some are changed much and some hardly, for what is to be read later is of both kinds.

    Args:
        images: float32 ``[B, 1, size, size]`` in [-1, 1], -1 = ink.
        random: decides what happens to each; on the CPU.
    """
    ink = (1 - images) / 2
    amount = torch.rand(len(ink), generator=random).to(ink.device)
    ink = _with_another_pen(ink, _uniform(random, amount, 1)[:, 0])
    ink = 1 - _warp(amount, ink, random).resample(1 - ink, inside=False)
    draw = _uniform(random, amount, 4).view(-1, 4, 1, 1, 1)
    ink = torch.lerp(ink, _around(ink, torch.add) / 9, draw[:, 0].clamp_min(0))
    ink = ink * (1 - _FAINT * draw[:, 1].clamp_min(0)) + 0.1 * draw[:, 2].clamp_min(0)
    noise = torch.randn(ink.shape, generator=random).to(ink.device)
    return (1 - 2 * (ink + _NOISE * draw[:, 3].clamp_min(0) * noise)).clamp(-1, 1)


def _uniform(random: torch.Generator, amount: Tensor, *columns: int) -> Tensor:
    """Draw ``[B, *columns]``, each row between plus and minus its ``amount`` (``[B]``)."""
    drawn = (torch.rand(len(amount), *columns, generator=random) * 2 - 1).to(amount.device)
    return drawn * amount.view(-1, *(1 for _ in columns))


def _with_another_pen(ink: Tensor, draw: Tensor) -> Tensor:
    """Widen strokes by up to a pixel at either side where ``draw`` is above 0, thin them by less where it is below."""
    draw = draw.view(-1, 1, 1, 1)
    wide, thin = _around(ink, torch.maximum), _around(ink, torch.minimum)
    return torch.where(draw > 0, torch.lerp(ink, wide, draw.clamp_min(0)), torch.lerp(ink, thin, -0.6 * draw))


def _around(ink: Tensor, both: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Bring each pixel together with its eight neighbors by ``both``; at an edge, with what continues it."""
    sheet = F.pad(ink, (1, 1, 1, 1), mode="replicate")
    rows = both(both(sheet[..., :-2], sheet[..., 1:-1]), sheet[..., 2:])
    return both(both(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:])


def _warp(amount: Tensor, ink: Tensor, random: torch.Generator) -> Warp:
    """Return how square images ``ink`` are turned, slanted, stretched, moved and bent, each up to its ``amount``."""
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
