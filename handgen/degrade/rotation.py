"""Rotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from handgen.deform.warp import Warp
from handgen.degrade.base import Params, Uniforms, either
from handgen.degrade.warp import Geometry
from handgen.settings import setting


@dataclass(frozen=True)
class Rotation(Geometry):
    """The writing is turned. Long lines are turned less than glyphs, because their ends would leave the canvas."""

    name: ClassVar[str] = "rotation"

    degrees: float = setting(
        3.0, "Greatest turn either way, in degrees, divided by the width in heights.", minimum=0, maximum=20
    )

    def params(self, u: Uniforms) -> Params:
        """``degrees``: clockwise, for an image that is not wider than it is high."""
        return {"degrees": either(u[:, 0], self.degrees)}

    def move(self, warp: Warp, params: Params) -> Warp:
        """Turn about the middle."""
        angle = np.radians(params["degrees"]) / max(1.0, warp.length)
        return warp.linear(np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle))
