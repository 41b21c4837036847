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


def trace(font: FontRef, chars: str, *, fill: bool = True, place: Placement | None = None) -> dict[str, Strokes]:
    """Trace the characters that a font draws; those it does not draw are left out.

    Args:
        font: the face.
        chars: the characters.
        fill: scale the glyphs so that they fill the square as a whole, as ``render`` does; else one em is its side.
        place: where glyphs go on a canvas of ``SIDE`` pixels, in place of either.

    Raises:
        FontError, UsageError: the font cannot be opened.
    """
    outlines = Outlines(font)
    coverage = survey(outlines, chars)
    if not coverage.drawn:
        return {}
    if place is None:
        em = Placement(SIDE, SIDE, SIDE / 2, _BASELINE * SIDE)
        place = source_placement(coverage.boxes, SIDE) if fill else em
    images = Rasterizer(outlines, SIDE, place).draw_all(coverage.drawn)
    found = {}
    for start in range(0, len(images), _BATCH):
        ink = images[start : start + _BATCH] < _PAPER
        lines = thinned(torch.from_numpy(ink)).numpy()
        for char, mask, line in zip(coverage.drawn[start : start + _BATCH], ink, lines, strict=True):
            if strokes := traced(mask, line):
                found[char] = strokes
    return found


def traced(ink: NDArray[np.bool_], line: NDArray[np.bool_]) -> Strokes:
    """Return the strokes of one glyph in writing order.

    Args:
        ink: bool ``[h, w]``, square.
        line: its centerlines, one pixel wide, likewise.
    """
    if not line.any():
        return ()
    width = max(2.0, float(ink.sum()) / float(line.sum()))
    made = [_smoothed(stroke, width) for stroke in strokes_of(edges_of(line), width)]
    return tuple(_in_order([_turned(stroke / np.float32(len(ink))) for stroke in made]))


def _smoothed(stroke: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """Take the stairs of pixels out of a line, and most of its points; its ends stay."""
    closed = len(stroke) > 4 and bool((stroke[0] == stroke[-1]).all())
    reach = int(np.clip(width / 3, 1, 4))
    for _ in range(2):
        if len(stroke) < 3:
            break
        body = stroke[:-1] if closed else stroke
        padded = np.pad(body, ((reach, reach), (0, 0)), mode="wrap" if closed else "edge")
        sums = np.cumsum(np.pad(padded, ((1, 0), (0, 0))), axis=0, dtype=np.float64)
        mean = ((sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1)).astype(np.float32)
        if closed:
            stroke = np.concatenate([mean, mean[:1]])
        else:
            mean[0], mean[-1] = stroke[0], stroke[-1]
            stroke = mean
    keep = np.unique(np.round(np.linspace(0, len(stroke) - 1, max(2, len(stroke) // 3 + 1))).astype(int))
    made: NDArray[np.float32] = stroke[keep]
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
    """Sort strokes by where they begin: from the top left; what begins at one place, from left to right."""
    return sorted(strokes, key=lambda s: (round(float(s[0, 1] + 0.4 * s[0, 0]), 1), float(s[:, 0].mean())))
