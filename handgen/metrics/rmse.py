"""Root mean squared difference."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Images, Metric


class RMSE(Metric):
    """Root of the mean squared difference of gray values within an image, 0 to 1, averaged over images."""

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``."""
        return (output.gray - truth.gray).square().mean(dim=(1, 2, 3)).sqrt()
