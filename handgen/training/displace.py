"""Strokes moved at random, in content and target alike: what keeps a model faithful to content that is never the same.

A model that has only seen its source font's own glyphs may draw what it remembers of a character. Here both glyphs of
a pair are bent by one smooth field, so that what it draws has to follow what it is given.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.deform import Field, Warp, cubic_weights
from handgen.models.base import Batch
from handgen.seeds import uniforms

_FIELDS = ((4, 0.09), (7, 0.04))
"""Knots a side, and the greatest displacement at strength 1 in halves of the side. Neighboring knots are so far apart
that no field folds."""
_COLUMNS = sum(2 * knots**2 for knots, _ in _FIELDS)
_EDGE = 6
"""Displacements fall to nothing at the edge of the canvas, as 1 - x^6: no ink leaves it."""


def displace(batch: Batch, strength: float, seed: int, images: NDArray[np.int64]) -> Batch:
    """Bend content and target of each pair in the same way.

    Args:
        batch: pairs of glyphs, or of whatever else a model is shown.
        strength: 0 (they stay as they are) to 1: 1.9 pixels of 64 in the mean where ink is, 5 at most.
        seed: of the run.
        images: int64 ``[B]``, their numbers in the run; with the seed they decide the field.
    """
    if not strength:
        return batch
    draw = strength * (2 * uniforms(seed, "displace", images, _COLUMNS) - 1)
    warp = _warp(draw, batch.target)
    if batch.content is batch.target:
        moved = _moved(batch.target, warp)
        return replace(batch, content=moved, target=moved)
    both = _moved(torch.cat([batch.content, batch.target], 1), warp)
    content, target = (both[:, part].contiguous(memory_format=torch.channels_last) for part in ([0], [1]))
    return replace(batch, content=content, target=target)


def _warp(draw: NDArray[np.float64], images: Tensor) -> Warp:
    """Return the warp of square images that numbers in [-1, 1], ``[B, _COLUMNS]``, stand for."""
    warp, used = Warp.none(images), 0
    for knots, most in _FIELDS:
        weights = cubic_weights(images.shape[-1], knots, _EDGE)
        for axis in (0, 1):
            field = Field(draw[:, used : used + knots**2].reshape(-1, knots, knots), weights, weights)
            warp = warp.bent(axis, field, np.full(len(draw), most / 2))
            used += knots**2
    return warp


def _moved(images: Tensor, warp: Warp) -> Tensor:
    """Resample images in [-1, 1], -1 = ink; cubic, because linear interpolation would blur thin strokes."""
    return warp.resample(images, inside=False, mode="bicubic").clamp_(-1, 1)
