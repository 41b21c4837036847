"""Baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handgen.deform.warp import Warp
from handgen.degrade.base import Params, Uniforms, between, either, noise_id
from handgen.degrade.fields import spline
from handgen.degrade.warp import Geometry
from handgen.settings import setting

_SPACING = 1.0


@dataclass(frozen=True)
class Baseline(Geometry):
    """The writing stands higher or lower, and rises and falls along the line."""

    name: ClassVar[str] = "baseline"

    shift: float = setting(0.05, "Greatest shift of the whole, in heights.", minimum=0, maximum=0.2)
    wander: float = setting(0.04, "Greatest rise and fall along the line, in heights.", minimum=0, maximum=0.15)

    def params(self, u: Uniforms) -> Params:
        """``x``, ``y``: shift; ``wander``: amplitude; ``noise``: names the curve."""
        return {
            "x": either(u[:, 0], self.shift),
            "y": either(u[:, 1], self.shift),
            "wander": between(u[:, 2], 0, self.wander),
            "noise": noise_id(u[:, 3]),
        }

    def move(self, warp: Warp, params: Params) -> Warp:
        """Shift, and displace along y by a curve over x."""
        curve = spline(params["noise"], "baseline", warp.like, _SPACING, along=True)
        return warp.shifted(params["x"], params["y"]).bent(1, curve, params["wander"])
