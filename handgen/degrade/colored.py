"""Colored paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between
from handgen.settings import setting

_TINTS = np.array([[0.0, 0.15, 0.6], [0.1, 0.3, 1.0], [0.0, 0.6, 0.4], [0.7, 0.1, 0.5], [0.8, 0.3, 0.0]])
"""Shares of red, green and blue light that cream, yellow, pink, green and blue paper absorb at full strength."""


@dataclass(frozen=True)
class Colored(Effect):
    """Paper of a pale color, cream most often."""

    name: ClassVar[str] = "colored"
    color: ClassVar[bool] = True

    strength: float = setting(0.3, "Most of a color that the paper absorbs, as a share.", minimum=0.02, maximum=0.6)

    def params(self, u: Uniforms) -> Params:
        """``red``, ``green``, ``blue`` of the paper, 0 to 1."""
        tint = _TINTS[np.maximum(0, u[:, 0] * 9 - 4).astype(np.int64)]
        rgb = 1 - tint * between(u[:, 1:4], self.strength / 4, self.strength)
        return {"red": rgb[:, 0], "green": rgb[:, 1], "blue": rgb[:, 2]}

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Multiply by the color."""
        rgb = np.stack([params[key] for key in ("red", "green", "blue")], 1).astype(np.float32)
        return images * torch.from_numpy(rgb).to(images.device)[:, :, None, None]
