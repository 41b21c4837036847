"""Connected pieces of ink, in batches and on any device."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def count_components(ink: Tensor, least: int = 1) -> Tensor:
    """Count the 8-connected pieces of ink.

    Runs of ink within a row are found first. Those that touch in neighboring rows are then joined,
    all at once and again until nothing changes: the trees of Shiloach and Vishkin 1982.

    Args:
        ink: bool ``[B, h, w]``.
        least: pieces of fewer pixels do not count.

    Returns:
        int64 ``[B]``.
    """
    ink = F.pad(ink, (1, 1, 1, 0))  # so that no run goes on in the next row, or the next image
    starts = ink & ~ink.roll(1, -1)
    run = (starts.flatten().cumsum(0) - 1).view(ink.shape)
    upper, lower = [], []
    for right in (-1, 0, 1):
        both = ink & ink.roll((1, right), (-2, -1))
        first = both & ~both.roll(1, -1)  # where two runs begin to touch; further pixels tell nothing new
        upper.append(run.roll((1, right), (-2, -1))[first])
        lower.append(run[first])
    piece = _joined(int(starts.sum()), torch.cat(upper), torch.cat(lower))
    pixels = torch.bincount(piece[run[ink]], minlength=len(piece))
    image = starts.nonzero()[:, 0]
    return torch.bincount(image[pixels >= max(1, least)], minlength=len(ink))


def _joined(count: int, one: Tensor, other: Tensor) -> Tensor:
    """Return for each of ``count`` nodes the largest of those that the edges join it to, itself included."""
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
