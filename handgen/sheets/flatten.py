"""Paper that is not flat: how far each box is from where four markers on flat paper would have it.

The boxes' lines are looked for near where they were printed. What is found is smoothed by a polynomial over the
page, so that a box whose lines are covered by writing goes with its neighbors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handgen.sheets.find import SCALE, Dark, window
from handgen.sheets.layout import GRAY, MARKER, Page, marker_places

REACH = 2.5
"""Millimeters by which a box may be off."""
_CLEAR = 0.35
"""A line is seen if it is so dark on its whole length, as a share of the guides' gray."""
_FEWEST = 24
"""With fewer boxes that are seen the paper is taken for a slanted plane."""
_DEGREE = 3
_ROUNDS = 5

Shifts = NDArray[np.float64]
"""``[boxes, 2]``: millimeters to the right and down."""


def shifts(dark: Dark, page: Page) -> Shifts:
    """Return how far each box of the page is off where it was printed.

    Args:
        dark: the page as ``find_page`` returns it.
        page: says where the boxes should be.
    """
    layout = page.layout
    origins = np.array([layout.origin(number) for number in range(len(page.chars))])
    middles = origins + layout.box / 2
    seen = np.array([_shift(dark, x, y, layout.box) for x, y in origins])
    # The markers are where they should be: they hold the polynomial at the page's corners.
    fixed = np.array(marker_places(layout.paper)) + MARKER / 2
    size = np.array([layout.paper.width, layout.paper.height])
    known = ~np.isnan(seen)
    found = np.zeros_like(seen)
    for axis in (0, 1):
        clear = known[:, axis]
        at = np.concatenate([middles[clear], fixed])
        off = np.concatenate([seen[clear, axis], np.zeros(len(fixed))])
        degree = _DEGREE if clear.sum() >= _FEWEST else 1
        found[:, axis] = _terms(middles / size, degree) @ _fitted(_terms(at / size, degree), off)
    return found.clip(-REACH, REACH)


def _terms(at: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """Return all products of powers of both coordinates up to a degree, ``[n, terms]``."""
    x, y = (2 * at - 1).T
    return np.stack([x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)], axis=1)


def _fitted(terms: NDArray[np.float64], off: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit by least squares, less what is far off."""
    keep = np.ones(len(off), bool)
    for _ in range(_ROUNDS):
        factors = np.asarray(np.linalg.lstsq(terms[keep], off[keep], rcond=None)[0], np.float64)
        rest = np.abs(terms @ factors - off)
        keep = rest <= max(0.1, 4 * float(np.median(rest[keep])))
    return factors


def _shift(dark: Dark, x: float, y: float, box: float) -> tuple[float, float]:
    """Return how far the lines of one box are off, across and down; not a number where they are not seen."""
    rows, columns = window(x - REACH, y - REACH, box + 2 * REACH, box + 2 * REACH)
    part = dark[rows, columns].clip(0, 1 - GRAY)  # writing is no better a line than a line is
    inner = round(REACH * SCALE)
    # A line lasts for the whole side, writing does not: so a median over the side.
    across = np.median(part[inner:-inner], axis=0)
    down = np.median(part[:, inner:-inner], axis=1)
    return _offset(across, box), _offset(down, box)


def _offset(profile: NDArray[np.floating], box: float) -> float:
    """Return by how many millimeters the two lines of a box are off where they were printed in a profile."""
    smooth = np.convolve(profile, [0.25, 0.5, 0.25], "same")
    length, span = round(box * SCALE), 2 * round(REACH * SCALE)
    if len(smooth) < length + span:
        return float("nan")
    first, second = smooth[:span], smooth[length : length + span]
    # Neighbors have lines as well, but not two that are a box apart.
    best = int(np.argmax(np.minimum(first, second) + 0.1 * (first + second)))
    if min(first[best], second[best]) < _CLEAR * (1 - GRAY):
        return float("nan")
    near = np.arange(max(0, best - 3), min(span, best + 4))
    weight = first[near] + second[near]
    return float((near * weight).sum() / weight.sum() + 0.5) / SCALE - REACH
