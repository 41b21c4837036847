"""The base class of geometric effects; a pipeline combines them into one resampling."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from handgen.deform.warp import Warp
from handgen.degrade.base import Effect, Params


class Geometry(Effect):
    """An effect that moves ink. With parameters of 0 it moves nothing. Ink always stays on the canvas."""

    @abstractmethod
    def move(self, warp: Warp, params: Params) -> Warp:
        """Return ``warp`` followed by this effect."""

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Apply this effect alone."""
        return self.move(Warp.none(images), params).resample(images)
