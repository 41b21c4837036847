"""Mean absolute difference."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Images, Metric


class L1(Metric):
    """Mean absolute difference of gray values, 0 to 1."""

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``."""
        return (output.gray - truth.gray).abs().mean(dim=(1, 2, 3))
