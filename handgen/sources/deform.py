"""How a drawn glyph is put on its canvas: its style's own size and offset, and never twice alike.

A model draws in the source font's frame, onto which ``render`` moved every style. Here that is
undone, and a small deformation of the sample's own is added, in one resampling.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from handgen.fonts.align import Alignment
from handgen.seeds import uniforms_of

_ROTATION = math.radians(3)
_SLANT, _STRETCH, _SHIFT, _ELASTIC = 0.06, 0.04, 0.04, 0.03
"""Greatest amounts at strength 1; lengths in halves of the canvas side."""
_KNOTS = 4
_COLUMNS = 6 + 2 * _KNOTS**2
_EDGE = 0.04
"""Ink is kept so far from the edge of the canvas."""
_INK = 0.9


def deform(images: Tensor, alignments: Sequence[Alignment], key: NDArray[np.uint64], strength: float) -> Tensor:
    """Move drawn glyphs to their style's own frame, each deformed a little in its own way.

    Args:
        images: float32 ``[B, 1, size, size]`` in [-1, 1], in the source's frame.
        alignments: ``[B]``, each sample's style's.
        key: uint64 ``[B]``, decides the deformation of each.
        strength: 0 (none) to 1: rotation up to 3 degrees, slant 0.06, stretch 4 %, shift 2 % of
            the side, elastic displacement 1.5 % of the side.

    Returns:
        Images like the given ones. A glyph that would leave the canvas is moved or made smaller.
    """
    plain = all(a == Alignment() for a in alignments)
    if plain and not strength:
        return images
    draw = torch.from_numpy(uniforms_of(key, _COLUMNS)).float().mul_(2).sub_(1).mul_(strength)
    scale = torch.tensor([[a.sx, a.sy] for a in alignments]) * (1 + _STRETCH * draw[:, 2:4])
    offset = torch.tensor([[a.dx, a.dy] for a in alignments]) * 2 + _SHIFT * draw[:, 4:6]
    rotation, slant = _ROTATION * draw[:, 0], _SLANT * draw[:, 1]
    cos, sin = rotation.cos(), rotation.sin()
    # What turning, slanting and the elastic field can push a point of the canvas's edge outwards.
    room = 1 - _EDGE - sin.abs() - slant.abs() - _ELASTIC * strength
    scale, offset = _kept_inside(images, scale, offset, room)
    turn = torch.stack([torch.stack([cos, -sin + slant], 1), torch.stack([sin, cos], 1)], 1)
    # grid_sample asks where each output pixel comes from: aligned = scale * natural + offset.
    matrix = torch.cat([turn * scale[:, :, None], offset[:, :, None]], dim=2)
    grid = _grid(matrix, draw[:, 6:].reshape(-1, 2, _KNOTS, _KNOTS) * _ELASTIC, *images.shape[-2:])
    # Ink is 1 and paper 0 while sampling, so that what lies outside the canvas is paper.
    return 1 - F.grid_sample(1 - images.cpu(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _grid(matrix: Tensor, knots: Tensor, height: int, width: int) -> Tensor:
    """Return where pixels come from, ``[B, height, width, 2]``: ``matrix @ (x, y, 1)`` and a smooth field.

    Args:
        matrix: ``[B, 2, 3]``.
        knots: ``[B, 2, _KNOTS, _KNOTS]``, of the field.
        height: of the images.
        width: likewise.
    """
    x, down, across = _centers(width), _cubic(height), _cubic(width)
    level = matrix[:, :, :1] * x + matrix[:, :, 2:]
    tilt = matrix[:, :, 1:2].expand(-1, -1, width)
    # One product of matrices sums it all: much less work than a grid for each part.
    rows = torch.cat([torch.matmul(knots, across.T), torch.stack([level, tilt], 2)], 2)
    columns = torch.cat([down, torch.ones(height, 1), _centers(height)[:, None]], 1)
    return torch.matmul(columns, rows).permute(0, 2, 3, 1)


def _centers(length: int) -> Tensor:
    """Return the positions of the pixels' centers, from -1 to 1."""
    return (2 * torch.arange(length) + 1) / length - 1


@functools.lru_cache(maxsize=16)
def _cubic(length: int) -> Tensor:
    """Return what each knot weighs at each pixel, ``[length, _KNOTS]``: bicubic interpolation is a product with it."""
    knots = torch.eye(_KNOTS)[None, None]
    return F.interpolate(knots, size=(_KNOTS, length), mode="bicubic", align_corners=True)[0, 0].T.contiguous()


def _kept_inside(images: Tensor, scale: Tensor, offset: Tensor, room: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``scale`` and ``offset`` changed so that the ink's box stays within ``room`` (``[B]``) of the center."""
    glyphs = images[:, 0].cpu()
    kept_scale, kept_offset = [], []
    for axis, across in ((0, 1), (1, 2)):
        low, high = _extent(glyphs.amin(dim=across) < _INK)
        s = torch.maximum(scale[:, axis], (high - low) / (2 * room))
        # natural = (aligned - offset) / scale must lie within +-room.
        kept_offset.append(torch.minimum(torch.maximum(offset[:, axis], high - room * s), low + room * s))
        kept_scale.append(s)
    return torch.stack(kept_scale, 1), torch.stack(kept_offset, 1)


def _extent(marked: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first and last marked positions of each row of ``[B, n]`` in [-1, 1]; 0, 0 if none is."""
    n = marked.shape[1]
    position = torch.arange(n, dtype=torch.float32)
    first = torch.where(marked, position, float(n)).amin(dim=1)
    last = torch.where(marked, position + 1, 0.0).amax(dim=1)
    some = marked.any(dim=1)
    low, high = 2 * first / n - 1, 2 * last / n - 1
    return torch.where(some, low, 0.0), torch.where(some, high, 0.0)
