"""Random distortion of source and target glyphs, so that a model follows the source glyph.

A model that has seen each source glyph in one form only may draw a character from memory. Here both glyphs of a pair
are distorted in the same way, so the drawing has to follow the strokes of the source glyph: by a smooth field
(``--displace``), or as people deform what they write (``--warp``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.deform import Field, Warp, cubic_weights
from handgen.deform.people import PersonKeys, deform
from handgen.models.base import Batch
from handgen.seeds import derive, keys, uniforms

_FIELDS = ((4, 0.09), (7, 0.04))
"""For each field: knots a side, and the greatest displacement at strength 1 in halves of the side. The distance of
neighboring knots is larger, so that fields do not fold."""
_COLUMNS = sum(2 * knots**2 for knots, _ in _FIELDS)
"""Random numbers for one image."""
_WARPED = 0.5
"""Share of the pairs that ``warp_as_people_do`` deforms."""
_EDGE = 6
"""Displacements fall to 0 at the edge of the canvas, as 1 - x^6, so that no ink leaves it."""


def displace(batch: Batch, strength: float, seed: int, images: NDArray[np.int64]) -> Batch:
    """Distort content and target of each row of a batch by the same field.

    Args:
        batch: the batch.
        strength: 0 (no change) to 1. At 64 pixels a side, 1 moves ink by 1.9 pixels on average and by 5 at most.
        seed: the seed of the run.
        images: int64 ``[B]``, the numbers of the images in the run; with the seed, they decide the fields.
    """
    if not strength:
        return batch
    draw = strength * (2 * uniforms(seed, "displace", images, _COLUMNS) - 1)
    warp = _warp(draw, batch.target)
    return _both(batch, lambda shown: _moved(shown, warp))


def warp_as_people_do(batch: Batch, strength: float, seed: int, images: NDArray[np.int64]) -> Batch:
    """Deform content and target of half of the rows, each as another person would draw both.

    The other rows stay as they are, so that a model keeps edges that no resampling has softened.

    Args:
        batch: the batch.
        strength: 0 (no change) to 1 (as people differ); see ``deform.people.deform``.
        seed: the seed of the run.
        images: int64 ``[B]``, the numbers of the images in the run; with the seed, they decide which rows, and how.
    """
    if not strength:
        return batch
    rows = np.flatnonzero(uniforms(seed, "warped", images, 1)[:, 0] < _WARPED)
    who = PersonKeys.strangers(keys(derive(seed, "warp"), images[rows]))

    def change(shown: Tensor) -> Tensor:
        made, which = shown.clone(), torch.from_numpy(rows).to(shown.device)
        paper = (shown[which] + 1) / 2
        made[which] = 2 * deform(paper, who, strength, mode="bicubic").clamp_(0, 1) - 1
        return made

    return _both(batch, change)


def _both(batch: Batch, change: Callable[[Tensor], Tensor]) -> Batch:
    """Return the batch with one change made to content and target together, as the channels of ``[B, 2, H, W]``."""
    if batch.content is batch.target:
        made = change(batch.target)
        return replace(batch, content=made, target=made)
    both = change(torch.cat([batch.content, batch.target], 1))
    content, target = (both[:, part].contiguous(memory_format=torch.channels_last) for part in ([0], [1]))
    return replace(batch, content=content, target=target)


def _warp(draw: NDArray[np.float64], images: Tensor) -> Warp:
    """Return the warps of square images; ``draw`` ``[B, _COLUMNS]`` in [-1, 1] are the displacements at the knots."""
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
