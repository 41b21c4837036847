"""Pen width."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, either
from handgen.settings import setting

_MOST = 0.04
"""Most that is taken off or put on each edge, in heights."""
_RIDGE, _FAINT, _EDGE = 2, 30, 127
"""A pixel belongs to a stroke if its ink (0 to 255) is more than _FAINT and more than 1 / _RIDGE of that of its darkest
neighbor; it belongs to the edge of the stroke if its ink is at most _EDGE."""
_WORD = 64
"""Bits per word."""


@dataclass(frozen=True)
class PenWidth(Effect):
    """A thinner or a thicker pen.

    Layers of one pixel are removed from the ink, or from the paper for a thicker pen, but never a
    pixel that connects two parts: thin strokes stay whole, and gaps between strokes stay open. Those
    pixels are found by the parallel thinning of Guo and Hall (1989), algorithm A1.
    """

    name: ClassVar[str] = "pen_width"

    change: float = setting(0.015, "Most taken off or put on each edge, in heights.", minimum=0, maximum=_MOST)

    def params(self, u: Uniforms) -> Params:
        """``change``: of each edge in heights, positive for thicker."""
        return {"change": either(u[:, 0], self.change)}

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Remove layers of one pixel from ink or paper; the last layer may be a part of a pixel."""
        batch, channels, height, width = images.shape
        change = np.repeat(params["change"], channels) * height
        thicker, layers = change > 0, np.abs(change)
        drawn = images.cpu().numpy().reshape(-1, height, width)
        for layer in range(math.ceil(_MOST * height)):
            rows = np.flatnonzero(layers > layer)
            if not len(rows):
                break
            share = (layers[rows] - layer).clip(0, 1)
            # A layer taken off the ink makes an image lighter; one taken off the paper makes it darker.
            amount = (np.where(thicker[rows], -share, share).astype(np.float32) / 255)[:, None, None]
            if len(rows) == len(drawn):
                drawn = drawn + _layer(drawn, thicker) * amount
            else:
                drawn = drawn if layer else drawn.copy()
                drawn[rows] += _layer(drawn[rows], thicker[rows]) * amount
        return torch.from_numpy(drawn).view(batch, channels, height, width).to(images.device)


def _layer(drawn: NDArray[np.float32], thicker: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return how much a whole layer takes off the ink (off the paper if ``thicker``), uint8 ``[n, H, W]``.

    All images are stored in one flat array, each with a frame of one pixel. So the neighbors of all
    pixels in one direction are one slice of it. Outside of the canvas there is paper.
    """
    count, height, width = drawn.shape
    line = width + 2
    margin = _whole_words(line + 1)
    length = _whole_words(count * (height + 2) * line)
    flat = np.zeros(length + 2 * margin, np.uint8)
    frame = flat[margin : margin + count * (height + 2) * line].reshape(count, height + 2, line)
    outside = np.where(thicker, 255, 0).astype(np.uint8)[:, None, None]
    frame[:] = outside
    levels = drawn.clip(0, 1)
    levels *= 255
    levels += 0.5
    np.bitwise_xor(levels.astype(np.uint8), 255 - outside, out=frame[:, 1:-1, 1:-1])

    def side(step: int) -> NDArray[np.uint8]:
        return flat[margin + step : margin + step + length]

    ink, least = side(0), np.minimum(np.minimum(side(-line), side(line)), np.minimum(side(-1), side(1)))
    tall = np.maximum(np.maximum(flat[: -2 * line], flat[2 * line :]), flat[line:-line])
    begin = margin - line
    most = np.maximum(tall[begin - 1 : begin - 1 + length], tall[begin + 1 : begin + 1 + length])
    most = np.maximum(most, tall[begin : begin + length])
    core = (ink > most // _RIDGE) & (ink > _FAINT)
    inside = np.zeros_like(frame, dtype=bool)
    inside[:, 1:-1, 1:-1] = True
    free = np.zeros(length, bool)
    free[: inside.size] = inside.ravel()
    # The edge is removed first; otherwise a thin stroke might keep faint pixels and lose dark ones.
    words = _thinned(_words(core), _words(free & (ink <= _EDGE)), line)
    kept = np.unpackbits(_thinned(words, _words(free), line).view(np.uint8), bitorder="little")
    taken = (ink - np.minimum(ink, least)) * (1 - kept)
    return taken[: frame.size].reshape(frame.shape)[:, 1:-1, 1:-1]


def _whole_words(bits: int) -> int:
    return -(-bits // _WORD) * _WORD


def _words(marks: NDArray[np.bool_]) -> NDArray[np.uint64]:
    return np.packbits(marks, bitorder="little").view("<u8")


def _thinned(core: NDArray[np.uint64], free: NDArray[np.uint64], line: int) -> NDArray[np.uint64]:
    """Return the marked pixels without one layer of the ``free`` ones, in two passes from opposite sides.

    Each bit is a pixel, so 64 pixels are processed at once; ``line`` is the distance in bits to the pixel below.
    """
    margin = (line + 1) // _WORD + 2
    wide = np.zeros(len(core) + 2 * margin, np.uint64)
    for odd in (True, False):
        wide[margin:-margin] = core
        p2, p3, p4, p5, p6, p7, p8, p9 = (
            _moved(wide, margin, step) for step in (-line, 1 - line, 1, line + 1, line, line - 1, -1, -line - 1)
        )
        p23, p45, p67, p89 = p2 | p3, p4 | p5, p6 | p7, p8 | p9
        p34, p56, p78, p92 = p3 | p4, p5 | p6, p7 | p8, p9 | p2
        one_part = _exactly_one(~p2 & p34, ~p4 & p56, ~p6 & p78, ~p8 & p92)
        few = _two_or_more(p92, p34, p56, p78) & _two_or_more(p23, p45, p67, p89)
        few &= ~(p92 & p34 & p56 & p78 & p23 & p45 & p67 & p89)
        held = (p23 | ~p5) & p4 if odd else (p67 | ~p9) & p8
        core = core & ~(one_part & few & ~held & free)
    return core


def _moved(wide: NDArray[np.uint64], margin: int, step: int) -> NDArray[np.uint64]:
    """Return, for each bit, the bit ``step`` further on; ``wide`` has ``margin`` words of zeros at both ends."""
    whole, bits = divmod(step, _WORD)
    at, count = margin + whole, len(wide) - 2 * margin
    low, high = wide[at : at + count], wide[at + 1 : at + 1 + count]
    return low >> np.uint64(bits) | high << np.uint64(_WORD - bits) if bits else low


def _exactly_one(*four: NDArray[np.uint64]) -> NDArray[np.uint64]:
    a, b, c, d = four
    return (a ^ b ^ c ^ d) & ~(a & b | c & d)


def _two_or_more(*four: NDArray[np.uint64]) -> NDArray[np.uint64]:
    a, b, c, d = four
    either, other = a | b, c | d
    return (a & b) | (c & d) | (either & other)  # type: ignore[return-value]  # NumPy's stubs say bool
