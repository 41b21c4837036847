"""Assigns ink to boxes: every piece belongs to the box that holds most of it. Boxes that cannot be used are flagged.

- ``empty box``: there is no ink;
- ``crossed out``: a straight line leaves the box on two sides, two lines cross from corner to corner
  over other writing, or the box is filled;
- ``outside its box``: the writing reaches beyond the middle between two boxes, or is connected to a
  neighbor's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.sheets import strikes
from handgen.sheets.find import SCALE, window
from handgen.sheets.flatten import Shifts
from handgen.sheets.ink import Ink, with_edges
from handgen.sheets.layout import LINE, ROOM, Layout, Page, flat_lines

TAKEN, EMPTY, CROSSED, OUTSIDE = "taken", "empty box", "crossed out", "outside its box"

_LEAST = 0.12
"""Least area of writing in square millimeters; a full stop has more."""
_LOST = 0.15
"""Writing is outside its box if more than this many square millimeters lie beyond the middle between two boxes."""
_DARK, _NEAR, _WHOLE = 200, 0.3, 0.7
"""A printed line is in the ink if pixels below this gray, within so many mm of it, cover this share of its length."""
_BESIDE, _WITHIN = 0.15, 0.9
"""A piece is the rest of a printed line if this share of it lies within so many mm of the line."""
_SHARED = 0.2
"""Two boxes are entangled if more than this share of the ink in one belongs to the other."""


@dataclass(frozen=True)
class Box:
    """A box that was read.

    Attributes:
        char: the character that should be in it.
        number: its number on the page, from 0.
        state: ``TAKEN``, or why it was not taken.
        x: its left edge, in millimeters from the left edge of the page.
        y: its top edge, in millimeters from the top of the page.
        image: uint8 ``[H, W]``, dark ink on 255; it reaches ``ROOM`` beyond the box on each side.
    """

    char: str
    number: int
    state: str
    x: float
    y: float
    image: NDArray[np.uint8]


def cut_boxes(page: Page, ink: Ink, off: Shifts) -> list[Box]:
    """Return the boxes of a page with the writing in them.

    Args:
        page: says where the boxes should be, and which characters they have.
        ink: the page's ink.
        off: displacements of the boxes, from ``flatten.shifts``.
    """
    origins = [tuple(np.add(page.layout.origin(number), off[number]).tolist()) for number in range(len(page.chars))]
    inner, wide = _areas(page, ink, origins)
    owner = wide.argmax(axis=1)
    owner[wide.max(axis=1) == 0] = -1
    sizes = np.bincount(ink.pieces.ravel(), minlength=ink.count + 1)
    beyond = sizes - wide[np.arange(len(owner)), owner.clip(0)]
    pixel = 1 / SCALE**2
    boxes = []
    for number, (x, y) in enumerate(origins):
        own = np.flatnonzero(owner == number)
        own = own[own > 0]
        others = float(inner[1:, number].sum() - inner[own, number].sum()) * pixel
        own = own[~_of_lines(page, ink, x, y, page.chars[number], own, sizes[own])]
        image, mine = _cut(page, ink, x, y, own)
        area = float(sizes[own].sum()) * pixel
        entangled = others > max(_LOST, _SHARED * float(inner[1:, number].sum()) * pixel)
        if strikes.struck(mine, page.layout.box, page.chars[number]):
            state = CROSSED
        elif area < _LEAST and not entangled:
            state = EMPTY
        elif entangled or float(beyond[own].sum()) * pixel > _LOST:
            state = OUTSIDE
        else:
            state = TAKEN
        boxes.append(Box(page.chars[number], number, state, x, y, image))
    return boxes


def share_with_lines(boxes: list[Box], layout: Layout) -> float:
    """Return the share of the boxes whose ink has a printed line in it: one that is dark for most of its length."""
    return sum(_has_line(box, layout) for box in boxes) / max(1, len(boxes))


def _has_line(box: Box, layout: Layout) -> bool:
    dark = box.image < _DARK
    lines = [(0.0, at, layout.box, 0.0) for at in (0.0, layout.box)]
    lines += [] if layout.inside else flat_lines(layout.box, box.char)[:1]
    flat = [
        dark[window(ROOM, ROOM + y - _NEAR, layout.box, height + 2 * _NEAR)].any(axis=0) for _, y, _, height in lines
    ]
    steep = [dark[window(ROOM + x - _NEAR, ROOM, 2 * _NEAR, layout.box)].any(axis=1) for x in (0.0, layout.box)]
    return any(bool(line.size) and float(line.mean()) > _WHOLE for line in (*flat, *steep))


def _areas(page: Page, ink: Ink, origins: list[tuple[float, ...]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many pixels of each piece lie in each box, and in each box with ``ROOM``: ``[pieces + 1, boxes]``."""
    inner = np.zeros((ink.count + 1, len(origins)), np.int64)
    wide = np.zeros_like(inner)
    for number, (x, y) in enumerate(origins):
        for table, room in ((inner, 0.0), (wide, ROOM)):
            side = page.layout.box + 2 * room
            pieces = ink.pieces[window(x - room, y - room, side, side)]
            counts = np.bincount(pieces[pieces > 0], minlength=ink.count + 1)
            table[:, number] = counts
    return inner, wide


def _of_lines(
    page: Page, ink: Ink, x: float, y: float, char: str, own: NDArray[np.intp], sizes: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return which of the pieces ``own`` are rests of a printed line: they lie on the line and are no wider."""
    layout, side = page.layout, page.layout.box + 2 * ROOM
    pieces = ink.pieces[window(x - ROOM, y - ROOM, side, side)]
    printed = np.zeros(pieces.shape, bool)
    half = LINE / 2 + _BESIDE
    lines = [(0.0, at - half, layout.box, 2 * half) for at in (0.0, layout.box)]
    lines += [(at - half, 0.0, 2 * half, layout.box) for at in (0.0, layout.box)]
    if not layout.inside:
        lines += [(left, top - _BESIDE, w, h + 2 * _BESIDE) for left, top, w, h in flat_lines(layout.box, char)]
    for left, top, width, height in lines:
        printed[window(ROOM + left, ROOM + top, width, height)] = True
    within = np.bincount(pieces[printed], minlength=ink.count + 1)[own]
    found: NDArray[np.bool_] = within >= _WITHIN * sizes
    return found


def _cut(
    page: Page, ink: Ink, x: float, y: float, own: NDArray[np.intp]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the writing of a box as a picture, and which pixels belong to the pieces ``own``."""
    side = page.layout.box + 2 * ROOM
    part = window(x - ROOM, y - ROOM, side, side)
    mine = np.isin(ink.pieces[part], own)
    return np.round(255 * (1 - with_edges(ink, mine, part))).astype(np.uint8), mine
