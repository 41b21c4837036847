"""Finds a page in a picture: its corner markers, its perspective, its light, and its code.

Markers are found by the method of Garrido-Jurado et al. (2014, ArUco) in OpenCV, with markers of our own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.extras import load_extra
from handgen.sheets import code
from handgen.sheets.layout import (
    CELL,
    CODE_COLUMNS,
    CODE_ROWS,
    CORNERS,
    MARKER,
    MARKER_CELLS,
    MARKERS,
    PAPERS,
    Page,
    Paper,
    code_corner,
    marker_places,
)
from handgen.sheets.pictures import EXTRA

SCALE = 12
"""Resolution of a rectified page in pixels per millimeter; 305 dpi."""
_SIDES = (2400, 1200, None)
"""Longer sides in pixels to which the picture is reduced, one after another, to find markers; None = not reduced."""
_LEAST = 4.0
"""A page with fewer pixels per millimeter is too small to be read; 100 dpi."""
_CORRECTED = 3
"""Number of wrong cells of a marker that are corrected."""
_PAPER, _WIDE = 6.0, 30.0
"""Millimeters: wider than any stroke, and wider than a blackened box."""
_SMOOTH = 5
"""Side in pixels of the median filter that smooths the light and keeps the edges of shadows."""
_SHADOW = 0.5
"""A shadow has at least this share of the light around it; what is darker is ink."""
_COARSE = 4
"""The light is estimated on the page reduced by this factor."""
_SPARSE = 4
"""Medians are taken over every fourth row and column."""

Dark = NDArray[np.float32]
"""Darkness of a page, ``[H, W]``, ``SCALE`` pixels per millimeter: 0 = paper, 1 = printed black."""


class NoPageError(Exception):
    """A picture shows no page that can be read; the message says why."""


@dataclass(frozen=True)
class Found:
    """A page in a picture.

    Attributes:
        page: the content of its code.
        dark: the rectified page in even light.
        noise: standard deviation of the paper in ``dark``.
    """

    page: Page
    dark: Dark
    noise: float


def find_page(gray: NDArray[np.uint8]) -> Found:
    """Find a page in a picture, at any angle.

    Args:
        gray: the picture, ``[H, W]``.

    Raises:
        NoPageError: a marker is missing, there are several pages, or the page is too small or its code unreadable.
        HandgenError: OpenCV is not installed.
    """
    cv2 = load_extra("cv2", EXTRA)
    corners = _corners(gray, cv2)
    paper, matrix = _perspective(corners, cv2)
    dark, noise = _even(_from_above(gray, paper, matrix, corners, cv2), paper, cv2)
    return Found(_read_code(dark, paper, cv2), dark, noise)


def _corners(gray: NDArray[np.uint8], cv2: Any) -> NDArray[np.float32]:
    """Return the corners of the four markers in the picture, ``[4, 4, 2]``, in the order of ``CORNERS``.

    Raises:
        NoPageError: a marker is missing, or occurs twice.
    """
    detector = _detector(cv2)
    seen: dict[int, NDArray[np.float32]] = {}
    for side in _SIDES:
        factor = min(1.0, side / max(gray.shape)) if side else 1.0
        smaller = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else gray
        corners, numbers, _ = detector.detectMarkers(smaller)
        found = [] if numbers is None else numbers.ravel().tolist()
        if any(count > 1 for count in Counter(found).values()):
            raise NoPageError("several sheets are in one picture")
        # OpenCV's coordinates are whole numbers at the centers of pixels, in both sizes of the picture.
        now = {number: (corner[0] + 0.5) / factor - 0.5 for number, corner in zip(found, corners, strict=True)}
        seen = now if len(now) > len(seen) else seen
        if len(seen) == len(MARKERS):
            return np.stack([seen[number] for number in range(len(MARKERS))]).astype(np.float32)
    if not seen:
        raise NoPageError("no writing sheet: not one corner marker is seen")
    lacking = [name for number, name in enumerate(CORNERS) if number not in seen]
    names = " and ".join(filter(None, (", ".join(lacking[:-1]), lacking[-1])))
    raise NoPageError(f"the {names} corner {'marker is' if len(lacking) == 1 else 'markers are'} not seen")


def _detector(cv2: Any) -> Any:
    inner = MARKER_CELLS - 2
    cells = [np.array([*bits], np.uint8).reshape(inner, inner) for bits in MARKERS]
    bits = np.concatenate([cv2.aruco.Dictionary.getByteListFromBits(each) for each in cells])
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    return cv2.aruco.ArucoDetector(cv2.aruco.Dictionary(bits, inner, _CORRECTED), parameters)


def _perspective(corners: NDArray[np.float32], cv2: Any) -> tuple[Paper, NDArray[np.float64]]:
    """Return the paper that fits the markers best, and the homography from millimeters on it to pixels."""
    tried = []
    for paper in PAPERS:
        there = np.array([_square(x, y) for x, y in marker_places(paper)], np.float32)
        matrix, _ = cv2.findHomography(there.reshape(-1, 1, 2), corners.reshape(-1, 1, 2))
        if matrix is not None:
            off = cv2.perspectiveTransform(there.reshape(-1, 1, 2), matrix) - corners.reshape(-1, 1, 2)
            tried.append((float(np.abs(off).mean()), paper, matrix))
    if not tried:
        raise NoPageError("the corner markers are not those of one page")
    _, paper, matrix = min(tried, key=lambda each: each[0])
    return paper, matrix


def _square(x: float, y: float) -> list[tuple[float, float]]:
    return [(x, y), (x + MARKER, y), (x + MARKER, y + MARKER), (x, y + MARKER)]


def _from_above(
    gray: NDArray[np.uint8], paper: Paper, matrix: NDArray[np.float64], corners: NDArray[np.float32], cv2: Any
) -> NDArray[np.uint8]:
    """Return the rectified page, ``SCALE`` pixels per millimeter."""
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    if float(sides.mean()) < _LEAST * MARKER:
        raise NoPageError(f"the page is too small in the picture, {sides.mean() / MARKER * 25.4:.0f} dpi")
    factor = min(1.0, SCALE * MARKER / float(sides.min()))  # warpPerspective does not average when it reduces
    if factor < 0.8:
        gray = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    else:
        factor = 1.0
    shift = (factor - 1) / 2
    smaller = np.array([[factor, 0, shift], [0, factor, shift], [0, 0, 1]])
    # The center of pixel 0 of the result is half a pixel from the paper's edge.
    to_mm = np.array([[1 / SCALE, 0, 0.5 / SCALE], [0, 1 / SCALE, 0.5 / SCALE], [0, 0, 1]])
    size = (round(paper.width * SCALE), round(paper.height * SCALE))
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    seen: NDArray[np.uint8] = cv2.warpPerspective(
        gray, smaller @ matrix @ to_mm, size, flags=how, borderMode=cv2.BORDER_REPLICATE
    )
    return seen


def _even(seen: NDArray[np.uint8], paper: Paper, cv2: Any) -> tuple[Dark, float]:
    """Remove shadows: divide by the light on the paper, which a morphological closing estimates.

    Returns:
        The darkness of the page, and the standard deviation of its paper.

    Raises:
        NoPageError: printed black is not darker than paper.
    """
    small = cv2.resize(seen, None, fx=1 / _COARSE, fy=1 / _COARSE, interpolation=cv2.INTER_AREA)
    near, around = (_closed(small, length, cv2).astype(np.float32) for length in (_PAPER, _WIDE))
    light = cv2.medianBlur(np.maximum(near, _SHADOW * around), _SMOOTH)
    # At the smoothed edge of a shadow the light of the darker side counts; otherwise the edge would look like ink.
    light = cv2.erode(light, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    light = cv2.resize(np.maximum(light, 1), seen.shape[::-1], interpolation=cv2.INTER_LINEAR)
    level = seen / light
    level /= np.median(level[::_SPARSE, ::_SPARSE])  # the closing is biased to light pixels; the median is paper
    black = float(np.median(np.concatenate([level[mask].ravel() for mask in _black(paper)])))
    if black > 0.8:
        raise NoPageError("it is too pale or too dark to be read")
    dark: Dark = np.subtract(1, level, out=level)
    dark *= np.float32(1 / (1 - black))
    return dark, 1.4826 * float(np.median(np.abs(dark[::_SPARSE, ::_SPARSE])))


def _closed(small: NDArray[np.uint8], length: float, cv2: Any) -> NDArray[np.uint8]:
    """Replace dark areas narrower than ``length`` millimeters by the light around them."""
    side = int(length * SCALE / _COARSE) | 1
    kernel = np.ones((side, side), np.uint8)
    closed: NDArray[np.uint8] = cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel, borderType=cv2.BORDER_REPLICATE)
    return closed


def _black(paper: Paper) -> list[tuple[slice, slice]]:
    """Return windows that are printed black: the upper and lower rows of cells of the markers, without their rims."""
    cell = MARKER / MARKER_CELLS
    rows = [(left, y) for left, top in marker_places(paper) for y in (top, top + MARKER - cell)]
    return [window(left + cell / 4, y + cell / 4, MARKER - cell / 2, cell / 2) for left, y in rows]


def window(x: float, y: float, width: float, height: float) -> tuple[slice, slice]:
    """Return the slices (rows, columns) of a rectangle given in millimeters."""
    left, top = max(0, round(x * SCALE)), max(0, round(y * SCALE))
    return slice(top, max(top, round((y + height) * SCALE))), slice(left, max(left, round((x + width) * SCALE)))


def _read_code(dark: Dark, paper: Paper, cv2: Any) -> Page:
    """Read the page code. On bent paper it is displaced, so several displacements and bends are tried.

    Raises:
        NoPageError: the code cannot be read.
    """
    left, top, width, height = code_corner(paper)
    rows, columns = window(left - 3, top - 3, width + 6, height + 6)
    near = cv2.blur(dark[rows, columns], (5, 5))
    x = (left + (np.arange(CODE_COLUMNS) + 0.5) * CELL) * SCALE - 0.5 - columns.start
    y = (top + (np.arange(CODE_ROWS) + 0.5) * CELL) * SCALE - 0.5 - rows.start
    arch = 1 - np.linspace(-1, 1, CODE_COLUMNS) ** 2
    steps = sorted((0.0, 0.4, -0.4, 0.8, -0.8, 1.2, -1.2, 1.6, -1.6, 2.0, -2.0), key=abs)
    tries = sorted(product(steps, steps[:5], steps[:5]), key=lambda each: sum(map(abs, each)))
    why = "the page code cannot be read"
    for bend, across, down in tries:
        at_y = np.rint(y[:, None] + (bend * arch + down)[None, :] * SCALE).astype(int)
        at_x = np.rint(x + across * SCALE).astype(int)[None, :]
        cells = near[at_y.clip(0, near.shape[0] - 1), at_x.clip(0, near.shape[1] - 1)] > 0.5
        try:
            return code.decode(cells)
        except code.UnreadableError as error:
            why = str(error)
    raise NoPageError(why)
