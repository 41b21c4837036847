"""What a glyph may look like and still be the same character: the variation a recognizer learns to see through.

It is made of few and cheap passes, for on a processor it takes time from learning: where each pixel comes
from is one product of matrices, and what a pen changes are shifted copies.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

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

    Some are changed much and some hardly, for what is to be read later is of both kinds.

    Args:
        images: float32 ``[B, 1, size, size]`` in [-1, 1], -1 = ink.
        random: decides what happens to each; on the CPU.
    """
    ink = (1 - images) / 2
    amount = torch.rand(len(ink), generator=random).to(ink.device)
    ink = _with_another_pen(ink, _uniform(random, amount, 1)[:, 0])
    grid = _grid(amount, ink.shape[-1], random)
    ink = F.grid_sample(ink, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
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


def _grid(amount: Tensor, size: int, random: torch.Generator) -> Tensor:
    """Return from where each pixel comes, ``[B, size, size, 2]``, as ``grid_sample`` takes it.

    Both coordinates are ``basis @ weights @ basis.T``: the basis holds 1 and the place itself, of which an
    affine map is made, and what interpolates between the knots of the elastic bends.
    """
    basis = _basis(size).to(amount.device)
    weights = torch.zeros(len(amount), 2, basis.shape[1], basis.shape[1], device=amount.device)
    draw = _uniform(random, amount, 6)
    scale = 1 / (_SMALLEST + (_LARGEST - _SMALLEST) * (draw[:, 2] + 1) / 2)
    aspect = torch.exp(_ASPECT * draw[:, 3])
    angle, slant = _ROTATION * draw[:, 0], _SLANT * draw[:, 1]
    cos, sin = angle.cos(), angle.sin()
    weights[:, 0, 0, 0], weights[:, 1, 0, 0] = _SHIFT * draw[:, 4], _SHIFT * draw[:, 5]
    weights[:, 0, 0, 1], weights[:, 0, 1, 0] = scale * aspect * cos, scale * aspect * (slant * cos - sin)
    weights[:, 1, 0, 1], weights[:, 1, 1, 0] = scale / aspect * sin, scale / aspect * (slant * sin + cos)
    first = 2
    for knots, most in _ELASTIC:
        here = slice(first, first + knots)
        weights[:, :, here, here] = _uniform(random, amount, 2, knots, knots) * most
        first += knots
    return (basis @ weights @ basis.T).permute(0, 2, 3, 1)


@functools.lru_cache(maxsize=4)
def _basis(size: int) -> Tensor:
    """Return ``[size, 2 + knots]``: 1, the place from -1 to 1, and the cubic weight of each knot at each place."""
    place = (torch.arange(size) + 0.5) * 2 / size - 1
    columns = [torch.ones(size, 1), place[:, None]]
    for knots, _ in _ELASTIC:
        each = torch.eye(knots)[:, None, :, None].expand(-1, -1, -1, 2)
        columns.append(F.interpolate(each, size=(size, 2), mode="bicubic", align_corners=True)[:, 0, :, 0].T)
    return torch.cat(columns, 1)
