"""Sensor noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column, noise_id
from handgen.degrade.fields import white
from handgen.settings import setting


@dataclass(frozen=True)
class Noise(Effect):
    """White noise in every pixel, independent in each color."""

    name: ClassVar[str] = "noise"

    deviation: float = setting(
        0.04, "Greatest standard deviation, 1 = from black to white.", minimum=0.005, maximum=0.2
    )

    def params(self, u: Uniforms) -> Params:
        """``deviation``; ``noise``: names the field."""
        return {"deviation": between(u[:, 0], self.deviation / 4, self.deviation), "noise": noise_id(u[:, 1])}

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Add white noise."""
        return images + white(params["noise"], images) * column(params["deviation"], images)
