"""The contract of a metric: update with batches, read the result, reset."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor


class Metric(ABC):
    """A mean over images of a number that compares an output with its truth."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._sum, self._count = 0.0, 0

    def update(self, output: Tensor, truth: Tensor) -> None:
        """Take in a batch of images ``[B, 1, h, w]`` in [-1, 1] and their true ones."""
        with torch.no_grad():
            values = self.per_image((output.float() + 1) / 2, (truth.float() + 1) / 2)
        self._sum += float(values.double().sum())
        self._count += len(values)

    def result(self) -> float:
        """Return the mean over all images since the last reset; NaN if there was none."""
        return self._sum / self._count if self._count else float("nan")

    @abstractmethod
    def per_image(self, output: Tensor, truth: Tensor) -> Tensor:
        """Compare images ``[B, 1, h, w]`` in [0, 1] one by one; return ``[B]``."""
