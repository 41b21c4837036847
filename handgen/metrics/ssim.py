"""Structural similarity."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from handgen.metrics.base import Images, Metric

SIDE = 11
"""Side of the window in pixels."""
_SIGMA = 1.5
_C1, _C2 = 0.01**2, 0.03**2


def structural_similarity(output: Tensor, truth: Tensor) -> Tensor:
    """Return the structural similarity of images, ``[B]``, at most 1 (Wang et al. 2004, equation 13).

    As in the paper: a Gaussian window of 11 x 11 pixels with sigma 1.5, K1 = 0.01, K2 = 0.03, and the mean over
    all positions where the window lies inside the image. Computed in single precision.

    Args:
        output: ``[B, 1, h, w]`` in [0, 1], at least 11 pixels high and wide.
        truth: of the same shape and range.
    """
    offsets = torch.arange(SIDE, device=output.device) - SIDE // 2
    line = torch.exp(-offsets.square() / (2 * _SIGMA**2))
    line = line / line.sum()
    # In half precision, the difference of two nearly equal means below would be rounding errors.
    output, truth = output.float(), truth.float()
    with torch.autocast(output.device.type, enabled=False):
        # One pass of the window over all five means.
        both = torch.cat([output, truth, output.square(), truth.square(), output * truth])
        means = F.conv2d(F.conv2d(both, line.view(1, 1, -1, 1)), line.view(1, 1, 1, -1))
    mean_o, mean_t, square_o, square_t, product = means.chunk(5)
    covariance = product - mean_o * mean_t
    variances = square_o - mean_o.square() + square_t - mean_t.square()
    luminance = (2 * mean_o * mean_t + _C1) / (mean_o.square() + mean_t.square() + _C1)
    return (luminance * (2 * covariance + _C2) / (variances + _C2)).mean(dim=(1, 2, 3))


class SSIM(Metric):
    """Structural similarity, at most 1."""

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``; images must be at least 11 pixels high and wide."""
        return structural_similarity(output.gray, truth.gray)
