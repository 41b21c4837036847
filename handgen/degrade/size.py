"""Size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from handgen.deform.warp import Warp
from handgen.degrade.base import Params, Uniforms, either
from handgen.degrade.warp import Geometry
from handgen.settings import setting


@dataclass(frozen=True)
class Size(Geometry):
    """Smaller or larger; larger only as far as the canvas has room."""

    name: ClassVar[str] = "size"

    change: float = setting(0.12, "Greatest change of size, as a share.", minimum=0, maximum=0.5)

    def params(self, u: Uniforms) -> Params:
        """``change``: logarithm of the scale."""
        return {"change": either(u[:, 0], self.change)}

    def move(self, warp: Warp, params: Params) -> Warp:
        """Scale about the middle."""
        scale = np.exp(params["change"])
        return warp.linear(xx=scale, yy=scale)
