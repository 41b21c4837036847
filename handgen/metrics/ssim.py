"""Structural similarity."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from handgen.metrics.base import Metric

_SIDE, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


class SSIM(Metric):
    """Structural similarity, Wang et al. 2004, equation 13, at most 1.

    The authors' choices: a Gaussian window of 11 x 11 pixels with sigma 1.5, K1 = 0.01,
    K2 = 0.03, data range 1, the mean over all positions where the window lies inside the image.
    """

    def per_image(self, output: Tensor, truth: Tensor) -> Tensor:
        """Return ``[B]``; images must be at least 11 pixels high and wide."""
        offsets = torch.arange(_SIDE, device=output.device) - _SIDE // 2
        line = torch.exp(-offsets.square() / (2 * _SIGMA**2))
        line = line / line.sum()

        def local_mean(x: Tensor) -> Tensor:
            return F.conv2d(F.conv2d(x, line.view(1, 1, -1, 1)), line.view(1, 1, 1, -1))

        mean_o, mean_t = local_mean(output), local_mean(truth)
        var_o = local_mean(output.square()) - mean_o.square()
        var_t = local_mean(truth.square()) - mean_t.square()
        cov = local_mean(output * truth) - mean_o * mean_t
        luminance = (2 * mean_o * mean_t + _C1) / (mean_o.square() + mean_t.square() + _C1)
        structure = (2 * cov + _C2) / (var_o + var_t + _C2)
        return (luminance * structure).mean(dim=(1, 2, 3))
