"""Losses against lost, broken and moved strokes. Each compares drawings with true glyphs and returns a scalar.

They compute in single precision, also in mixed precision.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from handgen.metrics.ssim import SIDE, structural_similarity

_THINNINGS = 4
"""Steps of thinning. Each takes a pixel off both sides, and strokes of a 64-pixel glyph are up to 8 pixels wide."""
_TINY = 1e-6


def ink(image: Tensor) -> Tensor:
    """Return the ink of each pixel of an image in [-1, 1]: float32, 0 = paper, 1 = ink."""
    return (1 - image.float()) / 2


def soft_skeleton(mask: Tensor, thinnings: int = _THINNINGS) -> Tensor:
    """Return the soft skeleton of ``mask``; both are ``[B, 1, h, w]`` in [0, 1] (Shit et al. 2021, algorithm 1)."""
    skeleton = F.relu(mask - _opened(mask))
    for _ in range(thinnings):
        mask = _eroded(mask)
        ridge = F.relu(mask - _opened(mask))
        skeleton = skeleton + F.relu(ridge - skeleton * ridge)
    return skeleton


def _eroded(mask: Tensor) -> Tensor:
    """Return the minimum over a cross of five pixels, as in the authors' code. Outside the image there is paper."""
    padded = F.pad(-mask, (1, 1, 1, 1))
    return -torch.maximum(
        F.max_pool2d(padded[..., 1:-1], (3, 1), stride=1), F.max_pool2d(padded[..., 1:-1, :], (1, 3), stride=1)
    )


def _opened(mask: Tensor) -> Tensor:
    return F.max_pool2d(_eroded(mask), 3, stride=1, padding=1)


def cldice(output: Tensor, target: Tensor) -> Tensor:
    """1 - soft clDice (Shit et al. 2021, equations 1 and 2).

    clDice is the harmonic mean of two shares: that of the drawing's centerlines inside the true ink, and that of the
    true centerlines inside the drawn ink. A cut through a stroke loses centerline; a slightly thinner stroke does
    not. For equal glyphs the loss is a little above 0, because edges are gray.

    Args:
        output: drawings, ``[B, 1, h, w]`` in [-1, 1].
        target: true glyphs, likewise.
    """
    drawn, true = ink(output), ink(target)
    precision = _covered(soft_skeleton(drawn), true)
    sensitivity = _covered(soft_skeleton(true), drawn)
    return 1 - (2 * precision * sensitivity / (precision + sensitivity + _TINY)).mean()


def ssim(output: Tensor, target: Tensor) -> Tensor:
    """1 - structural similarity (Zhao et al. 2017, "Loss functions for image restoration with neural networks").

    L1 rewards a gray average of two possible strokes; SSIM rewards contrast and structure. Images are padded with
    paper, so that each pixel is the center of a window. Without padding, specks appeared near the edges.

    Args:
        output: drawings, ``[B, 1, h, w]`` in [-1, 1].
        target: true glyphs, likewise.
    """
    around = [SIDE // 2] * 4
    return 1 - structural_similarity(F.pad(ink(output), around), F.pad(ink(target), around)).mean()


def _covered(skeleton: Tensor, mask: Tensor) -> Tensor:
    """Return the share ``[B]`` of each skeleton that lies inside the mask."""
    return (skeleton * mask).sum(dim=(1, 2, 3)) / (skeleton.sum(dim=(1, 2, 3)) + _TINY)


def projection(output: Tensor, target: Tensor) -> Tensor:
    """Distance of projections of the ink: CF-Font's projected character loss (Wang et al. 2023), in four directions.

    Ink is summed along columns, rows and both diagonals. Each projection is normalized to a distribution, and
    the mean absolute difference of the cumulative distributions is the Wasserstein distance in one dimension, as a
    share of the projection's length. Unlike L1, it grows with the distance that a stroke has moved.

    Args:
        output: drawings, ``[B, 1, h, w]`` in [-1, 1].
        target: true glyphs, likewise.
    """
    drawn, true = (_projections(ink(image)[:, 0]) for image in (output, target))
    apart = [(_cumulative(a) - _cumulative(b)).abs().mean() for a, b in zip(drawn, true, strict=True)]
    return torch.stack(apart).mean()


def _projections(mask: Tensor) -> list[Tensor]:
    """Return the sums of ``[B, h, w]`` over columns, rows and both diagonals."""
    return [mask.sum(1), mask.sum(2), _sheared(mask).sum(1), _sheared(mask.flip(2)).sum(1)]


def _sheared(mask: Tensor) -> Tensor:
    """Shift row r of ``[B, h, w]`` right by r: ``[B, h, w + h - 1]``."""
    count, height, width = mask.shape
    flat = F.pad(mask, (0, height)).flatten(1)
    return flat[:, : height * (width + height - 1)].view(count, height, width + height - 1)


def _cumulative(projection: Tensor) -> Tensor:
    return (projection / (projection.sum(dim=1, keepdim=True) + _TINY)).cumsum(dim=1)
