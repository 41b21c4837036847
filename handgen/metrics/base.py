"""The contract of a metric: update with batches, read the result, reset."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

from torch import Tensor

from handgen.metrics.components import count_components
from handgen.metrics.skeleton import thinned


class Images:
    """A batch of glyphs, and what several metrics need of it, computed once and only when asked for.

    Args:
        images: ``[B, 1, h, w]`` in [-1, 1], -1 = ink.
    """

    def __init__(self, images: Tensor) -> None:
        self.gray = (images.detach().float() + 1) / 2
        """``[B, 1, h, w]`` in [0, 1], 0 = ink."""

    @cached_property
    def ink(self) -> Tensor:
        """Return where a pixel is darker than middle gray, bool ``[B, h, w]``."""
        return self.gray[:, 0] < 0.5

    @cached_property
    def skeleton(self) -> Tensor:
        """Return the centerlines of the ink, bool ``[B, h, w]``."""
        return thinned(self.ink)

    @cached_property
    def pieces(self) -> Tensor:
        """Return in how many pieces the ink is, ``[B]``; specks do not count."""
        return count_components(self.ink, least=speck(self.ink.shape[-1]))

    @property
    def tolerance(self) -> int:
        """How far a centerline may be off, in pixels: 1 at 64 px and below, and in proportion above."""
        return max(1, round(self.ink.shape[-1] / 64))


def speck(side: int) -> int:
    """Return from how many pixels on ink is part of a glyph: 4 at 64 px, and in proportion to the area."""
    return max(1, round(4 * (side / 64) ** 2))


class Metric(ABC):
    """A mean over images of a number that compares an output with its truth."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._sum, self._count = 0.0, 0

    def update(self, output: Tensor | Images, truth: Tensor | Images) -> None:
        """Take in a batch of images ``[B, 1, h, w]`` in [-1, 1] and their true ones.

        Give several metrics the same ``Images``, and what they share is computed once.
        """
        values = self.per_image(*(each if isinstance(each, Images) else Images(each) for each in (output, truth)))
        self._sum += float(values.cpu().double().sum())
        self._count += len(values)

    def result(self) -> float:
        """Return the mean over all images since the last reset; NaN if there was none."""
        return self._sum / self._count if self._count else float("nan")

    @abstractmethod
    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Compare images one by one; return ``[B]``."""
