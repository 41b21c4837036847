"""Low resolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, between
from handgen.degrade.resize import coarsened
from handgen.settings import setting

_LEVELS = 16


@dataclass(frozen=True)
class LowResolution(Effect):
    """Scanned with too few dots or photographed from afar, then enlarged."""

    name: ClassVar[str] = "low_resolution"

    factor: float = setting(0.5, "Fewest pixels along a side, as a share of what there are.", minimum=0.25, maximum=0.9)

    def params(self, u: Uniforms) -> Params:
        """``factor``, in sixteenths."""
        return {"factor": np.ceil(between(u[:, 0], self.factor, 0.9) * _LEVELS) / _LEVELS}

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Reduce and enlarge again."""
        height, width = images.shape[-2:]
        result = torch.empty_like(images)
        for factor in np.unique(params["factor"]):
            rows = torch.from_numpy(np.flatnonzero(params["factor"] == factor)).to(images.device)
            size = (max(1, round(height * factor)), max(1, round(width * factor)))
            result.index_copy_(0, rows, coarsened(images.index_select(0, rows), *size))
        return result
