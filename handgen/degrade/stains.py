"""Stains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column, either, noise_id, smooth
from handgen.degrade.fields import smooth_field
from handgen.settings import setting

_SPACING = 0.55
_BROWN = (0.55, 0.85, 1.2)


@dataclass(frozen=True)
class Stains(Effect):
    """Dried drops: pale blotches with a darker rim, brown if there is color."""

    name: ClassVar[str] = "stains"

    darkness: float = setting(0.25, "Darkness of the rim, 1 = black.", minimum=0.02, maximum=0.5)

    def params(self, u: Uniforms) -> Params:
        """``darkness``; ``level``: how much is covered; ``noise``: names the field."""
        return {
            "darkness": between(u[:, 0], self.darkness / 3, self.darkness),
            "level": 0.12 + either(u[:, 1], 0.12),
            "noise": noise_id(u[:, 2]),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Darken where a smooth field is high, most at the edge of these areas."""
        height = smooth_field(params["noise"], "stains", images, _SPACING) - column(params["level"], images)
        rim = smooth(1 - (height - 0.03).abs_() * 16)
        taken = (0.45 * smooth(height * 25) + 0.55 * rim) * column(params["darkness"], images)
        if images.shape[1] == 3:
            taken = taken * torch.tensor(_BROWN, device=images.device).view(1, 3, 1, 1)
        return images * (1 - taken)
