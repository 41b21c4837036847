"""Geometry: any number of effects put together and done in one resampling, ink kept inside."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from handgen.deform.warp import Warp
from handgen.degrade.base import Effect, Params


class Geometry(Effect):
    """An effect that moves ink. Parameters of 0 move nothing; a pipeline does all of them at once."""

    @abstractmethod
    def move(self, warp: Warp, params: Params) -> Warp:
        """Return ``warp`` followed by this effect."""

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Do this effect alone."""
        return self.move(Warp.none(images), params).resample(images)
