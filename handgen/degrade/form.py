"""The box of a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column
from handgen.degrade.page import line, positions, print_params, printed
from handgen.settings import setting

_ABSENT, _AWAY = 0.4, 2.0
"""Probability that a side (not the bottom) is missing, and how far outside, in heights, a missing side is put."""


@dataclass(frozen=True)
class Form(Effect):
    """The box of a form near the edges of the image; sides may be missing, but not the bottom."""

    name: ClassVar[str] = "form"
    group: ClassVar[str] = "printed lines"

    darkness: float = setting(0.6, "Darkness of the lines, 1 = black.", minimum=0.05, maximum=0.8)
    thickness: float = setting(0.025, "Greatest thickness, in heights.", minimum=0.005, maximum=0.05)

    def params(self, u: Uniforms) -> Params:
        """``left``, ``right``, ``top``, ``bottom``: distances of the sides from the edges in heights, and the print."""
        sides = {"bottom": between(u[:, 0], 0.01, 0.1)}
        for number, side in enumerate(("left", "right", "top")):
            absent = u[:, 2 * number + 2] < _ABSENT
            sides[side] = between(u[:, 2 * number + 1], 0.01, 0.06) - _AWAY * absent
        return sides | print_params(u[:, 7:], self.darkness, self.thickness)

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Print the box; its sides end at the corners."""
        x, y = positions(images)
        thickness = column(params["thickness"], images)
        half = images.shape[-1] / images.shape[-2] / 2
        # Distance of a pixel from each side, positive inside the box.
        inward = {
            "left": x + half - column(params["left"], images),
            "right": half - x - column(params["right"], images),
            "top": y + 0.5 - column(params["top"], images),
            "bottom": 0.5 - y - column(params["bottom"], images),
        }
        across = torch.minimum(inward["left"], inward["right"])
        down = torch.minimum(inward["top"], inward["bottom"])
        cover = line(torch.minimum(across, down).abs_(), thickness, images)
        return printed(images, cover, params)
