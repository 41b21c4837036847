"""Measures how far each box is displaced because the paper is not flat, which four corner markers do not show.

The lines of the boxes are looked for near their printed positions. A polynomial over the page is fitted to the
displacements, so that a box whose lines are covered by writing moves with its neighbors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handgen.sheets.find import SCALE, Dark, window
from handgen.sheets.layout import GRAY, MARKER, Page, marker_places

REACH = 2.5
"""Largest displacement in millimeters."""
_CLEAR = 0.35
"""A line is seen if its median darkness is at least this share of the guides' darkness."""
_FEWEST = 24
"""If fewer boxes are seen, a linear function is fitted instead of a polynomial."""
_DEGREE = 3
_ROUNDS = 5

Shifts = NDArray[np.float64]
"""Displacements of the boxes, float64 ``[boxes, 2]``: millimeters to the right and down."""


def shifts(dark: Dark, page: Page) -> Shifts:
    """Return the displacement of each box of the page.

    Args:
        dark: the page, from ``find_page``.
        page: says where the boxes should be.
    """
    layout = page.layout
    origins = np.array([layout.origin(number) for number in range(len(page.chars))])
    middles = origins + layout.box / 2
    seen = np.array([_shift(dark, x, y, layout.box) for x, y in origins])
    # The markers are not displaced; they fix the polynomial at the corners of the page.
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
    """Return all monomials of both coordinates up to a degree, ``[n, terms]``."""
    x, y = (2 * at - 1).T
    return np.stack([x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)], axis=1)


def _fitted(terms: NDArray[np.float64], off: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coefficients of a least-squares fit that leaves out outliers."""
    keep = np.ones(len(off), bool)
    for _ in range(_ROUNDS):
        factors = np.asarray(np.linalg.lstsq(terms[keep], off[keep], rcond=None)[0], np.float64)
        rest = np.abs(terms @ factors - off)
        keep = rest <= max(0.1, 4 * float(np.median(rest[keep])))
    return factors


def _shift(dark: Dark, x: float, y: float, box: float) -> tuple[float, float]:
    """Return the displacement of one box, to the right and down; NaN if its lines are not seen."""
    rows, columns = window(x - REACH, y - REACH, box + 2 * REACH, box + 2 * REACH)
    part = dark[rows, columns].clip(0, 1 - GRAY)  # dark writing must not count more than a printed line
    inner = round(REACH * SCALE)
    # The median along a side shows a line, which has the length of the side, but no writing.
    across = np.median(part[inner:-inner], axis=0)
    down = np.median(part[:, inner:-inner], axis=1)
    return _offset(across, box), _offset(down, box)


def _offset(profile: NDArray[np.floating], box: float) -> float:
    """Return the displacement in millimeters of the two parallel lines of a box in a profile across them; or NaN."""
    smooth = np.convolve(profile, [0.25, 0.5, 0.25], "same")
    length, span = round(box * SCALE), 2 * round(REACH * SCALE)
    if len(smooth) < length + span:
        return float("nan")
    first, second = smooth[:span], smooth[length : length + span]
    # Neighboring boxes have lines too, but no two of them are one side of a box apart.
    best = int(np.argmax(np.minimum(first, second) + 0.1 * (first + second)))
    if min(first[best], second[best]) < _CLEAR * (1 - GRAY):
        return float("nan")
    near = np.arange(max(0, best - 3), min(span, best + 4))
    weight = first[near] + second[near]
    return float((near * weight).sum() / weight.sum() + 0.5) / SCALE - REACH
