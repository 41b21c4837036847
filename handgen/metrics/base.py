"""The interface of a metric: update it with batches, then read the result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

from torch import Tensor

from handgen.metrics.components import count_components
from handgen.metrics.skeleton import thinned


class Images:
    """A batch of glyphs. Properties that several metrics need are computed once, when they are first needed.

    Args:
        images: ``[B, 1, h, w]`` in [-1, 1], -1 = ink.
    """

    def __init__(self, images: Tensor) -> None:
        self.gray = (images.detach().float() + 1) / 2
        """``[B, 1, h, w]`` in [0, 1], 0 = ink."""

    @cached_property
    def ink(self) -> Tensor:
        """The ink, bool ``[B, h, w]``: pixels darker than middle gray."""
        return self.gray[:, 0] < 0.5

    @cached_property
    def skeleton(self) -> Tensor:
        """The centerlines of the ink, bool ``[B, h, w]``."""
        return thinned(self.ink)

    @cached_property
    def pieces(self) -> Tensor:
        """The number of pieces of ink, int64 ``[B]``, without specks."""
        return count_components(self.ink, least=speck(self.ink.shape[-1]))

    @property
    def tolerance(self) -> int:
        """How far a centerline may be off, in pixels: 1 up to 64 px a side, and in proportion to the side above."""
        return max(1, round(self.ink.shape[-1] / 64))


def speck(side: int) -> int:
    """Return the fewest pixels of a piece that is no speck: 4 at 64 px a side, in proportion to the area."""
    return max(1, round(4 * (side / 64) ** 2))


class Metric(ABC):
    """The mean, over images, of a number that compares a drawn image with the true one."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all images."""
        self._sum, self._count = 0.0, 0

    def update(self, output: Tensor | Images, truth: Tensor | Images) -> None:
        """Add a batch of drawn images and their true ones, ``[B, 1, h, w]`` in [-1, 1].

        If several metrics get the same ``Images``, properties that they share are computed once.
        """
        values = self.per_image(*(each if isinstance(each, Images) else Images(each) for each in (output, truth)))
        self._sum += float(values.cpu().double().sum())
        self._count += len(values)

    def result(self) -> float:
        """Return the mean over all images since the last reset; NaN if there was none."""
        return self._sum / self._count if self._count else float("nan")

    @abstractmethod
    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return the number of each image, ``[B]``."""
