"""Pen width."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, column, either
from handgen.settings import setting

_MOST = 0.04
_RIDGE, _FAINT, _EDGE = 0.5, 0.12, 0.5
"""A pixel belongs to a stroke if it has this share of the ink of its neighbourhood, and this much;
to its edge, if it has no more than this."""


@dataclass(frozen=True)
class PenWidth(Effect):
    """A thinner or a thicker pen.

    Layers of a pixel are taken off the ink, or off the paper for a thicker pen, but never a pixel
    that holds two parts together: thin strokes stay whole and the gaps between strokes stay open.
    Which pixels those are says the parallel thinning of Guo and Hall (1989), algorithm A1.
    """

    name: ClassVar[str] = "pen_width"

    change: float = setting(0.015, "Most taken off or put on each edge, in heights.", minimum=0, maximum=_MOST)

    def params(self, u: Uniforms) -> Params:
        """``change``: of each edge in heights, positive for thicker."""
        return {"change": either(u[:, 0], self.change)}

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Peel ink or paper, a layer a pixel, the last one in part."""
        change = column(params["change"], images) * images.shape[-2]
        thicker, layers = change > 0, change.abs()
        peeled = torch.where(thicker, images, 1 - images)
        for layer in range(math.ceil(_MOST * images.shape[-2])):
            share = (layers - layer).clamp(0, 1)
            if not bool(share.any()):
                break
            peeled = _peel(peeled, share, thicker)
        return torch.where(thicker, peeled, 1 - peeled)


def _peel(ink: Tensor, share: Tensor, outside: Tensor) -> Tensor:
    """Take ``share`` of a layer off ``ink`` (1 = full), which goes on beyond the canvas where ``outside`` says so."""
    frame = _framed(ink, outside)
    rows = frame[..., :-2, :], frame[..., 1:-1, :], frame[..., 2:, :]
    least = torch.minimum(
        torch.minimum(rows[0], rows[2])[..., 1:-1], torch.minimum(rows[1][..., :-2], rows[1][..., 2:])
    )
    most = torch.maximum(torch.maximum(rows[0], rows[2]), rows[1])
    most = torch.maximum(torch.maximum(most[..., :-2], most[..., 2:]), most[..., 1:-1])
    core = (ink > most.mul_(_RIDGE)) & (ink > _FAINT)
    # The edge first: otherwise a thin stroke may be left where it is faint and lost where it is dark.
    kept = _thinned(_thinned(core, ink > _EDGE, outside), torch.zeros_like(core), outside)
    return ink - torch.maximum(least, ink * kept).sub_(ink).neg_().clamp_(min=0).mul_(share)


_RING = ((0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0))
"""Neighbours P2 to P9 of the paper: clockwise from above, as (row, column) in a frame of one pixel."""


def _framed(images: Tensor, outside: Tensor) -> Tensor:
    batch, channels, height, width = images.shape
    frame = outside.to(images.dtype).expand(batch, channels, height + 2, width + 2).clone()
    frame[..., 1:-1, 1:-1] = images
    return frame


def _thinned(core: Tensor, held: Tensor, outside: Tensor) -> Tensor:
    """Return a boolean image less one layer, in two passes from opposite sides; what is ``held`` stays."""
    height, width = core.shape[-2:]
    whole = core.to(torch.uint8)
    for table in _tables():
        frame = _framed(whole, outside)
        code = torch.zeros_like(whole)
        for bit, (y, x) in enumerate(_RING):
            code += frame[..., y : y + height, x : x + width] << bit
        stays = table.to(whole.device).index_select(0, code.int().view(-1)).view(code.shape)
        whole &= stays | held
    return whole.bool()


@functools.cache
def _tables() -> tuple[Tensor, Tensor]:
    """For each pass, whether a pixel stays (1) or goes (0) by the code of its neighbours."""
    tables = []
    for odd in (True, False):
        stays = torch.ones(256, dtype=torch.uint8)
        for code in range(256):
            p2, p3, p4, p5, p6, p7, p8, p9 = (bool(code >> bit & 1) for bit in range(8))
            parts = (
                (not p2 and (p3 or p4)) + (not p4 and (p5 or p6)) + (not p6 and (p7 or p8)) + (not p8 and (p9 or p2))
            )
            pairs = min(
                (p9 or p2) + (p3 or p4) + (p5 or p6) + (p7 or p8), (p2 or p3) + (p4 or p5) + (p6 or p7) + (p8 or p9)
            )
            held = (p2 or p3 or not p5) and p4 if odd else (p6 or p7 or not p9) and p8
            stays[code] = not (parts == 1 and 2 <= pairs <= 3 and not held)
        tables.append(stays)
    return tables[0], tables[1]
