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
"""Least and greatest distance of the ruled line below the base line, in heights, if one writes on it."""
_USUAL = 0.16
"""Assumed position of the base line if there is no ink, in heights below the middle."""
_BODY = 0.45
"""Rows between base line and x-height have more than this share of the ink of the fullest row."""


@dataclass(frozen=True)
class Ruled(Effect):
    """Nearly horizontal lines, of which one or two can be seen."""

    name: ClassVar[str] = "ruled"
    group: ClassVar[str] = "printed lines"

    darkness: float = setting(0.45, "Darkness of the lines, 1 = black.", minimum=0.05, maximum=0.7)
    thickness: float = setting(0.02, "Greatest thickness, in heights.", minimum=0.005, maximum=0.05)
    written: float = setting(0.0, "Share of samples whose base line is about on a line.", minimum=0, maximum=1)

    def params(self, u: Uniforms) -> Params:
        """``pitch`` in heights, ``start`` in pitches, ``tilt`` (y / x) of the lines, and how they are printed.

        ``start`` is relative to the middle of the image; if it is negative, to the base line of the writing.
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
    """Return the estimated base line of each image, ``[B]``, in heights below the middle of the image.

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
