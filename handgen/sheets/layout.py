"""The layout of a page of a writing sheet, in millimeters from the upper left corner, y down.

    marker   page code                       marker
    a line of instructions
    guide    guide    guide ...
    [box]    [box]    [box]
    ...
    marker   guides' gray, caption           marker

The four markers in the corners have different patterns, so a picture of the page shows which side is up.
Everything except markers, code and caption is printed in one light gray; a bar near the lower edge shows
how dark printer and camera made this gray.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A paper size: its name, and its width and height in millimeters."""

    name: str
    width: float
    height: float


PAPERS = (Paper("a4", 210.0, 297.0), Paper("letter", 215.9, 279.4))
"""The page code stores the index in this tuple, so new sizes must be added at the end."""

CORNERS = ("upper left", "upper right", "lower right", "lower left")
MARKERS = (
    "1111000110000010001110010",
    "0110010000001111111110111",
    "0011111100011010111010000",
    "1110111101000101010011000",
)
"""The inner cells of the markers, in the order of ``CORNERS``: five rows of five cells, 1 = white.

Any two markers in any orientation differ in at least 12 of 25 cells; so does each marker from itself turned.
"""
MARKER_CELLS = 7
"""Side of a marker in cells, with its black border."""
MARKER, EDGE = 12.0, 9.0
"""Side of a marker, and its distance from the edges of the paper; many printers cannot print the outer 5 mm."""

CELL = 0.8
CODE_COLUMNS, CODE_ROWS = 200, 16
"""The page code: side of a cell, and numbers of cells."""

GRAY = 0.7
"""Lightness of the guides; 1 = paper."""
LINE = 0.3
"""Width of the boxes' lines."""
ROOM = 1.5
"""Half the distance between two boxes: writing may cross the lines of its box by this much."""
GUIDE = 4.5
"""Height of the strip above a box for its guide character."""
_SIDE, _TOP, _BOTTOM = 10.0, 30.5, 23.5
_BAR = (30.0, 4.0)

Rectangle = tuple[float, float, float, float]
"""Left, top, width and height."""


@dataclass(frozen=True)
class Layout:
    """The grid of boxes on a page. Lengths are whole tenths of a millimeter, as the page code stores them.

    Attributes:
        paper: the paper size.
        box: side of a box.
        columns: number of boxes in a row.
        rows: largest number of rows.
        left: left edge of the first box.
        top: top edge of the first box.
        pitch_x: distance from one box to the next.
        pitch_y: distance from one row to the next.
        inside: whether guide characters are drawn inside the boxes, to be traced; else above them.
    """

    paper: Paper
    box: float
    columns: int
    rows: int
    left: float
    top: float
    pitch_x: float
    pitch_y: float
    inside: bool = False

    def origin(self, number: int) -> tuple[float, float]:
        """Return left and top of a box; boxes are numbered from 0, row by row."""
        row, column = divmod(number, self.columns)
        return self.left + column * self.pitch_x, self.top + row * self.pitch_y

    @property
    def bar(self) -> Rectangle:
        """The bar in the guides' gray."""
        width, height = _BAR
        return EDGE + MARKER + 6, self.paper.height - EDGE - MARKER / 2 - height / 2, width, height


@dataclass(frozen=True)
class Page:
    """One page of a sheet, as its page code describes it.

    Attributes:
        layout: the grid of boxes.
        chars: the characters of the boxes, in order; with several boxes for a character, it is repeated.
        number: number of the page, from 1.
        pages: number of pages of the sheet.
        sheet: number of the sheet: a hash of all its characters and of its layout.
    """

    layout: Layout
    chars: str
    number: int
    pages: int
    sheet: int

    @property
    def name(self) -> str:
        """The name of the sheet: its number as eight hexadecimal digits."""
        return f"{self.sheet:08x}"


def grid(paper: Paper, box: float, inside: bool = False) -> Layout:
    """Return the layout with as many boxes as fit on the paper.

    Args:
        paper: the paper size.
        box: side of a box.
        inside: see ``Layout``.
    """
    above = 0.0 if inside else GUIDE
    pitch_x, pitch_y = box + 2 * ROOM, box + above + (2 * ROOM if inside else ROOM)
    columns = int((paper.width - 2 * _SIDE + 2 * ROOM) // pitch_x)
    rows = int((paper.height - _TOP - _BOTTOM - above + ROOM) // pitch_y)
    left, top = (paper.width - columns * pitch_x) / 2 + ROOM, _TOP + above
    return Layout(
        paper, _tenth(box), columns, rows, _tenth(left), _tenth(top), _tenth(pitch_x), _tenth(pitch_y), inside
    )


def flat_lines(box: float, char: str) -> list[Rectangle]:
    """Return the horizontal guide lines inside a box, relative to its upper left corner.

    Wide characters (Chinese, kana) have dashes through the middle, others have a base line.
    """
    thin, dash = LINE / 2, box / 20
    if unicodedata.east_asian_width(char) in "WF":
        return [(dash * (step + 0.25), box / 2 - thin / 2, dash, thin) for step in range(0, 20, 2)]
    return [(dash, 0.7 * box, box - 2 * dash, thin)]


def _tenth(length: float) -> float:
    return round(10 * length) / 10


def marker_places(paper: Paper) -> list[tuple[float, float]]:
    """Return left and top of the four markers, in the order of ``CORNERS``."""
    right, bottom = paper.width - EDGE - MARKER, paper.height - EDGE - MARKER
    return [(EDGE, EDGE), (right, EDGE), (right, bottom), (EDGE, bottom)]


def code_corner(paper: Paper) -> Rectangle:
    """Return the rectangle of the page code."""
    width, height = CODE_COLUMNS * CELL, CODE_ROWS * CELL
    return (paper.width - width) / 2, EDGE, width, height
