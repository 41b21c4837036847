"""Ink that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column, noise_id, smooth
from handgen.degrade.fields import grain, smooth_field
from handgen.settings import setting

_SPACING, _GRAIN = 0.11, 0.012
_SPREAD = 0.28
"""Standard deviation of a smooth field with uniform knots."""


@dataclass(frozen=True)
class Dropout(Effect):
    """A ballpoint that skips, a felt pen that runs dry: spots along strokes lose most of their ink."""

    name: ClassVar[str] = "dropout"

    share: float = setting(0.25, "Share of the strokes that fails, roughly.", minimum=0.01, maximum=0.4)
    depth: float = setting(0.7, "Most ink lost there, as a share; what is left is still seen.", minimum=0, maximum=0.85)

    def params(self, u: Uniforms) -> Params:
        """``share``, ``depth``; ``noise``: names the spots."""
        return {
            "share": between(u[:, 0], 0.01, self.share),
            "depth": between(u[:, 1], self.depth / 2, self.depth),
            "noise": noise_id(u[:, 2]),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Scale the ink down where a rough field is high."""
        # A normal field exceeds (2.2 - 5 share) standard deviations in about that share of its area, up to 0.4.
        level = column((2.2 - 5 * params["share"]) * _SPREAD, images)
        field = smooth_field(params["noise"], "dropout", images, _SPACING)
        field += 0.08 * grain(params["noise"], images, _GRAIN)
        failed = smooth((field - level) * 6)
        return 1 - (1 - images) * (1 - failed * column(params["depth"], images))
