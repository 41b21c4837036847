"""Losses as pure functions, named as the field names them. Each returns a scalar tensor."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def gan_d(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Discriminator's halves on real and on fake logits (Goodfellow et al. 2014, equation 1)."""
    return (
        F.binary_cross_entropy_with_logits(real, torch.ones_like(real)),
        F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake)),
    )


def gan_g(fake: Tensor) -> Tensor:
    """Generator's non-saturating loss on the logits of its fakes (Goodfellow et al. 2014, section 3)."""
    return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


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
    """Total variation: mean absolute difference of neighbouring pixels, both ways (Rudin et al. 1992)."""
    return (image.diff(dim=-1).abs().mean() + image.diff(dim=-2).abs().mean()) / 2
