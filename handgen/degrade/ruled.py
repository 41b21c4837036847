"""Ruled paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between, column, either
from handgen.degrade.page import line, positions, print_params, printed, to_nearest
from handgen.settings import setting

_BELOW = (0.001, 0.09)
"""Heights below the base line, between which the line is that somebody writes on."""
_USUAL = 0.16
"""Where the base line is, in heights below the middle, if there is no ink."""
_BODY = 0.45
"""Share of the fullest row's ink that rows between the base line and the height of an x have."""


@dataclass(frozen=True)
class Ruled(Effect):
    """Horizontal lines, one or two of them in sight, nearly level."""

    name: ClassVar[str] = "ruled"
    group: ClassVar[str] = "printed lines"

    darkness: float = setting(0.45, "Darkness of the lines, 1 = black.", minimum=0.05, maximum=0.7)
    thickness: float = setting(0.02, "Greatest thickness, in heights.", minimum=0.005, maximum=0.05)
    written: float = setting(0.0, "Share of samples whose base line is about on a line.", minimum=0, maximum=1)

    def params(self, u: Uniforms) -> Params:
        """``pitch``, ``start`` and ``tilt`` of the lines in heights, and how they are printed.

        ``start`` is measured from the middle; where it is below 0, from the base line, which is on a line then.
        """
        written = u[:, 1] < self.written
        share = max(self.written, 1e-9)
        below = between(u[:, 1] / share, *_BELOW)
        pitch = between(u[:, 0], 0.6, 1.2) + 0.4 * written
        elsewhere = (u[:, 1] - self.written) / max(1 - self.written, 1e-9)
        return {
            "pitch": pitch,
            "start": np.where(written, -below / pitch, elsewhere),
            "tilt": either(u[:, 2], 0.01),
            **print_params(u[:, 3:], self.darkness, self.thickness),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Print the lines."""
        (x, y), pitch = positions(images), column(params["pitch"], images)
        base = base_lines(images)[:, None, None, None] * column(params["start"] < 0, images)
        position = y - base + x * column(params["tilt"], images) + column(params["start"], images) * pitch
        return printed(images, line(to_nearest(position, pitch), column(params["thickness"], images), images), params)


def base_lines(images: Tensor) -> Tensor:
    """Return where the body of what is written ends, ``[B]``, in heights below the middle of the image.

    Args:
        images: ``[B, C, H, W]``, 1 = paper.
    """
    height = images.shape[-2]
    gray = images.amin(1)
    ink = (gray < (1 + gray.amin((1, 2), keepdim=True)) / 2).sum(2)
    rows = ink + F.pad(ink[:, 1:], (0, 1)) + F.pad(ink[:, :-1], (1, 0))
    body = rows > _BODY * rows.amax(1, keepdim=True)
    numbers = torch.arange(1, height + 1, device=images.device)
    last = (body * numbers).amax(1)
    return torch.where(last > 0, last / height - 0.5, _USUAL)
