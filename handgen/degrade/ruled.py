"""Ruled paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column, either
from handgen.degrade.page import line, positions, print_params, printed, to_nearest
from handgen.settings import setting

_BASE = (0.12, 0.3)
"""Heights below the middle, between which base lines of lines of text are."""


@dataclass(frozen=True)
class Ruled(Effect):
    """Horizontal lines, one or two of them in sight, nearly level."""

    name: ClassVar[str] = "ruled"
    group: ClassVar[str] = "printed lines"

    darkness: float = setting(0.45, "Darkness of the lines, 1 = black.", minimum=0.05, maximum=0.7)
    thickness: float = setting(0.02, "Greatest thickness, in heights.", minimum=0.005, maximum=0.05)
    written: float = setting(0.0, "Share of samples whose base line is about on a line.", minimum=0, maximum=1)

    def params(self, u: Uniforms) -> Params:
        """``pitch``, ``start`` and ``tilt`` of the lines in heights, and how they are printed."""
        pitch, share = between(u[:, 0], 0.6, 1.2), max(self.written, 1e-9)
        on_base = (-between(u[:, 1] / share, *_BASE) / pitch) % 1
        elsewhere = (u[:, 1] - self.written) / max(1 - self.written, 1e-9)
        return {
            "pitch": pitch,
            "start": np.where(u[:, 1] < self.written, on_base, elsewhere),
            "tilt": either(u[:, 2], 0.01),
            **print_params(u[:, 3:], self.darkness, self.thickness),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Print the lines."""
        (x, y), pitch = positions(images), column(params["pitch"], images)
        position = y + x * column(params["tilt"], images) + column(params["start"], images) * pitch
        return printed(images, line(to_nearest(position, pitch), column(params["thickness"], images), images), params)
