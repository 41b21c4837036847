"""Breaks text into lines that fit the room, and has the page's writer draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from handgen.glyphs.ink import INK
from handgen.lines.draws import Draw
from handgen.lines.layout import is_wide
from handgen.lines.synthesis import LineJob, LineSynthesis
from handgen.pages.amend import Amendments, CharBox, DrawnLine, with_insertion, with_overwriting
from handgen.pages.text import Piece, divided, joined, pieces_of

LINES_PER_PAGE = 4096
_NARROW = 0.4
"""Width of a usual character relative to a square one."""
_FIRST_RATE = 0.8
"""Assumed width of a square character in line heights, until a line was measured."""
_TIGHT, _LOOSE = 1.05, 0.86
"""A line is broken again if its width relative to the room is outside of this range."""
_TRIES = 5
_DIVISIBLE = 3.0
"""A word is divided only if there is room for this many usual characters at the end of the line."""


@dataclass(frozen=True)
class BrokenLine:
    """A line of a paragraph.

    Attributes:
        drawn: the drawn line.
        first, last: its first and last piece; they may be parts of divided words.
    """

    drawn: DrawnLine
    first: Piece
    last: Piece


class PageWriter:
    """The writer of a page.

    Args:
        synthesis: draws lines, with boxes.
        page: number of the page; all random numbers follow from it.
        style: number of the style.
        amend: the writer's corrections.
        hyphens: share of the words at the end of a line that are divided if they do not fit.
        draw: makes the random choices.
    """

    def __init__(
        self, synthesis: LineSynthesis, page: int, style: int, amend: Amendments, hyphens: float, draw: Draw
    ) -> None:
        self.synthesis, self._page, self._style = synthesis, page, style
        self._amend, self._hyphens, self._draw = amend, hyphens, draw
        self._count = 0
        self._rate = _FIRST_RATE * synthesis.height

    def write(self, text: str) -> DrawnLine:
        """Draw a text as one line."""
        index = self._page * LINES_PER_PAGE + self._count
        self._count += 1
        (sample,) = self.synthesis.write([LineJob(index, text, self._style, self._page)])
        assert isinstance(sample.image, np.ndarray)
        image = sample.image if sample.image.ndim == 2 else sample.image.min(axis=2)
        meta = dict(sample.meta)
        boxes: list[CharBox | None] = [box and tuple(box) for box in meta.pop("boxes")]
        return DrawnLine(sample.text, image, boxes, boxes, meta)

    def broken(self, pieces: Sequence[Piece], rooms: Sequence[float]) -> list[BrokenLine]:
        """Return lines of text, at most one for each room; fewer if the text ends before.

        Args:
            pieces: the text.
            rooms: width of each line in pixels. No word is divided at the end of the last line.
        """
        left = list(pieces)
        lines: list[BrokenLine] = []
        for room in rooms:
            if not left:
                break
            count, line = self._fitted(left, room, len(lines) < len(rooms) - 1)
            lines.append(BrokenLine(line, left[0], left[count - 1]))
            left = left[count:]
        return lines

    def one(self, text: str, room: float) -> DrawnLine:
        """Return as much of a text as fits into one line."""
        return self.broken(pieces_of(text), [room])[0].drawn

    def _fitted(self, pieces: list[Piece], room: float, divide: bool) -> tuple[int, DrawnLine]:
        """Return how many pieces fit into a line, and the line. If a word is divided, ``pieces`` is changed."""
        divide = divide and self._draw.chance(self._hyphens)
        count = self._count_of(pieces, room)
        for _ in range(_TRIES):
            parts = self._divided(pieces, count, room) if divide else None
            line = self.write(joined([*pieces[:count], *(parts or ())[:1]]))
            width = _width(line)
            self._rate = width / max(_units(line.text), 0.5)
            fitting = self._count_of(pieces, room)
            if width > _TIGHT * room and (parts or count > 1):
                count, divide = count if parts else min(count - 1, fitting), False
            elif width < _LOOSE * room and count < fitting:
                count = fitting
            else:
                break
        else:
            count, parts = max(1, count - 1), None
            line = self.write(joined(pieces[:count]))
        if parts:
            pieces[count : count + 1] = parts
            count += 1
        amended = self._amended(joined(pieces[:count]), room)
        return count, amended or _squeezed(line, room)

    def _count_of(self, pieces: Sequence[Piece], room: float) -> int:
        """Return how many pieces fit if characters are as wide as in the last line; at least one."""
        units = room / self._rate
        for count in range(1, len(pieces) + 1):
            if _units(joined(pieces[:count])) > units:
                return max(1, count - 1)
        return len(pieces)

    def _divided(self, pieces: Sequence[Piece], count: int, room: float) -> tuple[Piece, Piece] | None:
        """Return two parts of piece ``count``, the first of which fits into the line; None if it cannot be divided."""
        free = room / self._rate - _units(joined(pieces[:count])) - _NARROW
        if count == len(pieces) or free < _DIVISIBLE * _NARROW:
            return None
        return divided(pieces[count], free / _units(pieces[count].text))

    def _amended(self, text: str, room: float) -> DrawnLine | None:
        """Return the line with a correction; None if it gets none."""
        amend, draw = self._amend, self._draw
        insert, over = draw.chance(amend.insertions), draw.chance(amend.overwrites)
        line = with_insertion(text, self.write, amend, draw) if insert else None
        line = line or (with_overwriting(text, self.write, amend, draw) if over else None)
        return line and _squeezed(line, room)


def _units(text: str) -> float:
    """Return the approximate width of a text, in square characters."""
    return sum(1.0 if is_wide(char) else _NARROW for char in text)


def ink_span(line: DrawnLine) -> tuple[int, int]:
    """Return the x where a line's ink begins and ends, in pixels."""
    columns = np.flatnonzero((line.image < INK).any(axis=0))
    return (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, line.image.shape[1])


def _width(line: DrawnLine) -> int:
    first, last = ink_span(line)
    return last - first


def _squeezed(line: DrawnLine, room: float) -> DrawnLine:
    """Return the line, made narrower if it is wider than the room."""
    width = _width(line)
    if width <= room:
        return line
    scale = room / width
    size = max(1, int(line.image.shape[1] * scale)), line.image.shape[0]
    image = np.asarray(Image.fromarray(line.image).resize(size, Image.Resampling.BILINEAR))

    def narrowed(boxes: list[CharBox | None]) -> list[CharBox | None]:
        return [box and (int(box[0] * scale), box[1], int(box[2] * scale) + 1, box[3]) for box in boxes]

    return replace(line, image=image, boxes=narrowed(line.boxes), base=narrowed(line.base))
