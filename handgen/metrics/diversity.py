"""Diversity: how much the drawings of one character differ. It is near 0 if a generator has collapsed.

It is not in the registry of metrics: those compare a drawing with the true glyph, and diversity compares drawings
with one another.
"""

from __future__ import annotations

import torch
from torch import Tensor


def mean_pairwise_l1(images: Tensor) -> float:
    """Return the mean absolute difference of gray values, 0 to 1, over all pairs of ``images``.

    The S values of each pixel are sorted. A gap between neighboring values with k values below it is part of the
    difference of k (S - k) pairs. So the cost is that of sorting, and no S x S table is needed.

    Args:
        images: ``[S, ...]`` in [-1, 1], S at least 2.

    Raises:
        ValueError: there are fewer than two images.
    """
    count = len(images)
    if count < 2:
        raise ValueError(f"{count} images make no pair")
    gaps = images.float().flatten(1).sort(dim=0).values.diff(dim=0).mean(dim=1).cpu().double() / 2
    below = torch.arange(1, count, dtype=torch.float64)
    return float(gaps @ (below * (count - below))) / (count * (count - 1) / 2)


class Diversity:
    """The mean over characters of ``mean_pairwise_l1`` of the drawings of each."""

    def __init__(self) -> None:
        self._sum, self._count = 0.0, 0

    def update(self, images: Tensor) -> None:
        """Add all drawings of one character, ``[S, 1, h, w]`` in [-1, 1]; S at least 2."""
        self._sum += mean_pairwise_l1(images)
        self._count += 1

    def result(self) -> float:
        """Return the mean over the characters; NaN if there is none."""
        return self._sum / self._count if self._count else float("nan")
