"""Separates ink from guides: only pixels darker than the printed bar in the guides' gray are ink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.extras import load_extra
from handgen.sheets.find import SCALE, Dark, Found, NoPageError, window
from handgen.sheets.flatten import Shifts
from handgen.sheets.layout import LINE, Page, Rectangle, flat_lines
from handgen.sheets.pictures import EXTRA

SPECK = 0.05
"""Spots smaller than this many square millimeters are dirt."""
_EDGE = 2
"""Pixels this close to ink are its soft edge, although they are paler than the guides."""
_FLOOR, _CEILING = 0.15, 0.55
"""Lowest and highest threshold between guides and ink."""
_NOISE = 5
"""The threshold is at least this many standard deviations of the paper."""
_BESIDE, _DARKEST, _WRITTEN_ON = 0.1, 90, 60
"""A line's darkness is looked for within this distance in mm. The second number is the percentile of the darkness
along lines around boxes, the third along those inside them, much of which may be written on."""
AS_DARK = "its gray guides are as dark as ink: print it again, or scan it in gray, without sharpening"
_BLURS = (0.0, 1.0, 1.5, 2.0, 3.0)
"""Radii in pixels. Printers make gray from black dots; stronger and stronger blurs are tried until they merge."""


@dataclass(frozen=True)
class Ink:
    """The ink on a page, in connected pieces.

    Attributes:
        dark: darkness of the page, float32 ``[H, W]``, 0 = paper.
        pieces: int32 ``[H, W]``, number of the piece that a pixel belongs to, from 1; 0 = no ink.
        count: number of pieces.
        floor: the darkness above which pixels are ink.
    """

    dark: Dark
    pieces: NDArray[np.int32]
    count: int
    floor: float


def find_ink(found: Found, off: Shifts) -> Ink:
    """Find the ink on a page.

    Args:
        found: the page.
        off: displacements of its boxes, from ``flatten.shifts``.

    Raises:
        NoPageError: guides and ink cannot be told apart.
    """
    cv2 = load_extra("cv2", EXTRA)
    dark, floor = _floor(found, off, cv2)
    strong = (dark > floor).astype(np.uint8)
    _, pieces, facts, _ = cv2.connectedComponentsWithStats(strong, connectivity=8)
    specks = facts[:, cv2.CC_STAT_AREA] < SPECK * SCALE**2
    specks[0] = True
    numbers = np.cumsum(~specks, dtype=np.int32)
    pieces = np.where(specks, 0, numbers)[pieces].astype(np.int32)
    return Ink(dark, pieces, int(numbers[-1]), floor)


def with_edges(ink: Ink, mine: NDArray[np.bool_], part: tuple[slice, slice]) -> Dark:
    """Return the darkness of some pieces of ink with their soft edges, 0 elsewhere, ``[h, w]``.

    Args:
        ink: the page's ink.
        mine: bool ``[h, w]``, the pixels of these pieces within ``part``.
        part: slices (rows, columns) of a part of the page.
    """
    cv2 = load_extra("cv2", EXTRA)
    side = 2 * _EDGE + 1
    around = cv2.dilate(mine.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    others = (ink.pieces[part] > 0) & ~mine
    dark: Dark = np.where(around & ~others, ink.dark[part], 0).clip(0, 1).astype(np.float32)
    return dark


def _floor(found: Found, off: Shifts, cv2: Any) -> tuple[Dark, float]:
    """Return the page, blurred if necessary, and a threshold that guides and noise do not reach.

    A sharpening scanner makes thin lines darker than the bar, so the lines are measured too.

    Raises:
        NoPageError: guides are as dark as ink.
    """
    x, y, width, height = found.page.layout.bar
    bar = window(x + 1, y + 1, width - 2, height - 2)
    for blur in _BLURS:
        dark = cv2.GaussianBlur(found.dark, (0, 0), blur) if blur else found.dark
        guide = max(float(np.percentile(dark[bar], 95)), _lines(dark, found.page, off))
        noise = found.noise if not blur else found.noise / (2 * blur)
        floor = max(_FLOOR, 1.1 * guide + 0.03, _NOISE * noise)
        if floor <= _CEILING:
            return dark, floor
    raise NoPageError(AS_DARK)


def _lines(dark: Dark, page: Page, off: Shifts) -> float:
    """Return the darkness of the printed lines: the larger of the medians of those around boxes and those inside."""
    around, within = [], []
    half, side = LINE / 2 + _BESIDE, page.layout.box
    for number, char in enumerate(page.chars):
        x, y = np.add(page.layout.origin(number), off[number]).tolist()
        across = [(x + 1, at - half, side - 2, 2 * half) for at in (y, y + side)]
        down = [(at - half, y + 1, 2 * half, side - 2) for at in (x, x + side)]
        around += [_along(dark, area, _DARKEST) for area in (*across, *down)]
        if not page.layout.inside:
            windows = [(x + left, y + top - _BESIDE, w, h + 2 * _BESIDE) for left, top, w, h in flat_lines(side, char)]
            within.append(float(np.median([_along(dark, area, _WRITTEN_ON) for area in windows])))
    return max(float(np.median(kind)) if kind else 0.0 for kind in (around, within))


def _along(dark: Dark, area: Rectangle, percentile: float) -> float:
    part = dark[window(*area)]
    return float(np.percentile(part.max(axis=int(part.shape[0] > part.shape[1])), percentile)) if part.size else 0.0
