"""Ink with the line width, darkness, evenness and resolution that were measured on scans."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.degrade.base import Effect, Params, Uniforms, column, noise_id
from handgen.degrade.crowding import Crowding
from handgen.degrade.fields import smooth_field
from handgen.degrade.filters import gaussian
from handgen.degrade.pen_width import PenWidth
from handgen.degrade.resize import coarsened
from handgen.settings import setting

_MOST = 0.04
"""Most that is taken off or put on each edge, in heights; see ``pen_width``."""
_INK = 0.08
"""A pixel that is darker than paper by less than this is no ink."""
_THINNEST = 1.0
"""Least width of a line in pixels; thinner lines would be lost."""
_WIDER = 1.6
"""A line becomes at most this many times wider; more would turn the ragged edge of a pencil into spikes."""
_FAINTEST = 0.2
"""Least darkness of the darkest ink of an image, 1 = black."""
_BROAD, _BROADER = (0.08, 0.28), 5.0
"""Widths of a broad pen's lines: those of MNIST's and scikit-learn's digits; and how many times wider they are made."""
_SMALL = (7.0, 15.0)
"""Sides, in pixels, of characters that a broad pen wrote and that are scanned coarsely: scikit-learn's have 8."""
_SWOLLEN, _SOFT = 1.5, 2.5
"""Before a line becomes much wider it is smoothed: then that many times wider, and 2.5 times as wide as the blur."""
_SOLID, _SHARP = 1.6, 1.5
"""Ink is solid from 1 / 1.6 of the darkest; and its edge becomes no steeper than 1 / 1.5 pixels."""
_FULL = 0.4
"""A broad pen's lines cover at most this share of the square."""
_SIMPLE, _BLACK = 3.0, 0.25
"""Broad pens write simple characters: their lines are shorter than 3 sides, and they cover less than a quarter of the
square as drawn, for where lines touch one another none of this can be measured."""
_PALER = 0.3
"""Of ink that is nearly black, what is not black at most."""
_COARSEST, _FINE = 0.25, 5.0
"""Least share of the resolution that is left of a simple character, and where a broad pen wrote, its line stays a pixel
wide. Others keep 5 pixels a side for each side's length of line, or nobody could read them."""
_FILLED, _APART, _SEEN, _KEPT = 0.5, 4.0, 0.35, 0.5
"""Lines of a crowded character are at most this share of their distance wide, stay 3.5 pixels apart on a scan, are at
least so dark, and are not made thinner than half of what they were: or people take it for another."""
_TURNS, _NEAR = 2, 0.12
"""How often the width is measured and corrected, and how far off, as a share of it, the second time leaves it."""
_PRESSURE = 0.22
"""Distance between the knots of the pressure field, in heights."""
_SIXTEENTHS = 16
_CACHED = 1 << 16
"""Pixels that are measured together: what is made of them on the way stays in a core's own cache."""


