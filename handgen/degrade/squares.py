"""Squared paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column
from handgen.degrade.page import line, positions, print_params, printed, to_nearest
from handgen.settings import setting


@dataclass(frozen=True)
class Squares(Effect):
    """Squared paper, from small squares to one square per character."""

    name: ClassVar[str] = "squares"
    group: ClassVar[str] = "printed lines"

    darkness: float = setting(0.35, "Darkness of the lines, 1 = black.", minimum=0.05, maximum=0.6)
    thickness: float = setting(0.016, "Greatest thickness, in heights.", minimum=0.005, maximum=0.04)

    def params(self, u: Uniforms) -> Params:
        """``pitch`` in heights, ``x`` and ``y`` of the first lines in squares, and how they are printed."""
        return {
            "pitch": between(u[:, 0], 0.3, 0.95),
            "x": u[:, 1],
            "y": u[:, 2],
            **print_params(u[:, 3:], self.darkness, self.thickness),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Print the lines."""
        pitch, thickness = column(params["pitch"], images), column(params["thickness"], images)
        cover = [
            line(to_nearest(position + column(params[axis], images) * pitch, pitch), thickness, images)
            for axis, position in zip("xy", positions(images), strict=True)
        ]
        return printed(images, torch.maximum(*cover), params)
