"""Losses against lost, broken and moved strokes. Each compares drawings with true glyphs and returns a scalar."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from handgen.metrics.ssim import SIDE, structural_similarity

_THINNINGS = 4
"""Strokes of a 64-pixel glyph are up to 8 pixels wide; each thinning takes a pixel off both sides."""
_TINY = 1e-6


def ink(image: Tensor) -> Tensor:
    """Return the ink of each pixel of an image in [-1, 1]: float32, 0 = paper, 1 = ink."""
    return (1 - image.float()) / 2


def soft_skeleton(mask: Tensor, thinnings: int = _THINNINGS) -> Tensor:
    """Return the centerlines of ``mask``, ``[B, 1, h, w]`` in [0, 1] softly (Shit et al. 2021, algorithm 1)."""
    skeleton = F.relu(mask - _opened(mask))
    for _ in range(thinnings):
        mask = _eroded(mask)
        ridge = F.relu(mask - _opened(mask))
        skeleton = skeleton + F.relu(ridge - skeleton * ridge)
    return skeleton


def _eroded(mask: Tensor) -> Tensor:
    """Minimum over a cross of five pixels, as in the authors' code; beyond the edge there is paper."""
    padded = F.pad(-mask, (1, 1, 1, 1))
    return -torch.maximum(
        F.max_pool2d(padded[..., 1:-1], (3, 1), stride=1), F.max_pool2d(padded[..., 1:-1, :], (1, 3), stride=1)
    )


def _opened(mask: Tensor) -> Tensor:
    return F.max_pool2d(_eroded(mask), 3, stride=1, padding=1)


def cldice(output: Tensor, target: Tensor) -> Tensor:
    """1 - soft clDice (Shit et al. 2021, equations 1 and 2): what share of either's centerlines the other covers.

    A cut through a stroke costs centerline, a stroke a little thinner does not. Gray edges keep it a
    little above 0 for equal glyphs.

    Args:
        output: ``[B, 1, h, w]`` in [-1, 1].
        target: likewise.
    """
    drawn, true = ink(output), ink(target)
    precision = _covered(soft_skeleton(drawn), true)
    sensitivity = _covered(soft_skeleton(true), drawn)
    return 1 - (2 * precision * sensitivity / (precision + sensitivity + _TINY)).mean()


def ssim(output: Tensor, target: Tensor) -> Tensor:
    """1 - structural similarity (Zhao et al. 2017, "Loss functions for image restoration", equation 6).

    L1 rewards a gray average of two possible strokes; this asks for contrast and structure. Images are
    padded with paper, so that each of their pixels is the middle of a window: pixels outside all windows
    would fill with specks.

    Args:
        output: ``[B, 1, h, w]`` in [-1, 1].
        target: likewise.
    """
    around = [SIDE // 2] * 4
    return 1 - structural_similarity(F.pad(ink(output), around), F.pad(ink(target), around)).mean()


def _covered(skeleton: Tensor, mask: Tensor) -> Tensor:
    return (skeleton * mask).sum(dim=(1, 2, 3)) / (skeleton.sum(dim=(1, 2, 3)) + _TINY)


def projection(output: Tensor, target: Tensor) -> Tensor:
    """Distance of the ink's shadows: CF-Font's projected character loss (Wang et al. 2023), in four directions.

    Ink is summed along rows, columns and both diagonals, each sum made a distribution, and the mean
    difference of the cumulative distributions taken: in one dimension that is the Wasserstein
    distance, here as a share of the shadow's length. Unlike L1 it knows how far a stroke has moved.

    Args:
        output: ``[B, 1, h, w]`` in [-1, 1].
        target: likewise.
    """
    drawn, true = (_shadows(ink(image)[:, 0]) for image in (output, target))
    return torch.stack([(_cumulated(a) - _cumulated(b)).abs().mean() for a, b in zip(drawn, true, strict=True)]).mean()


def _shadows(mask: Tensor) -> list[Tensor]:
    """Return the sums of ``[B, h, w]`` down the columns, along the rows, and along both diagonals."""
    return [mask.sum(1), mask.sum(2), _sheared(mask).sum(1), _sheared(mask.flip(2)).sum(1)]


def _sheared(mask: Tensor) -> Tensor:
    """Shift row r of ``[B, h, w]`` right by r: ``[B, h, w + h - 1]``."""
    count, height, width = mask.shape
    flat = F.pad(mask, (0, height)).flatten(1)
    return flat[:, : height * (width + height - 1)].view(count, height, width + height - 1)


def _cumulated(shadow: Tensor) -> Tensor:
    return (shadow / (shadow.sum(dim=1, keepdim=True) + _TINY)).cumsum(dim=1)
