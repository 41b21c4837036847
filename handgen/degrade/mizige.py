"""Practice squares, 米字格."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column, either
from handgen.degrade.page import line, positions, print_params, printed
from handgen.settings import setting

_DASHES, _DRAWN = 9, 0.6
"""Number of dashes along a square's side, and the drawn share of each."""
_INNER = 0.7
"""Darkness of the dashed lines relative to the frame."""


@dataclass(frozen=True)
class Mizige(Effect):
    """A square about each character, with a dashed cross and dashed diagonals."""

    name: ClassVar[str] = "mizige"
    group: ClassVar[str] = "printed lines"
    on_lines: ClassVar[bool] = False

    darkness: float = setting(0.4, "Darkness of the frame, 1 = black.", minimum=0.05, maximum=0.6)
    thickness: float = setting(0.018, "Greatest thickness, in heights.", minimum=0.005, maximum=0.04)

    def params(self, u: Uniforms) -> Params:
        """``side`` of a square, ``x`` and ``y`` of its middle in heights, and how it is printed."""
        return {
            "side": between(u[:, 0], 0.86, 1.0),
            "x": either(u[:, 1], 0.04),
            "y": either(u[:, 2], 0.04),
            **print_params(u[:, 3:], self.darkness, self.thickness),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Print the squares, in a row if the image is wide."""
        thickness, side = column(params["thickness"], images), column(params["side"], images)
        x, y = positions(images)
        # Position of a pixel relative to the middle of its square, in sides of the square.
        across, down = (x - column(params["x"], images)) / side, (y - column(params["y"], images)) / side
        across = across - across.round()
        inside = down.abs() <= 0.5

        def drawn(distance: Tensor, dashed: Tensor | None = None) -> Tensor:
            cover = line(distance.abs() * side, thickness, images)
            if dashed is None:
                return cover
            turns = dashed * _DASHES
            return cover * ((turns - turns.floor()) < _DRAWN) * _INNER

        cover = torch.maximum(drawn(across, down), drawn(down, across))
        for diagonal in (across - down, across + down):
            cover = torch.maximum(cover, drawn(diagonal * 0.7071, across))
        cover = torch.maximum(cover, drawn(across.abs() - 0.5)) * inside
        return printed(images, torch.maximum(cover, drawn(down.abs() - 0.5)), params)
