"""Structural similarity."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from handgen.metrics.base import Images, Metric

_SIDE, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


class SSIM(Metric):
    """Structural similarity, Wang et al. 2004, equation 13, at most 1.

    The authors' choices: a Gaussian window of 11 x 11 pixels with sigma 1.5, K1 = 0.01,
    K2 = 0.03, data range 1, the mean over all positions where the window lies inside the image.
    """

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``; images must be at least 11 pixels high and wide."""
        drawn, true = output.grey, truth.grey
        offsets = torch.arange(_SIDE, device=drawn.device) - _SIDE // 2
        line = torch.exp(-offsets.square() / (2 * _SIGMA**2))
        line = line / line.sum()

        def local_mean(x: Tensor) -> Tensor:
            return F.conv2d(F.conv2d(x, line.view(1, 1, -1, 1)), line.view(1, 1, 1, -1))

        mean_d, mean_t = local_mean(drawn), local_mean(true)
        var_d = local_mean(drawn.square()) - mean_d.square()
        var_t = local_mean(true.square()) - mean_t.square()
        cov = local_mean(drawn * true) - mean_d * mean_t
        luminance = (2 * mean_d * mean_t + _C1) / (mean_d.square() + mean_t.square() + _C1)
        structure = (2 * cov + _C2) / (var_d + var_t + _C2)
        return (luminance * structure).mean(dim=(1, 2, 3))