@dataclass(frozen=True)
class RealInk(Effect):
    """Lines with the width, darkness, evenness and scanning resolution of real handwriting.

    The width of a line is relative to the longer side of the character; the font's own stroke width does not matter.
    ``real_ink.json`` has the distributions that ``examples/people/ink.py`` measured on scans.
    """

    name: ClassVar[str] = "real_ink"
    group: ClassVar[str] = "line"

    width: float = setting(1.0, "Width of lines, 1 = as on scans.", minimum=0.3, maximum=3)
    coarse: float = setting(0.5, "Share of samples scanned as coarsely as small writing is.", minimum=0, maximum=1)
    broad: float = setting(0.0, "Share written with a broad pen, of samples of few strokes.", minimum=0, maximum=1)
    dark: float = setting(0.0, "Share of samples in ink that is nearly black.", minimum=0, maximum=1)
    least: float = setting(0.0, "Ink is at least so dark, 1 = black.", minimum=0, maximum=1)

    def params(self, u: Uniforms) -> Params:
        """``width``: of lines / longer side of the character; ``side``: that side in pixels on the scan, 0 = as it is.

        ``density``: darkness of the ink; ``uneven``: greatest loss by low pressure; ``noise``: names the pressure.
        """
        known = measured()
        with_broad = u[:, 6] < self.broad
        small = np.where(with_broad, _between(_SMALL, u[:, 1]), _drawn(known["side"], u[:, 1]))
        side = np.where(u[:, 4] < self.coarse, small, 0.0)
        black = 1 - _PALER * u[:, 2]
        return {
            "width": self.width * np.where(with_broad, _between(_BROAD, u[:, 0]), _drawn(known["width"], u[:, 0])),
            "side": side,
            "density": np.clip(np.where(u[:, 7] < self.dark, black, _drawn(known["density"], u[:, 2])), self.least, 1),
            "uneven": np.minimum(0.8, _drawn(known["uneven"], u[:, 3])),
            "noise": noise_id(u[:, 5]),
        }

    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Give lines their width, vary the pressure, and reduce the resolution."""
        lined, side, finest, crowded = _lined(images, params["width"])
        # In place: new tensors of this size cost more than the arithmetic.
        pressure = smooth_field(params["noise"], "real ink", images, _PRESSURE).mul_(0.9).add_(0.5).clamp_(0, 1)
        density = _from_one(pressure.mul_(column(params["uneven"], images))).mul_(
            column(np.maximum(params["density"], _SEEN * crowded), images)
        )
        density /= (1 - lined.amin((1, 2, 3), keepdim=True)).clamp_(min=_FAINTEST)  # a pencil's is not made pale twice
        inked = _from_one((1 - lined).mul_(density))
        share = np.where((params["side"] > 0) & (side > 0), params["side"] / np.maximum(side, 1), 1.0)
        share = np.minimum(np.ceil(np.maximum(share, finest) * _SIXTEENTHS) / _SIXTEENTHS, 1)
        return _seen(_scanned(inked, share), images)


def _from_one(values: Tensor) -> Tensor:
    """Return one less the values, which are overwritten."""
    return values.neg_().add_(1)


def _seen(images: Tensor, before: Tensor) -> Tensor:
    """Give images, in place, ink that can be seen: a faint pen on a coarse scan might leave almost nothing."""
    darkest, was = (1 - each.amin((1, 2, 3), keepdim=True) for each in (images, before))
    lost = ((darkest < _FAINTEST) & (was >= _FAINTEST)).flatten().nonzero()[:, 0]
    if len(lost):
        images[lost] = 1 - (1 - images[lost]) * (_FAINTEST / darkest[lost].clamp(min=1e-3))
    return images


def _scanned(images: Tensor, share: NDArray[np.float64]) -> Tensor:
    """Give images a lower resolution, in place; ``share`` (``[B]``) is new pixels / old pixels of a side."""
    height, width = images.shape[-2:]
    for factor in np.unique(share[share < 1]):
        rows = torch.from_numpy(np.flatnonzero(share == factor)).to(images.device)
        size = (max(1, round(height * factor)), max(1, round(width * factor)))
        images.index_copy_(0, rows, coarsened(images.index_select(0, rows), *size, sharp=True))
    return images


def _lined(
    images: Tensor, width: NDArray[np.float64]
) -> tuple[Tensor, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give lines a width, ``[B]``, relative to the character's longer side.

    Returns:
        The images; that side in pixels; the least share of the resolution that leaves it legible; how crowded they are.
    """
    height = images.shape[-2]
    drawn, side, ink = _lines(_darkest(images))
    ink /= np.maximum(1 - images.amin((1, 2, 3)).cpu().numpy(), _FAINTEST)
    length = ink / np.maximum(drawn * side, 1e-9)
    simple = (length < _SIMPLE) & (ink < _BLACK * side**2)
    broad = np.where(simple, np.minimum(_BROADER * drawn, _FULL * side / np.maximum(length, 1e-9)), drawn)
    wider = np.where(width < _BROAD[0], _WIDER * drawn, broad)
    crowding = Crowding.of(_darkest(images).cpu().numpy(), drawn, side)
    wanted = np.minimum(width * side, wider)
    legible = np.minimum(np.maximum(wanted, _KEPT * drawn), _FILLED * crowding.distance)
    wanted, now = np.maximum(wanted + crowding.share * (legible - wanted), _THINNEST), drawn.copy()
    for _ in range(_TURNS):
        ragged = np.flatnonzero((now > 0) & (wanted > _WIDER * now))
        if len(ragged):
            rows = torch.from_numpy(ragged).to(images.device)
            smooth = _smoothed(images.index_select(0, rows), now[ragged])
            images, now[ragged] = images.index_copy(0, rows, smooth), line_widths(_darkest(smooth))[0]
    for turn in range(_TURNS):  # one turn is not enough: a layer of a gray edge is less than a whole pixel
        if turn:
            now, _ = line_widths(_darkest(images))
        off = (now > 0) & (np.abs(wanted - now) > (_NEAR * wanted if turn else 0))
        change = np.where(off, (wanted - now) / 2 / height, 0.0)
        images = PenWidth().apply(images, {"change": np.clip(change, -_MOST, _MOST).round(3)})
    coarsest = np.where(width < _BROAD[0], _COARSEST, 1 / wanted)
    finest = np.where(simple, coarsest, _FINE * length / np.maximum(side, 1))
    finest = np.maximum(finest, crowding.share * _APART / np.maximum(crowding.distance, 1))
    return images, side, finest, crowding.share


