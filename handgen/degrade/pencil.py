"""Pencil."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column, noise_id
from handgen.degrade.fields import grain
from handgen.settings import setting

_GRAIN = 0.011


@dataclass(frozen=True)
class Pencil(Effect):
    """Gray graphite that sticks only to the raised parts of the paper's grain."""

    name: ClassVar[str] = "pencil"

    lightest: float = setting(0.6, "Density of the palest pencil, 1 = black.", minimum=0.3, maximum=1)
    texture: float = setting(0.4, "How much of the grain is seen.", minimum=0, maximum=1)

    def params(self, u: Uniforms) -> Params:
        """``density``, ``texture``; ``noise``: names the grain."""
        return {
            "density": between(u[:, 0], self.lightest, min(1.0, self.lightest + 0.3)),
            "texture": between(u[:, 1], self.texture / 2, self.texture),
            "noise": noise_id(u[:, 2]),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Scale the ink by the grain."""
        hold = 1 + (0.4 * grain(params["noise"], images, _GRAIN) - 0.25) * column(params["texture"], images)
        return 1 - (1 - images) * hold.clamp_(0.35, 1.1) * column(params["density"], images)
