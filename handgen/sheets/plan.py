"""Plans a writing sheet, that is, distributes characters over pages, and prints it as a PDF."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path

from handgen.errors import FontError, UsageError
from handgen.files import replacing
from handgen.fonts.charsets import is_written
from handgen.fonts.coverage import survey
from handgen.fonts.face import FontRef
from handgen.fonts.outline import Outlines
from handgen.registry import nearest
from handgen.sheets import code
from handgen.sheets.layout import (
    CELL,
    GRAY,
    LINE,
    MARKER,
    MARKER_CELLS,
    MARKERS,
    PAPERS,
    Layout,
    Page,
    Paper,
    code_corner,
    flat_lines,
    grid,
    marker_places,
)
from handgen.sheets.pdf import Canvas, pdf_of

SMALLEST, LARGEST = 10.0, 40.0
"""Smallest and largest side of a box that a user can choose, in millimeters."""
_USUAL = tuple(half / 2 for half in range(40, 27, -1))
"""Sides of boxes that are tried by default, 20 mm down to 14 mm."""
_ABOVE, _INSIDE = 4.0, 0.8
"""Size (em) of guide characters: in millimeters above a box; as a fraction of the box inside it."""
_TEXT = 3.0
_HOW = "One character a box, with a dark pen. Spoilt? Strike it through, beyond both sides. Boxes may stay empty."


@dataclass(frozen=True)
class Sheet:
    """A sheet to be printed.

    Attributes:
        title: the title in its caption.
        font: the font of the guide characters.
        pages: its pages.
        skipped: reason -> characters that the font does not draw; they have no box.
    """

    title: str
    font: FontRef
    pages: tuple[Page, ...]
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def boxes(self) -> int:
        """Number of boxes on all pages."""
        return sum(len(page.chars) for page in self.pages)


def plan_sheet(
    chars: str,
    font: FontRef,
    *,
    title: str = "",
    paper: str = "a4",
    box: float | None = None,
    repeat: int = 1,
    inside: bool = False,
) -> Sheet:
    """Distribute characters over pages.

    Args:
        chars: the characters, each once.
        font: the font of the guide characters.
        title: the title in the caption.
        paper: name of one of ``PAPERS``.
        box: side of a box in millimeters; None = the largest from 14 to 20 with which the number of pages is smallest.
        repeat: number of boxes per character, side by side.
        inside: draw the guide characters inside the boxes, to be traced, instead of above them.

    Raises:
        UsageError: the paper is unknown, or the side of a box is out of range.
        FontError: the font cannot be read, or draws none of the characters.
    """
    papers = {each.name: each for each in PAPERS}
    if paper not in papers:
        raise UsageError(f"unknown paper '{paper}'", nearest(paper, papers))
    if box is not None and not SMALLEST <= box <= LARGEST:
        raise UsageError(f"--box {box:g} is out of range", f"It is from {SMALLEST:g} to {LARGEST:g} millimeters.")
    coverage = survey(font, "".join(char for char in chars if is_written(char)))
    if not coverage.drawn:
        raise FontError(f"{font.spec} draws none of the {len(chars)} characters", "Use another --font.")
    boxes = "".join(char * repeat for char in coverage.drawn)
    layout = _layout(papers[paper], boxes, box, inside)
    parts = _parts(boxes, layout)
    sheet = zlib.crc32(repr((boxes, layout)).encode())
    pages = tuple(Page(layout, part, number, len(parts), sheet) for number, part in enumerate(parts, 1))
    return Sheet(title, font, pages, coverage.skipped)


def _layout(paper: Paper, boxes: str, box: float | None, inside: bool) -> Layout:
    if box is not None:
        return grid(paper, box, inside)
    layouts = [grid(paper, side, inside) for side in _USUAL]
    return min(layouts, key=lambda layout: len(_parts(boxes, layout)))


def _parts(boxes: str, layout: Layout) -> list[str]:
    """Distribute the characters evenly over as few pages as possible; rows are full, except at the end."""
    room = min(layout.columns * layout.rows, code.room_for(boxes))
    pages = -(-len(boxes) // room)
    rows = -(-len(boxes) // (pages * layout.columns))
    each = min(room, rows * layout.columns)
    return [boxes[start : start + each] for start in range(0, len(boxes), each)]


def save_sheet_pdf(sheet: Sheet, out: Path) -> None:
    """Draw all pages into the PDF file ``out``, which is replaced in one step.

    Raises:
        HandgenError: the file cannot be written.
        FontError: the font cannot be opened.
    """
    pen = _Pen(Outlines(sheet.font))
    data = pdf_of([_draw(page, sheet.title, pen) for page in sheet.pages])
    with replacing(out) as temporary:
        temporary.write_bytes(data)


class _Pen:
    """Draws characters and lines of text; characters that the font lacks are left out."""

    def __init__(self, outlines: Outlines) -> None:
        self._outlines = outlines

    def char(self, canvas: Canvas, char: str, x: float, baseline: float, em: float, gray: float) -> float:
        """Draw a character with its left edge at ``x``; return its width in em."""
        outlines = self._outlines
        glyph = outlines.glyph(char)
        if not glyph or not outlines.load(glyph):
            return 0.3
        width = outlines.advance
        canvas.glyph(outlines.curves(), x + em * width / 2, baseline, em, gray)
        return width

    def text(self, canvas: Canvas, text: str, x: float, baseline: float, em: float = _TEXT) -> None:
        """Draw a line of text in black."""
        for char in text:
            x += em * self.char(canvas, char, x, baseline, em, 0.0)

    def middle(self, canvas: Canvas, char: str, x: float, y: float, side: float, gray: float) -> None:
        """Draw a character in the middle of a square, as large as its em-square allows."""
        if self._outlines.load(self._outlines.glyph(char)):
            em = _INSIDE * side
            # The middle of Chinese characters and of Latin capitals is about 0.36 em above the baseline.
            canvas.glyph(self._outlines.curves(), x + side / 2, y + side / 2 + 0.36 * em, em, gray)


def _draw(page: Page, title: str, pen: _Pen) -> Canvas:
    layout, canvas = page.layout, Canvas(page.layout.paper)
    cell = MARKER / MARKER_CELLS
    for (left, top), bits in zip(marker_places(layout.paper), MARKERS, strict=True):
        inner = MARKER_CELLS - 2
        canvas.rectangles([(left, top, MARKER, MARKER)])
        white = [divmod(number, inner) for number, bit in enumerate(bits) if bit == "1"]
        canvas.rectangles([(left + (c + 1) * cell, top + (r + 1) * cell, cell, cell) for r, c in white], 1.0)
    left, top, _, height = code_corner(layout.paper)
    canvas.rectangles(_runs(page, left, top))
    pen.text(canvas, _HOW, left, top + height + 1.9 * _TEXT)
    canvas.rectangles([layout.bar], GRAY)
    bar_left, bar_top, bar_width, bar_height = layout.bar
    caption = " · ".join(filter(None, (title, f"page {page.number} of {page.pages}", f"sheet {page.name}")))
    pen.text(canvas, f"handgen · {caption}", bar_left + bar_width + 4, bar_top + bar_height - 1)
    for number, char in enumerate(page.chars):
        _draw_box(canvas, layout, number, char, pen)
    return canvas


def _draw_box(canvas: Canvas, layout: Layout, number: int, char: str, pen: _Pen) -> None:
    (x, y), box = layout.origin(number), layout.box
    if layout.inside:
        pen.middle(canvas, char, x, y, box, GRAY)
    else:
        pen.char(canvas, char, x, y - 1.2, _ABOVE, GRAY)
        _draw_lines(canvas, x, y, box, char)
    canvas.frame((x, y, box, box), LINE, GRAY)


def _draw_lines(canvas: Canvas, x: float, y: float, box: float, char: str) -> None:
    """Draw a dashed cross for wide characters (Chinese, kana), a base line for others."""
    flat = flat_lines(box, char)
    canvas.rectangles([(x + left, y + top, width, height) for left, top, width, height in flat], GRAY)
    if len(flat) > 1:
        canvas.rectangles([(x + top, y + left, height, width) for left, top, width, height in flat], GRAY)


def _runs(page: Page, left: float, top: float) -> list[tuple[float, float, float, float]]:
    """Return rectangles for the black cells of the page code; vertical runs of cells are one rectangle."""
    runs = []
    for column, cells in enumerate(code.encode(page).T):
        row = 0
        while row < len(cells):
            end = row
            while end < len(cells) and cells[end]:
                end += 1
            if end > row:
                runs.append((left + column * CELL, top + row * CELL, CELL, (end - row) * CELL))
            row = end + 1
    return runs
