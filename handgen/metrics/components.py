"""Connected pieces of ink, in batches and on any device."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def count_components(ink: Tensor, least: int = 1) -> Tensor:
    """Count the 8-connected pieces of ink.

    First, runs of ink within a row are found. Then runs that touch in neighboring rows are joined, all in
    parallel, until nothing changes (Shiloach and Vishkin 1982).

    Args:
        ink: bool ``[B, h, w]``.
        least: pieces of fewer pixels do not count.

    Returns:
        int64 ``[B]``.
    """
    ink = F.pad(ink, (1, 1, 1, 0))  # so that no run continues in the next row or image
    starts = ink & ~ink.roll(1, -1)
    run = (starts.flatten().cumsum(0) - 1).view(ink.shape)
    upper, lower = [], []
    for right in (-1, 0, 1):
        both = ink & ink.roll((1, right), (-2, -1))
        first = both & ~both.roll(1, -1)  # the first pixel where two runs touch is enough
        upper.append(run.roll((1, right), (-2, -1))[first])
        lower.append(run[first])
    piece = _joined(int(starts.sum()), torch.cat(upper), torch.cat(lower))
    pixels = torch.bincount(piece[run[ink]], minlength=len(piece))
    image = starts.nonzero()[:, 0]
    return torch.bincount(image[pixels >= max(1, least)], minlength=len(ink))


def _joined(count: int, one: Tensor, other: Tensor) -> Tensor:
    """Return for each of ``count`` nodes the largest node of its connected component.

    Args:
        count: how many nodes there are, numbered from 0.
        one: int64 ``[edges]``, a node of each edge.
        other: int64 ``[edges]``, its other node.
    """
    root = torch.arange(count, device=one.device)
    while True:
        a, b = root[one], root[other]
        apart = a != b
        if not apart.any():
            return root
        one, other, a, b = one[apart], other[apart], a[apart], b[apart]
        root = root.scatter_reduce(0, torch.minimum(a, b), torch.maximum(a, b), "amax")
        while not torch.equal(higher := root[root], root):
            root = higher
