"""Slant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from handgen.deform.warp import Warp
from handgen.degrade.base import Params, Uniforms, either
from handgen.degrade.warp import Geometry
from handgen.settings import setting


@dataclass(frozen=True)
class Slant(Geometry):
    """Letters lean to the left or the right."""

    name: ClassVar[str] = "slant"

    degrees: float = setting(10.0, "Greatest slant either way, in degrees.", minimum=0, maximum=30)

    def params(self, u: Uniforms) -> Params:
        """``degrees``: to the right."""
        return {"degrees": either(u[:, 0], self.degrees)}

    def move(self, warp: Warp, params: Params) -> Warp:
        """Shear along x."""
        return warp.linear(xy=-np.tan(np.radians(params["degrees"])))
