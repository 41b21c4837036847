"""Ink told from guides: what is no darker than the bar in the guides' gray is none."""

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
"""Square millimeters; smaller spots are dirt."""
_EDGE = 2
"""Pixels beside ink that belong to it though they are paler than the guides: its soft edges."""
_FLOOR, _CEILING = 0.15, 0.55
_NOISE = 5
_BESIDE, _DARKEST, _WRITTEN_ON = 0.1, 90, 60
"""Millimeters beside a line that may be a part of it, and the percentiles of its darkness that count."""
AS_DARK = "its gray guides are as dark as ink: print it again, or scan it in gray, without sharpening"
_BLURS = (0.0, 1.0, 1.5, 2.0, 3.0)
"""Pixels. A printer makes gray of black dots; they are smoothed until they are even."""


@dataclass(frozen=True)
class Ink:
    """The ink on a page, in pieces that hang together.

    Attributes:
        dark: how dark it is, float32 ``[H, W]``, 0 where there is none.
        pieces: int32 ``[H, W]``, the number of a pixel's piece from 1; 0 = none.
        count: how many there are.
        floor: darkness from which on it is ink.
    """

    dark: Dark
    pieces: NDArray[np.int32]
    count: int
    floor: float


def find_ink(found: Found, off: Shifts) -> Ink:
    """Find the ink on a page.

    Args:
        found: the page.
        off: how far each of its boxes is off, as ``flatten.shifts`` returns it.

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
    """Return some pieces of the ink with their soft edges.

    Args:
        ink: the page's.
        mine: bool ``[h, w]``, the pixels of these pieces within ``part``.
        part: slices of a part of the page.
    """
    cv2 = load_extra("cv2", EXTRA)
    side = 2 * _EDGE + 1
    around = cv2.dilate(mine.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    others = (ink.pieces[part] > 0) & ~mine
    dark: Dark = np.where(around & ~others, ink.dark[part], 0).clip(0, 1).astype(np.float32)
    return dark


def _floor(found: Found, off: Shifts, cv2: Any) -> tuple[Dark, float]:
    """Return the page, smoothed if need be, and the darkness that guides and noise do not reach.

    A scanner that sharpens makes thin lines darker than the bar, so they are looked at as well.
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
    """Return how dark the lines around boxes and in them are: of each kind the median, of a line the darkest parts.

    Much of a line in a box may be written on, so less of it counts.
    """
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
