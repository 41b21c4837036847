"""Shadow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column, either, noise_id, smooth
from handgen.degrade.fields import smooth_field
from handgen.degrade.page import positions
from handgen.settings import setting

_SPACING, _WAVE = 0.8, 0.15


@dataclass(frozen=True)
class Shadow(Effect):
    """The soft edge of a hand's or a telephone's shadow crosses the image."""

    name: ClassVar[str] = "shadow"

    darkness: float = setting(0.4, "Greatest loss of light in the shadow, as a share.", minimum=0.02, maximum=0.6)

    def params(self, u: Uniforms) -> Params:
        """``angle``: direction into the shadow in degrees; ``position`` of its edge, -0.5 to 0.5; ``soft`` in heights.

        ``darkness``; ``noise``: names the field that bends the edge.
        """
        return {
            "angle": between(u[:, 0], 0, 360),
            "position": either(u[:, 1], 0.35),
            "soft": between(u[:, 2], 0.05, 0.5),
            "darkness": between(u[:, 3], self.darkness / 3, self.darkness),
            "noise": noise_id(u[:, 4]),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Multiply by the light."""
        angle = np.radians(params["angle"])
        cos, sin = np.cos(angle), np.sin(angle)
        span = np.abs(cos) * images.shape[-1] / images.shape[-2] + np.abs(sin)
        x, y = positions(images)
        depth = smooth_field(params["noise"], "shadow", images, _SPACING) * _WAVE
        depth += x * column(cos, images) + y * column(sin, images) - column(params["position"] * span, images)
        dark = smooth(depth / column(params["soft"], images) + 0.5)
        return images * (1 - dark * column(params["darkness"], images))
