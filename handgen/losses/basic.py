"""Losses as pure functions, named as the field names them. Each returns a scalar tensor."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of images (pix2pix, Isola et al. 2017, equation 3)."""
    return F.l1_loss(output, target)


def category(logits: Tensor, style: Tensor) -> Tensor:
    """Cross-entropy of the style class; the auxiliary classifier of AC-GAN (Odena et al. 2017, section 3).

    Args:
        logits: ``[B, styles]``.
        style: int64 ``[B]``.
    """
    return F.cross_entropy(logits, style)


def const(code: Tensor, code_of_fake: Tensor) -> Tensor:
    """Mean squared distance of encodings of source and output (f-constancy of DTN, Taigman et al. 2017, equation 5)."""
    return F.mse_loss(code_of_fake, code)


def tv(image: Tensor) -> Tensor:
    """Total variation: mean absolute difference of neighboring pixels, both ways (Rudin et al. 1992)."""
    return (image.diff(dim=-1).abs().mean() + image.diff(dim=-2).abs().mean()) / 2


def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Divergence of N(mean, variance) from N(0, I), a mean over the batch (Kingma & Welling 2014, appendix B).

    Args:
        mean: ``[B, dim]``.
        log_variance: ``[B, dim]``.
    """
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean() / 2


def latent(recovered: Tensor, drawn: Tensor) -> Tensor:
    """L1 distance of a latent and what the encoder finds in the image drawn from it (BicycleGAN, equation 8)."""
    return F.l1_loss(recovered, drawn)


def binary(image: Tensor) -> Tensor:
    """Distance of pixels in [-1, 1] from both ink and paper: 0 at either, 1 half-way."""
    return (1 - image.square()).mean()


def strokes(log_counted: Tensor, count: Tensor) -> Tensor:
    """Mean squared difference of the logarithms of numbers of strokes: about their relative error, squared.

    Args:
        log_counted: ``[B]``.
        count: float ``[B]``, true numbers; 0 = unknown, which counts as no difference.
    """
    return ((log_counted.float() - count.clamp(min=1).log()).square() * (count > 0)).mean()


def feature(of_output: Sequence[Tensor], of_target: Sequence[Tensor]) -> Tensor:
    """Mean L1 distance of feature maps, each level normalized by channel (perceptual loss, Johnson et al. 2016)."""
    levels = [
        F.l1_loss(F.normalize(output, dim=1), F.normalize(target, dim=1)) * output.shape[1] ** 0.5
        for output, target in zip(of_output, of_target, strict=True)
    ]
    return torch.stack(levels).mean()
