"""Strokes of any script, traced from a font: its glyphs thinned to centerlines, and these put into strokes.

A centerline is a graph of lines between ends and junctions. Spurs that thinning leaves at corners are cut off,
junctions that are one crossing are made one, and there the lines that go straight on are one stroke.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.fonts.align import source_placement
from handgen.fonts.coverage import survey
from handgen.fonts.face import FontRef
from handgen.fonts.outline import Outlines
from handgen.fonts.raster import Placement, Rasterizer
from handgen.metrics.skeleton import thinned
from handgen.strokes.base import Strokes
from handgen.strokes.graph import edges_of, strokes_of

SIDE = 128
"""Glyphs are drawn so large, in pixels, to be traced."""
_BASELINE = 0.88
_BATCH = 64
_PAPER = 128


def trace(font: FontRef, chars: str, *, fill: bool = True, placement: Placement | None = None) -> dict[str, Strokes]:
    """Trace the characters that a font draws; those it does not draw are left out.

    Args:
        font: the face.
        chars: the characters.
        fill: scale the glyphs so that they fill the square as a whole, as ``render`` does; else one em is its side.
        placement: where glyphs go on a canvas of ``SIDE`` pixels, instead of either.

    Raises:
        FontError, UsageError: the font cannot be opened.
    """
    outlines = Outlines(font)
    coverage = survey(outlines, chars)
    if not coverage.drawn:
        return {}
    if placement is None:
        em = Placement(SIDE, SIDE, SIDE / 2, _BASELINE * SIDE)
        placement = source_placement(coverage.boxes, SIDE) if fill else em
    images = Rasterizer(outlines, SIDE, placement).draw_all(coverage.drawn)
    found: dict[str, Strokes] = {}
    for start in range(0, len(images), _BATCH):
        some = traced_all(images[start : start + _BATCH] < _PAPER)
        found.update(zip(coverage.drawn[start : start + _BATCH], some, strict=True))
    return {char: strokes for char, strokes in found.items() if strokes}


def traced_all(ink: NDArray[np.bool_]) -> list[Strokes]:
    """Return the strokes of glyphs, bool ``[B, side, side]``, each as ``traced`` returns them."""
    return _strokes(ink, thinned(torch.from_numpy(ink)).numpy())


def traced(ink: NDArray[np.bool_], line: NDArray[np.bool_]) -> Strokes:
    """Return the strokes of one glyph in writing order.

    Args:
        ink: bool ``[h, w]``, square.
        line: its centerlines, one pixel wide, likewise.
    """
    return _strokes(ink[None], line[None])[0]


def _strokes(ink: NDArray[np.bool_], lines: NDArray[np.bool_]) -> list[Strokes]:
    width = np.maximum(2.0, ink.sum((1, 2)) / np.maximum(lines.sum((1, 2)), 1)).tolist()
    raw = [strokes_of(edges, wide) for edges, wide in zip(edges_of(lines), width, strict=True)]
    reach = np.clip(np.array(width) / 3, 1, 4).astype(np.int64)
    flat = _smoothed([stroke for strokes in raw for stroke in strokes], np.repeat(reach, [len(each) for each in raw]))
    made, first = [], 0
    for strokes in raw:
        some = flat[first : first + len(strokes)]
        made.append(tuple(_in_order([_turned(stroke / np.float32(ink.shape[1])) for stroke in some])))
        first += len(strokes)
    return made


def _smoothed(strokes: list[NDArray[np.float32]], reach: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    """Take the stairs of pixels out of lines, and most of their points; their ends stay.

    Args:
        strokes: ``[n, 2]`` each, in pixels.
        reach: int64 ``[len(strokes)]``, how many pixels to either side a mean is of.
    """
    if not strokes:
        return []
    closed = [len(stroke) > 4 and bool((stroke[0] == stroke[-1]).all()) for stroke in strokes]
    more = [2 * int(r) if ring else 0 for r, ring in zip(reach, closed, strict=True)]
    # A ring goes on beyond its ends, so that they are as smooth as the rest.
    longer = [s[np.arange(-m, len(s) + m - 1) % (len(s) - 1)] if m else s for s, m in zip(strokes, more, strict=True)]
    sizes = np.array([len(each) for each in longer])
    ends = np.cumsum(sizes)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    first, last, wide = (ends - sizes)[owner], ends[owner] - 1, reach[owner]
    at = np.arange(len(owner))
    low, high = np.maximum(at - wide, first), np.minimum(at + wide, last)
    xy = np.concatenate(longer).astype(np.float64)
    for _ in range(2):
        sums = np.concatenate([np.zeros((1, 2)), np.cumsum(xy, axis=0)])
        total = sums[high + 1] - sums[low]
        total += (wide - (at - low))[:, None] * xy[first] + (wide - (high - at))[:, None] * xy[last]
        mean = total / (2 * wide + 1)[:, None]
        fixed = (at == first) | (at == last)
        mean[fixed] = xy[fixed]
        xy = mean
    made = []
    for end, size, extra, ring in zip(ends.tolist(), sizes.tolist(), more, closed, strict=True):
        stroke = xy[end - size + extra : end - extra]
        stroke = np.concatenate([stroke, stroke[:1]]) if ring else stroke
        keep = np.unique(np.round(np.linspace(0, len(stroke) - 1, max(2, len(stroke) // 3 + 1))).astype(int))
        made.append(stroke[keep].astype(np.float32))
    return made


def _turned(stroke: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let a stroke run as it is written: to the right, or down; a closed one from its top, to the left."""
    if (stroke[0] == stroke[-1]).all() and len(stroke) > 3:
        body = np.roll(stroke[:-1], -int(np.argmin(stroke[:-1, 1])), axis=0)
        x, y = body.T
        clockwise = float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) > 0  # y is down
        body = np.roll(body[::-1], 1, axis=0) if clockwise else body
        return np.concatenate([body, body[:1]])
    dx, dy = stroke[-1] - stroke[0]
    forward = dx > 0 if abs(dx) > 1.5 * abs(dy) else dy > 0
    return stroke if forward else stroke[::-1].copy()


def _in_order(strokes: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Sort strokes by where they begin: from the top left; what begins at one point, from left to right."""
    return sorted(strokes, key=lambda s: (round(float(s[0, 1] + 0.4 * s[0, 0]), 1), float(s[:, 0].mean())))