def _smoothed(images: Tensor, drawn: NDArray[np.float64]) -> Tensor:
    """Return images with lines of one darkness and smooth edges: layers put on ragged ones grow into teeth of a comb.

    The ink is blurred; what is darker than a blurred line at half of the new width from its middle becomes ink.

    Args:
        images: ``[B, C, H, W]``, 1 = paper.
        drawn: ``[B]``, widths of lines in pixels, over 0.
    """
    darkest = (1 - images).amax((1, 2, 3), keepdim=True)
    solid = ((1 - images) * (_SOLID / darkest.clamp(min=1e-3))).clamp(max=1)
    wanted, sigma = _SWOLLEN * drawn, _SWOLLEN * drawn / _SOFT
    far, near = (wanted + drawn) / (2 * sigma), (wanted - drawn) / (2 * sigma)
    level = [0.5 * torch.special.erf(torch.from_numpy(x / np.sqrt(2))).numpy() for x in (far, near)]
    slope = (np.exp(-near * near / 2) - np.exp(-far * far / 2)) / (np.sqrt(2 * np.pi) * sigma)
    blurred = gaussian(solid, sigma / images.shape[-2])
    line = (blurred - column(level[0] - level[1], images)) / column(_SHARP * slope, images) + 0.5
    return 1 - line.clamp_(0, 1) * darkest


def line_widths(images: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the width of lines, and the longer side of the ink's box, in pixels: ``[B]`` each, 0 without ink.

    A stroke of width w and length l has w * l of ink, and edges of length 2 l. So w is twice the ink divided by the sum
    of the gradients. For a line of text the side is at most the height of the image.

    Args:
        images: ``[B, H, W]``, 1 = paper.
    """
    return _lines(images)[:2]


def _darkest(images: Tensor) -> Tensor:
    """Return the darkest channel at each pixel: ``[B, H, W]`` of ``[B, C, H, W]``."""
    return images[:, 0] if images.shape[1] == 1 else images.amin(1)


def _lines(images: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return what ``line_widths`` does, and how much ink there is, in black pixels."""
    drawn = images.cpu().numpy()
    some = max(1, _CACHED // drawn[0].size)
    parts = [_lines_of(drawn[start : start + some]) for start in range(0, len(drawn), some)]
    width, side, whole = (np.concatenate(values) for values in zip(*parts, strict=True))
    return width, side, whole


def _lines_of(
    drawn: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    ink: NDArray[np.float32] = 1 - drawn
    ink *= ink >= _INK
    edges = np.empty_like(ink)
    np.subtract(ink[:, :, 1:], ink[:, :, :-1], out=edges[:, :, :-1])
    edges[:, :, -1] = ink[:, :, -1]  # beyond the canvas there is paper
    edges *= edges
    down = ink.copy()
    down[:, :-1] -= ink[:, 1:]
    down *= down
    edges += down
    np.sqrt(edges, out=edges)
    length = edges.reshape(len(ink), -1).sum(1).astype(np.float64)
    whole = ink.reshape(len(ink), -1).sum(1).astype(np.float64)
    width = 2 * whole / np.maximum(length, 1e-9)
    sides = [_extent(ink.max(axis) > 0.3) for axis in (1, 2)]
    return width, np.minimum(np.maximum(*sides), ink.shape[1]).astype(np.float64), whole


def _extent(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how far it is from the first to the last that is marked, both included: ``[B]`` of ``[B, n]``."""
    return np.where(marked.any(1), marked.shape[1] - marked[:, ::-1].argmax(1) - marked.argmax(1), 0)


@functools.cache
def measured() -> dict[str, Any]:
    """Return name -> the 5th, 25th, 50th, 75th and 95th percentile of its distribution."""
    text = resources.files("handgen.degrade").joinpath("real_ink.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _between(ends: tuple[float, float], u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn uniform numbers in [0, 1) into numbers between two ends, all ratios alike."""
    low, high = ends
    return np.asarray(low * (high / low) ** u)


def _drawn(percentiles: list[float], u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn uniform numbers in [0, 1) into numbers from a distribution that is given by five percentiles."""
    low, _, middle, _, high = percentiles
    ends = (max(low * low / middle, 1e-3), *percentiles, high * high / middle)
    return np.asarray(np.interp(u, (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1), ends))
