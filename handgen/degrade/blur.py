"""Blur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between
from handgen.degrade.filters import gaussian
from handgen.settings import setting


@dataclass(frozen=True)
class Blur(Effect):
    """Out of focus."""

    name: ClassVar[str] = "blur"

    sigma: float = setting(0.015, "Greatest deviation of the Gaussian, in heights.", minimum=0.002, maximum=0.04)

    def params(self, u: Uniforms) -> Params:
        """``sigma`` in heights."""
        return {"sigma": between(u[:, 0], self.sigma / 4, self.sigma)}

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Convolve with the Gaussian."""
        return gaussian(images, params["sigma"])
