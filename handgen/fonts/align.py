"""Scale and position of fonts on the canvas: the source font is fitted to it, and targets are aligned to the source.

If a style were larger, higher or narrower than the source, a model would spend capacity on that
instead of on shapes. So every target font gets one scale and one offset for each axis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from handgen.fonts.coverage import Coverage
from handgen.fonts.raster import Placement

MARGIN = 0.04
"""Free border around the source's ink, as a fraction of the canvas side."""

FEWEST = 8
"""A target with fewer characters in common with the source is not aligned: so few shapes say little."""

_TRIM = 0.05
"""Share of the edges that is cut off at both ends before their mean is taken."""
_STRETCH = 1.6
"""Largest ratio of the two scales."""
_EDGE_PERCENT = 1.0
"""Percentile of the ink's edges that must be on the canvas."""
_FEW, _FAR_SHARE = 4, 0.2
_DEVIATIONS, _NORMAL = 6.0, 1.4826
"""See ``far_out``; the last is the standard deviation of a normal distribution in median absolute deviations."""


@dataclass(frozen=True)
class Alignment:
    """How a style's glyphs were scaled and moved to match the source font's, in fractions of the canvas side.

    With the origin at the center of the canvas, x to the right and y down,
    ``aligned = (sx, sy) * natural + (dx, dy)``. The *natural* glyph is drawn at the source's pixels
    per em and on its baseline, with its advance width centered.
    """

    sx: float = 1.0
    sy: float = 1.0
    dx: float = 0.0
    dy: float = 0.0


def far_out(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which boxes are outliers, such as those of broken glyphs or long swashes.

    A box is an outlier if one of its edges is further from the median of that edge than the median size of a box, and
    further than six standard deviations of that edge (estimated from the median deviation). If more than a fifth of the
    boxes are such, they are typical of the font, and none counts as an outlier.

    Args:
        boxes: float ``[n, 4]`` in any unit.

    Returns:
        bool ``[n]``.
    """
    if len(boxes) < _FEW:
        return np.zeros(len(boxes), np.bool_)
    size = np.median(np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]))
    away = np.abs(boxes - np.median(boxes, axis=0))
    limit = np.maximum(size, _DEVIATIONS * _NORMAL * np.median(away, axis=0))
    far: NDArray[np.bool_] = (away > limit).any(axis=1)
    return far if far.mean() <= _FAR_SHARE else np.zeros(len(boxes), np.bool_)


def source_placement(boxes: NDArray[np.float64], size: int, margin: float = MARGIN) -> Placement:
    """Choose pixels per em and an origin so that the charset's ink fills the canvas without the margin.

    The ink of all characters together is centered. All glyphs have the same baseline, and the middles
    of their advance widths have the same x. Boxes that are ``far_out`` and the outermost 1 % of the ink's
    edges are ignored, so that one swash does not shrink all other glyphs.

    Args:
        boxes: float ``[n, 4]`` ink boxes in em, as ``Coverage.boxes``; n >= 1.
        size: side of the canvas in pixels.
        margin: free border, as a fraction of the side.
    """
    boxes = boxes[~far_out(boxes)]
    left, bottom = np.percentile(boxes[:, :2], _EDGE_PERCENT, axis=0)
    right, top = np.percentile(boxes[:, 2:], 100 - _EDGE_PERCENT, axis=0)
    scale = float(size * (1 - 2 * margin) / max(right - left, top - bottom, 1e-3))
    x = size / 2 - (left + right) / 2 * scale
    baseline = size / 2 + (bottom + top) / 2 * scale
    return Placement(scale, scale, float(x), float(baseline))


def natural_placement(placement: Placement, size: int) -> Placement:
    """Return the placement that ``Alignment`` calls natural: the source's, but centered on the advance."""
    return replace(placement, x=size / 2)


def source_alignment(placement: Placement, size: int) -> Alignment:
    """Return the alignment of the source font itself: only a shift in x, which centers its ink."""
    return Alignment(dx=placement.x / size - 0.5)


def fit_alignment(source: Coverage, target: Coverage, placement: Placement, size: int) -> Alignment:
    """Fit scale and offset of a target font so that its mean ink edges coincide with the source's.

    Let ``l, r`` be the mean left and right edges over the common characters (5 % trimmed at both ends), in
    fractions of the canvas from its center. Then ``sx = (r - l) / (r_target - l_target)`` and
    ``dx = (l + r) / 2 - sx * (l_target + r_target) / 2``; the same for y. Then scales are reduced around
    the middles until the target's 1st and 99th percentile edges are on the canvas, and until neither scale
    is more than 1.6 times the other. Characters that are ``far_out`` in either font are ignored.

    Args:
        source: coverage of the source font.
        target: coverage of the target font.
        placement: placement of the source, see ``source_placement``.
        size: side of the canvas in pixels.
    """
    common = set(source.drawn) & set(target.drawn) - set(oversized(source)) - set(oversized(target))
    if len(common) < FEWEST:
        return Alignment()
    ours = _canvas_boxes(source, common, placement, size)
    theirs = _canvas_boxes(target, common, natural_placement(placement, size), size)
    middle, span = _middle_and_span(ours)
    their_middle, their_span = _middle_and_span(theirs)
    low = their_middle - np.percentile(theirs[:, :2], _EDGE_PERCENT, axis=0)
    high = np.percentile(theirs[:, 2:], 100 - _EDGE_PERCENT, axis=0) - their_middle
    scale = np.min([span / their_span, (0.5 + middle) / low, (0.5 - middle) / high], axis=0)
    scale = np.minimum(scale, _STRETCH * scale[::-1])
    (sx, sy), (dx, dy) = scale, middle - scale * their_middle
    return Alignment(float(sx), float(sy), float(dx), float(dy))


def oversized(coverage: Coverage) -> str:
    """Return the characters whose glyphs are ``far_out``."""
    return "".join(char for char, far in zip(coverage.drawn, far_out(coverage.boxes), strict=True) if far)


def aligned_placement(placement: Placement, alignment: Alignment, size: int) -> Placement:
    """Return the placement that draws a font with its alignment.

    Args:
        placement: placement of the source.
        alignment: alignment of the font to draw.
        size: side of the canvas in pixels.
    """
    natural, middle = natural_placement(placement, size), size / 2
    return Placement(
        scale_x=natural.scale_x * alignment.sx,
        scale_y=natural.scale_y * alignment.sy,
        x=middle + alignment.dx * size,
        baseline=middle + alignment.sy * (natural.baseline - middle) + alignment.dy * size,
    )


def _canvas_boxes(coverage: Coverage, common: set[str], placement: Placement, size: int) -> NDArray[np.float64]:
    """Return ``[n, 4]`` left, top, right, bottom of the common characters, as fractions from the center."""
    rows = [row for row, char in enumerate(coverage.drawn) if char in common]
    left, bottom, right, top = coverage.boxes[rows].T
    x, y = placement.x / size - 0.5, placement.baseline / size - 0.5
    scale_x, scale_y = placement.scale_x / size, placement.scale_y / size
    return np.stack([x + left * scale_x, y - top * scale_y, x + right * scale_x, y - bottom * scale_y], axis=1)


def _middle_and_span(boxes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the middle ``(x, y)`` and the size ``(width, height)`` of the trimmed mean box."""
    cut = int(len(boxes) * _TRIM)
    mean = np.sort(boxes, axis=0)[cut : len(boxes) - cut].mean(axis=0)
    return (mean[:2] + mean[2:]) / 2, np.maximum(mean[2:] - mean[:2], 1e-6)
