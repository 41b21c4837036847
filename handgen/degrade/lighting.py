"""Lighting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column
from handgen.degrade.page import positions
from handgen.settings import setting


@dataclass(frozen=True)
class Lighting(Effect):
    """Light falls off from one side of the image to the other, and the whole may be dim."""

    name: ClassVar[str] = "lighting"

    fall: float = setting(0.35, "Greatest loss of light at the far side, as a share.", minimum=0.02, maximum=0.6)
    dim: float = setting(0.15, "Greatest loss of light everywhere, as a share.", minimum=0, maximum=0.4)

    def params(self, u: Uniforms) -> Params:
        """``angle``: direction in which the light falls off, in degrees from the x axis; ``fall``; ``dim``."""
        return {
            "angle": between(u[:, 0], 0, 360),
            "fall": between(u[:, 1], self.fall / 4, self.fall),
            "dim": between(u[:, 2], 0, self.dim),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Multiply by the light."""
        angle = np.radians(params["angle"])
        span = np.abs(np.cos(angle)) * images.shape[-1] / images.shape[-2] + np.abs(np.sin(angle))
        slope, bright = params["fall"] / span, 1 - params["fall"] / 2
        x, y = positions(images)
        light = column(bright, images) - (
            x * column(slope * np.cos(angle), images) + y * column(slope * np.sin(angle), images)
        )
        return images * (light * column(1 - params["dim"], images))
