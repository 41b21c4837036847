"""Structural similarity."""

from __future__ import annotations

import torch
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
    # In half precision, the difference of two nearly equal means below would be rounding errors.
    output, truth = output.float(), truth.float()
    rows, columns = (_window(side, output) for side in output.shape[-2:])

    def mean(image: Tensor) -> Tensor:
        # As products of matrices, this takes a fraction of the time of convolutions of one channel, forth and back.
        blurred: Tensor = rows @ image @ columns.T
        return blurred

    with torch.autocast(output.device.type, enabled=False):
        mean_o, square_o, product = mean(torch.cat([output, output.square(), output * truth])).chunk(3)
        mean_t, square_t = mean(torch.cat([truth, truth.square()])).chunk(2)
    covariance = product - mean_o * mean_t
    variances = square_o - mean_o.square() + square_t - mean_t.square()
    luminance = (2 * mean_o * mean_t + _C1) / (mean_o.square() + mean_t.square() + _C1)
    return (luminance * (2 * covariance + _C2) / (variances + _C2)).mean(dim=(1, 2, 3))


def _window(side: int, like: Tensor) -> Tensor:
    """Return the matrix ``[side - SIDE + 1, side]`` that takes the weighted means of ``side`` pixels in a row."""
    first = torch.arange(side - SIDE + 1, device=like.device)[:, None]
    offsets = torch.arange(side, device=like.device) - first - SIDE // 2
    weights = torch.exp(-offsets.square() / (2 * _SIGMA**2)) * (offsets.abs() <= SIDE // 2)
    return weights / weights.sum(dim=1, keepdim=True)


class SSIM(Metric):
    """Structural similarity, at most 1."""

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``; images must be at least 11 pixels high and wide."""
        return structural_similarity(output.gray, truth.gray)
