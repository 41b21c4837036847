"""What a glyph may look like and still be the same character: the variation a recogniser learns to see through."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_ROTATION, _SLANT = math.radians(12), 0.25
_SMALLEST, _LARGEST, _ASPECT, _SHIFT = 0.7, 1.15, 0.15, 0.16
_ELASTIC = ((3, 0.06), (6, 0.035))
"""Knots a side, and greatest displacement in halves of the side."""
_NOISE, _FAINT = 0.12, 0.5


def varied(images: Tensor, random: torch.Generator) -> Tensor:
    """Return the glyphs turned, slanted, stretched, bent, thicker or thinner, blurred, faint and noisy.

    Args:
        images: float32 ``[B, 1, size, size]`` in [-1, 1], -1 = ink.
        random: decides what happens to each; on the CPU.
    """
    ink = (1 - images) / 2
    ink = _with_another_pen(ink, _uniform(random, ink, 1)[:, 0])
    ink = F.grid_sample(ink, _grid(ink, random), mode="bilinear", padding_mode="zeros", align_corners=False)
    draw = _uniform(random, ink, 4).view(-1, 4, 1, 1, 1)
    soft = F.avg_pool2d(ink, 3, 1, 1)
    ink = torch.lerp(ink, soft, draw[:, 0].clamp_min(0))
    ink = ink * (1 - _FAINT * draw[:, 1].clamp_min(0)) + 0.1 * draw[:, 2].clamp_min(0)
    noise = torch.randn(ink.shape, generator=random).to(ink.device)
    return (1 - 2 * (ink + _NOISE * draw[:, 3].clamp_min(0) * noise)).clamp(-1, 1)


def _uniform(random: torch.Generator, like: Tensor, *columns: int) -> Tensor:
    """Draw ``[B, *columns]`` in [-1, 1)."""
    return (torch.rand(len(like), *columns, generator=random) * 2 - 1).to(like.device)


def _with_another_pen(ink: Tensor, draw: Tensor) -> Tensor:
    """Widen strokes by up to a pixel at either side where ``draw`` is above 0, thin them by less where it is below."""
    draw = draw.view(-1, 1, 1, 1)
    wide, thin = F.max_pool2d(ink, 3, 1, 1), -F.max_pool2d(-ink, 3, 1, 1)
    return torch.where(draw > 0, torch.lerp(ink, wide, draw.clamp_min(0)), torch.lerp(ink, thin, -0.6 * draw))


def _grid(ink: Tensor, random: torch.Generator) -> Tensor:
    draw = _uniform(random, ink, 6)
    between = (draw[:, 2] + 1) / 2
    scale = 1 / (_SMALLEST + (_LARGEST - _SMALLEST) * between)
    aspect = torch.exp(_ASPECT * draw[:, 3])
    angle, slant = _ROTATION * draw[:, 0], _SLANT * draw[:, 1]
    cos, sin = angle.cos(), angle.sin()
    rows = [scale * aspect * cos, scale * aspect * (slant * cos - sin), _SHIFT * draw[:, 4]]
    rows += [scale / aspect * sin, scale / aspect * (slant * sin + cos), _SHIFT * draw[:, 5]]
    grid = F.affine_grid(torch.stack(rows, 1).view(-1, 2, 3), list(ink.shape), align_corners=False)
    for knots, amount in _ELASTIC:
        bend = _uniform(random, ink, 2, knots, knots) * amount
        field = F.interpolate(bend, size=ink.shape[-2:], mode="bicubic", align_corners=True)
        grid = grid + field.permute(0, 2, 3, 1)
    return grid
