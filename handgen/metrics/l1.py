"""Mean absolute difference."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Metric


class L1(Metric):
    """Mean absolute difference of grey values, 0 to 1."""

    def per_image(self, output: Tensor, truth: Tensor) -> Tensor:
        """Return ``[B]``."""
        return (output - truth).abs().mean(dim=(1, 2, 3))
