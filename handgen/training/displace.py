"""Strokes moved at random, in content and target alike: what keeps a model faithful to content that is never the same.

A model that has only seen its source font's own glyphs may draw what it remembers of a character. Here both glyphs of
a pair are bent by one smooth field, so that what it draws has to follow what it is given.
"""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from handgen.models.base import Batch
from handgen.seeds import uniforms

_FIELDS = ((4, 0.09), (7, 0.04))
"""Knots a side, and the greatest displacement at strength 1 in halves of the side. Neighboring knots are so far apart
that no field folds."""
_COLUMNS = sum(2 * knots**2 for knots, _ in _FIELDS)
_EDGE = 6
"""Displacements fall to nothing at the edge of the canvas, as 1 - x^6: no ink leaves it."""


def displaced(batch: Batch, strength: float, seed: int, places: NDArray[np.int64]) -> Batch:
    """Bend content and target of each pair in the same way.

    Args:
        batch: pairs of glyphs, or of whatever else a model is shown.
        strength: 0 (they stay as they are) to 1: 1.9 pixels of 64 in the mean where ink is, 5 at most.
        seed: of the run.
        places: int64 ``[B]``, of the images in the run; with the seed they decide the field.
    """
    if not strength:
        return batch
    draw = torch.from_numpy(uniforms(seed, "displace", places, _COLUMNS)).float().mul_(2).sub_(1).mul_(strength)
    grid = _grid(draw.to(batch.target.device), batch.target.shape[-1])
    if batch.content is batch.target:
        moved = _moved(batch.target, grid)
        return replace(batch, content=moved, target=moved)
    both = _moved(torch.cat([batch.content, batch.target], 1), grid)
    content, target = (both[:, part].contiguous(memory_format=torch.channels_last) for part in ([0], [1]))
    return replace(batch, content=content, target=target)


def _grid(draw: Tensor, size: int) -> Tensor:
    """Return where each pixel comes from, as ``grid_sample`` has it: ``[B, size, size, 2]``; ``draw`` is in [-1, 1]."""
    centers = _centers(size).to(draw.device)
    grid = torch.stack(torch.meshgrid(centers, centers, indexing="xy")).expand(len(draw), -1, -1, -1)
    used = 0
    for knots, most in _FIELDS:
        weights = _weights(knots, size).to(draw.device)
        bend = most * draw[:, used : used + 2 * knots**2].reshape(-1, 2, knots, knots)
        used += 2 * knots**2
        grid = grid + torch.matmul(weights, torch.matmul(bend, weights.T))
    return grid.permute(0, 2, 3, 1)


def _centers(size: int) -> Tensor:
    """Return the places of the pixels' centers, from -1 to 1."""
    return (2 * torch.arange(size) + 1) / size - 1


@functools.lru_cache(maxsize=16)
def _weights(knots: int, size: int) -> Tensor:
    """Return what each knot weighs at each pixel, ``[size, knots]``: bicubic interpolation, falling off at the edge."""
    cubic = F.interpolate(torch.eye(knots)[None, None], size=(knots, size), mode="bicubic", align_corners=True)[0, 0]
    return (cubic.T * (1 - _centers(size) ** _EDGE)[:, None]).contiguous()


def _moved(images: Tensor, grid: Tensor) -> Tensor:
    """Resample images in [-1, 1], -1 = ink; cubic, because linear interpolation would blur thin strokes."""
    ink = F.grid_sample(1 - images, grid, mode="bicubic", padding_mode="zeros", align_corners=False)
    return (1 - ink).clamp_(-1, 1)
