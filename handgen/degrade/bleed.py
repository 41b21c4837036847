"""Bleeding ink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column, noise_id
from handgen.degrade.fields import grain
from handgen.degrade.filters import gaussian
from handgen.settings import setting

_FIBRE = 0.018
"""Width of the fibres, in heights."""


@dataclass(frozen=True)
class Bleed(Effect):
    """Ink creeps along the fibres of the paper and softens the edges of strokes."""

    name: ClassVar[str] = "bleed"

    reach: float = setting(0.014, "How far ink creeps, in heights.", minimum=0.002, maximum=0.03)
    strength: float = setting(0.8, "Darkness of what has crept, 1 = as ink.", minimum=0.1, maximum=1)

    def params(self, u: Uniforms) -> Params:
        """``reach``, ``strength``; ``noise``: names the fibres."""
        return {
            "reach": between(u[:, 0], self.reach / 3, self.reach),
            "strength": between(u[:, 1], self.strength / 2, self.strength),
            "noise": noise_id(u[:, 2]),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Add a blurred and rough copy of the ink."""
        ink = 1 - images
        crept = gaussian(ink, params["reach"])
        crept *= 1 + 0.5 * grain(params["noise"], images, _FIBRE)
        return 1 - torch.maximum(ink, crept.clamp_(0, 1) * column(params["strength"], images))
