"""Losses as pure functions, named as the field names them. Each returns a scalar tensor."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of images (pix2pix, Isola et al. 2017, equation 3)."""
    return F.l1_loss(output, target)


def category(logits: Tensor, label: Tensor) -> Tensor:
    """Cross entropy of an auxiliary classifier, of styles or characters (AC-GAN, Odena et al. 2017, section 3).

    Args:
        logits: ``[B, classes]``.
        label: int64 ``[B]``.
    """
    return F.cross_entropy(logits, label)


def const(code: Tensor, code_of_fake: Tensor) -> Tensor:
    """Mean squared difference of the encodings of source and output (DTN, Taigman et al. 2017, equation 5)."""
    return F.mse_loss(code_of_fake, code)


def tv(image: Tensor) -> Tensor:
    """Total variation: mean absolute difference of pixels that are neighbors in a row or column (Rudin et al. 1992)."""
    return (image.diff(dim=-1).abs().mean() + image.diff(dim=-2).abs().mean()) / 2


def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence of N(mean, variance) from N(0, I), mean over the batch.

    Kingma & Welling 2014, appendix B.

    Args:
        mean: ``[B, dim]``.
        log_variance: ``[B, dim]``.
    """
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean() / 2


def latent(recovered: Tensor, drawn: Tensor) -> Tensor:
    """L1 distance of a latent and the one that the encoder finds in its drawing (BicycleGAN, equation 8)."""
    return F.l1_loss(recovered, drawn)


def binary(image: Tensor) -> Tensor:
    """Mean of 1 - x^2 over pixels x in [-1, 1]: 0 for pure ink and paper, 1 for middle gray."""
    return (1 - image.square()).mean()


def strokes(log_counted: Tensor, count: Tensor) -> Tensor:
    """Mean squared difference of the logarithms of stroke numbers; for small errors, the squared relative error.

    Args:
        log_counted: ``[B]``, logarithms of the estimated numbers.
        count: float ``[B]``, the true numbers; 0 = unknown, for a loss of 0.
    """
    return ((log_counted.float() - count.clamp(min=1).log()).square() * (count > 0)).mean()


def feature(of_output: Sequence[Tensor], of_target: Sequence[Tensor]) -> Tensor:
    """Mean L1 distance of features, at each level normalized over the channels (perceptual loss, Johnson et al. 2016).

    Args:
        of_output: features of the drawings, a tensor ``[B, channels, h, w]`` for each level.
        of_target: features of the true glyphs, of the same shapes.
    """
    levels = [
        F.l1_loss(F.normalize(output, dim=1), F.normalize(target, dim=1)) * output.shape[1] ** 0.5
        for output, target in zip(of_output, of_target, strict=True)
    ]
    return torch.stack(levels).mean()
