"""Elastic deformation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handgen.deform.warp import Warp
from handgen.degrade.base import Params, Uniforms, between, noise_id
from handgen.degrade.fields import spline
from handgen.degrade.warp import Geometry
from handgen.settings import setting

_SPACING = {"coarse": 0.45, "fine": 0.14}
"""Distances between knots, in heights."""


@dataclass(frozen=True)
class Elastic(Geometry):
    """Shapes are bent: coarsely, as proportions differ, and finely, as a hand trembles."""

    name: ClassVar[str] = "elastic"

    coarse: float = setting(0.04, "Greatest coarse displacement, in heights.", minimum=0, maximum=0.1)
    fine: float = setting(0.012, "Greatest fine displacement, in heights.", minimum=0, maximum=0.03)

    def params(self, u: Uniforms) -> Params:
        """``coarse``, ``fine``: amplitudes; ``noise``: names the fields."""
        return {
            "coarse": between(u[:, 0], self.coarse / 4, self.coarse),
            "fine": between(u[:, 1], self.fine / 4, self.fine),
            "noise": noise_id(u[:, 2]),
        }

    def move(self, warp: Warp, params: Params) -> Warp:
        """Displace by two smooth fields."""
        for scale, spacing in _SPACING.items():
            for axis in (0, 1):
                field = spline(params["noise"], f"{scale}/{axis}", warp.like, spacing)
                warp = warp.bent(axis, field, params[scale])
        return warp
