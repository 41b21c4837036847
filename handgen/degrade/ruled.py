"""Ruled paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column, either
from handgen.degrade.page import line, positions, print_params, printed, to_nearest
from handgen.settings import setting


@dataclass(frozen=True)
class Ruled(Effect):
    """Horizontal lines, one or two of them in sight, nearly level."""

    name: ClassVar[str] = "ruled"
    group: ClassVar[str] = "printed lines"

    darkness: float = setting(0.45, "Darkness of the lines, 1 = black.", minimum=0.05, maximum=0.7)
    thickness: float = setting(0.02, "Greatest thickness, in heights.", minimum=0.005, maximum=0.05)

    def params(self, u: Uniforms) -> Params:
        """``pitch``, ``start`` and ``tilt`` of the lines in heights, and how they are printed."""
        return {
            "pitch": between(u[:, 0], 0.6, 1.2),
            "start": u[:, 1],
            "tilt": either(u[:, 2], 0.01),
            **print_params(u[:, 3:], self.darkness, self.thickness),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Print the lines."""
        (x, y), pitch = positions(images), column(params["pitch"], images)
        position = y + x * column(params["tilt"], images) + column(params["start"], images) * pitch
        return printed(images, line(to_nearest(position, pitch), column(params["thickness"], images), images), params)
