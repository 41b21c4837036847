"""Colored ink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, either
from handgen.settings import setting

_COLORS = np.array([[0.10, 0.16, 0.52], [0.08, 0.08, 0.10], [0.62, 0.10, 0.12], [0.06, 0.36, 0.20]])
"""Blue, black, red and green at full density."""
_SHARES = np.cumsum([0.5, 0.35, 0.1])


@dataclass(frozen=True)
class InkColor(Effect):
    """Half of the pens are blue, a third are black, a few red or green."""

    name: ClassVar[str] = "ink_color"
    color: ClassVar[bool] = True

    vary: float = setting(0.06, "How much each color varies, 1 = from none to full.", minimum=0, maximum=0.2)

    def params(self, u: Uniforms) -> Params:
        """``red``, ``green``, ``blue`` of full ink, 0 to 1."""
        rgb = _COLORS[np.searchsorted(_SHARES, u[:, 0], side="right")] + either(u[:, 1:4], self.vary)
        rgb = rgb.clip(0, 0.7)
        return {"red": rgb[:, 0], "green": rgb[:, 1], "blue": rgb[:, 2]}

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Turn black into the color."""
        rgb = np.stack([params[key] for key in ("red", "green", "blue")], 1).astype(np.float32)
        absorbed = 1 - torch.from_numpy(rgb).to(images.device)[:, :, None, None]
        return 1 - (1 - images) * absorbed
