"""Plain paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column, noise_id
from handgen.degrade.fields import grain, smooth_field
from handgen.settings import setting

_FIBRE, _CLOUD = 0.02, 0.5


@dataclass(frozen=True)
class Paper(Effect):
    """Paper that is not quite white, a little cloudy, and has fibers."""

    name: ClassVar[str] = "paper"

    darkest: float = setting(0.85, "Gray of the darkest paper, 1 = white.", minimum=0.6, maximum=1)
    fibre: float = setting(0.02, "Greatest deviation of gray by fibres and clouds, 1 = full.", minimum=0, maximum=0.08)

    def params(self, u: Uniforms) -> Params:
        """``tone``, ``fibre``; ``noise``: names the field."""
        return {
            "tone": between(u[:, 0], self.darkest, 1),
            "fibre": between(u[:, 1], 0, self.fibre),
            "noise": noise_id(u[:, 2]),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Multiply by the paper."""
        field = grain(params["noise"], images, _FIBRE) + 2 * smooth_field(params["noise"], "paper", images, _CLOUD)
        return images * (column(params["tone"], images) + field * column(params["fibre"], images))
