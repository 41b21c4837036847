"""Aspect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from handgen.deform.warp import Warp
from handgen.degrade.base import Params, Uniforms, either
from handgen.degrade.warp import Geometry
from handgen.settings import setting


@dataclass(frozen=True)
class Aspect(Geometry):
    """Narrower and taller, or wider and lower."""

    name: ClassVar[str] = "aspect"

    stretch: float = setting(0.12, "Greatest change of width against height, as a share.", minimum=0, maximum=0.5)

    def params(self, u: Uniforms) -> Params:
        """``stretch``: logarithm of the change, positive for wider."""
        return {"stretch": either(u[:, 0], self.stretch)}

    def move(self, warp: Warp, params: Params) -> Warp:
        """Scale x and y against each other, the area kept."""
        return warp.linear(xx=np.exp(params["stretch"] / 2), yy=np.exp(-params["stretch"] / 2))
