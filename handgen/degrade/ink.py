"""Ink density."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column, noise_id
from handgen.degrade.fields import smooth_field
from handgen.settings import setting

_SPACING = 0.2


@dataclass(frozen=True)
class Ink(Effect):
    """Paler ink, especially where the hand pressed less."""

    name: ClassVar[str] = "ink"

    lightest: float = setting(0.7, "Density of the palest ink, 1 = black.", minimum=0.3, maximum=1)
    uneven: float = setting(0.3, "Greatest loss where the hand presses less, as a share.", minimum=0, maximum=0.6)

    def params(self, u: Uniforms) -> Params:
        """``density``; ``uneven``; ``noise``: names the field of pressure."""
        return {
            "density": between(u[:, 0], self.lightest, 1),
            "uneven": between(u[:, 1], 0, self.uneven),
            "noise": noise_id(u[:, 2]),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Scale the ink."""
        pressure = (smooth_field(params["noise"], "ink", images, _SPACING) * 0.9 + 0.5).clamp_(0, 1)
        density = column(params["density"], images) * (1 - column(params["uneven"], images) * pressure)
        return 1 - (1 - images) * density
