"""How much the drawings of one character differ: what is near 0 when a generator has collapsed.

This is no ``Metric`` of the registry, which compare an output with its truth: here outputs are
compared with one another.
"""

from __future__ import annotations

import torch
from torch import Tensor


def mean_pairwise_l1(images: Tensor) -> float:
    """Return the mean absolute difference of gray values, 0 to 1, over all pairs of ``images``.

    Sorted along the images, every gap between two neighboring values of a pixel lies between
    k (S - k) pairs, k the number of values below it; so S images cost a sort, and no S x S table.

    Args:
        images: ``[S, ...]`` in [-1, 1], S at least 2.

    Raises:
        ValueError: there is no pair.
    """
    count = len(images)
    if count < 2:
        raise ValueError(f"{count} images make no pair")
    gaps = images.float().flatten(1).sort(dim=0).values.diff(dim=0).mean(dim=1).cpu().double() / 2
    below = torch.arange(1, count, dtype=torch.float64)
    return float(gaps @ (below * (count - below))) / (count * (count - 1) / 2)


class Diversity:
    """The mean over characters of how much the drawings of each differ, 0 to 1."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._sum, self._count = 0.0, 0

    def update(self, images: Tensor) -> None:
        """Take in all drawings of one character, ``[S, 1, h, w]`` in [-1, 1]; S at least 2."""
        self._sum += mean_pairwise_l1(images)
        self._count += 1

    def result(self) -> float:
        """Return the mean over the characters since the last reset; NaN if there was none."""
        return self._sum / self._count if self._count else float("nan")
