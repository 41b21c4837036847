"""The feature extractor of the perceptual loss. Each run trains its own, so no weights are downloaded.

A small convolutional classifier learns from the run's training glyphs to tell characters apart in
any style. The perceptual loss then compares the features of its levels, as Johnson et al. 2016 do
with VGG-16. In features, a stroke that decides which character it is weighs more than in pixels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handgen.deform import Warp
from handgen.models.base import Batch

STEPS, _LR = 300, 2e-3
_SHIFT = 0.06
"""The most that training glyphs are shifted, in sides of the image, and scaled, as a share."""


class FeatureExtractor(nn.Module):
    """Three levels of convolutions, each at half the resolution of the last, and a classifier.

    Args:
        classes: the number of characters.
        width: channels of the first level; they double.
    """

    def __init__(self, classes: int, width: int = 16) -> None:
        super().__init__()
        out = [width * 2**level for level in range(3)]
        self.levels = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, after, 3, 2, 1),
                nn.GroupNorm(4, after),
                nn.ReLU(),
                nn.Conv2d(after, after, 3, 1, 1),
                nn.GroupNorm(4, after),
                nn.ReLU(),
            )
            for before, after in zip([1, *out], out, strict=False)
        )
        self.classify = nn.Linear(out[-1] * 16, classes)
        self.requires_grad_(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the features of every level of ``[B, 1, size, size]``, finest first."""
        features = []
        x = (1 - image) / 2  # paper is 0: with a large constant background, many ReLU units die
        for level in self.levels:
            x = level(x)
            features.append(x)
        return features

    def fit(self, batches: Callable[[int], Batch], steps: int | None = None) -> float:
        """Learn to read the targets of ``steps`` batches (default 300).

        Returns:
            The mean accuracy (0 to 1) of the last 20 batches.
        """
        self.requires_grad_(True)
        optimizer = torch.optim.Adam(self.parameters(), lr=_LR)
        recent: list[Tensor] = []
        for step in range(STEPS if steps is None else steps):
            batch = batches(step)
            logits = self.classify(F.adaptive_avg_pool2d(self(_moved(batch.target))[-1], 4).flatten(1))
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(logits, batch.char).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            recent = [*recent[-19:], (logits.argmax(1) == batch.char).float().mean()]
        self.requires_grad_(False)
        return float(torch.stack(recent).mean())


def _moved(images: Tensor) -> Tensor:
    """Shift and scale each image a little, so that the features do not depend on the position of the glyph."""
    draw = torch.rand(len(images), 4).double().numpy() * 2 - 1
    matrix = np.zeros((len(images), 2, 2))
    matrix[:, 0, 0], matrix[:, 1, 1] = 1 + _SHIFT * draw[:, 0], 1 + _SHIFT * draw[:, 1]
    return Warp.from_source(images, matrix, _SHIFT * draw[:, 2:]).resample(images, inside=False)
