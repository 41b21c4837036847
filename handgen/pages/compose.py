"""Composes a page: a sheet, its writer, paragraphs or the fields of a form, and their positions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from handgen.fonts.bidi import base_level
from handgen.lines.cut import Limits
from handgen.lines.draws import Draw
from handgen.lines.synthesis import LineSynthesis
from handgen.lines.texts import Texts
from handgen.pages.amend import Amendments, CharBox, DrawnLine
from handgen.pages.baseline import base_line, polygon
from handgen.pages.flow import BrokenLine, PageWriter, ink_span
from handgen.pages.form import Form, Printed
from handgen.pages.paper import Look, Sheet, painted, pen_of
from handgen.pages.record import (
    FIELD,
    LEFT_TO_RIGHT,
    PARAGRAPH,
    PRINTED,
    RIGHT_TO_LEFT,
    Block,
    Box,
    Page,
    PageLine,
    Word,
)
from handgen.pages.settings import FORM
from handgen.pages.text import PageTexts, Piece, pieces_of
from handgen.pages.warp import PageWarp, resampled
from handgen.seeds import generator

_PAD = 2.0
_PARAGRAPH, _REMARKS = (120, 700), (30, 250)
"""Ranges of the least number of characters in a paragraph, and in a form's field of several lines."""


@dataclass(frozen=True)
class PageStyle:
    """What pages are like.

    Attributes:
        size: width and height in pixels.
        papers: some of ``settings.PAPERS``; all are equally likely.
        hyphens: share of the words at the end of a line that are divided if they do not fit.
        skew: largest rotation of a page in degrees.
        curve: about the largest displacement by bent paper, in line heights.
        amend: the writers' corrections.
    """

    size: tuple[int, int]
    papers: tuple[str, ...]
    hyphens: float = 0.3
    skew: float = 1.0
    curve: float = 0.12
    amend: Amendments = field(default_factory=Amendments)


@dataclass
class _Placed:
    """A line on the flat page: its block, its text, and its boxes there."""

    kind: str
    block: int
    name: str
    text: str
    boxes: Sequence[CharBox | None]
    base: Sequence[CharBox | None]
    parts: tuple[Piece | None, Piece | None]
    meta: dict[str, object]


class PageComposer:
    """Composes pages. Page i depends only on the synthesis, the texts and i.

    Args:
        synthesis: draws lines, with boxes.
        texts_of: returns the texts for a page.
        style_of: returns the number of the style for a page.
        style: what pages are like.
    """

    def __init__(
        self,
        synthesis: LineSynthesis,
        texts_of: Callable[[int], Texts],
        style_of: Callable[[int], int],
        style: PageStyle,
    ) -> None:
        self._synthesis, self._texts_of, self._style_of, self._style = synthesis, texts_of, style_of, style

    def page(self, index: int) -> Page:
        """Compose a page."""
        rng = generator(self._synthesis.seed, "page", index)
        draw = Draw(rng, "", Limits())
        sheet = Sheet.drawn(draw, draw.pick(self._style.papers), self._style.size, self._synthesis.height)
        look = Look.drawn(draw, pen_of(draw))
        style = self._style_of(index)
        writer = PageWriter(self._synthesis, index, style, self._style.amend, self._style.hyphens, draw)
        desk = _Desk(sheet, self._synthesis.height, draw)
        texts = PageTexts(self._texts_of(index), index)
        if sheet.paper == FORM:
            _fill_form(desk, sheet, writer, texts, draw)
        else:
            _fill_plain(desk, sheet, writer, texts, draw)
        bend = self._style.curve * self._synthesis.height
        warp = PageWarp.drawn(rng, sheet.size, self._style.skew, bend)
        grid = warp.grid()
        image = painted(sheet, look, [resampled(desk.ink, grid), resampled(desk.printed, grid)], grid, rng)
        known = self._synthesis.styles[style]
        writer_name = known.get("writer", f"{known['style']}-{index + 1}")
        meta = {**known, "writer": writer_name, "paper": sheet.paper, "pen": look.pen, "page": index}
        return Page(index, image, _blocks(desk.lines, warp, self._synthesis.height, meta), meta)


class _Desk:
    """The flat page while it is being written."""

    def __init__(self, sheet: Sheet, height: int, draw: Draw) -> None:
        self._height, self._draw, self._sheet = height, draw, sheet
        self.ink = np.full((sheet.size[1], sheet.size[0]), 255, np.uint8)
        self.printed = self.ink.copy()
        self.lines: list[_Placed] = []

    def put(
        self,
        line: DrawnLine,
        x: float,
        rule: float,
        kind: str,
        block: int,
        name: str = "",
        parts: tuple[Piece | None, Piece | None] = (None, None),
        right: float | None = None,
    ) -> None:
        """Put a line on the page.

        Args:
            line: the line.
            x: where its ink begins.
            rule: y of its base line.
            kind: kind of its block.
            block: number of its block.
            name: name of its field, if it is in a form.
            parts: its first and last piece, which may be parts of a divided word.
            right: right edge of the room; lines from right to left end there.
        """  # fmt: skip
        base = base_line(line.text, line.base, self._height)
        first, last = ink_span(line)
        if right is not None and base_level(line.text):
            x = max(x, right - (last - first))
        level = float(np.median(base[:, 1])) + 0.02 * self._height * (2 * self._draw.fraction() - 1)
        dx, dy = round(x) - first, round(rule - level)
        moved, shape = line.shifted(dx, dy), self.ink.shape
        y0, x0 = max(dy, 0), max(dx, 0)
        y1, x1 = min(dy + line.image.shape[0], shape[0]), min(dx + line.image.shape[1], shape[1])
        if y1 > y0 and x1 > x0:
            part = self.ink[y0:y1, x0:x1]
            np.minimum(part, line.image[y0 - dy : y1 - dy, x0 - dx : x1 - dx], out=part)
        self.lines.append(_Placed(kind, block, name, line.text, moved.boxes, moved.base, parts, dict(line.meta)))

    def put_all(self, lines: Sequence[BrokenLine], xs: Sequence[float], rules: Sequence[float], block: int) -> None:
        """Put the lines of a paragraph on the page."""
        right = self._sheet.area[2]
        for line, x, rule in zip(lines, xs, rules, strict=False):
            self.put(line.drawn, x, rule, PARAGRAPH, block, parts=(line.first, line.last), right=right)

    def print(self, prints: Sequence[Printed], block: int) -> None:
        """Add the records of printed texts; their ink is already on the page."""
        for number, each in enumerate(prints):
            self.lines.append(_Placed(PRINTED, block + number, "", each.text, each.boxes, each.boxes, (None, None), {}))


def _fill_plain(desk: _Desk, sheet: Sheet, writer: PageWriter, texts: PageTexts, draw: Draw) -> None:
    """Fill a page with paragraphs."""
    left, _, right, _ = sheet.area
    rules = list(sheet.rules)
    rules = rules[: max(2, round(len(rules) * min(1.0, 0.6 + 0.6 * draw.fraction())))]
    indent = draw.pick((0.0, 0.0, 1.2, 2.0)) * sheet.pitch
    block, row = 0, draw.between(0, 1) if len(rules) > 6 else 0
    while row < len(rules):
        pieces = pieces_of(texts.paragraph(draw.between(*_PARAGRAPH), draw))
        here = rules[row:]
        # The left edge of a person's lines wanders a little.
        xs = [
            left + (indent if number == 0 else 0) + 0.12 * sheet.pitch * draw.fraction() for number in range(len(here))
        ]
        rooms = [right - x - 0.1 * sheet.pitch * draw.fraction() for x in xs]
        lines = writer.broken(pieces, rooms)
        desk.put_all(lines, xs, here, block)
        row += len(lines) + (1 if not indent or draw.chance(0.3) else 0)
        block += 1


def _fill_form(desk: _Desk, sheet: Sheet, writer: PageWriter, texts: PageTexts, draw: Draw) -> None:
    """Fill in a form."""
    form = Form.drawn(sheet, texts, draw)
    desk.printed = np.minimum(desk.printed, form.image)
    desk.print(form.prints, 0)
    block = len(form.prints)
    for field_ in form.fields:
        room = field_.right - field_.left
        line = writer.one(field_.value, room)
        slack = room - (ink_span(line)[1] - ink_span(line)[0])
        x = field_.left + min(slack, sheet.pitch) * 0.6 * draw.fraction()
        desk.put(line, x, field_.rule, FIELD, block, field_.name, right=field_.right)
        block += 1
    if form.remarks:
        left, right = form.remarks_span
        rooms = [right - left] * len(form.remarks)
        pieces = pieces_of(texts.paragraph(draw.between(*_REMARKS), draw))
        desk.put_all(writer.broken(pieces, rooms), [left] * len(rooms), form.remarks, block)


def _blocks(lines: Sequence[_Placed], warp: PageWarp, height: int, meta: dict[str, object]) -> tuple[Block, ...]:
    """Return the blocks of a page at their positions on the warped page."""
    numbers = list(dict.fromkeys(line.block for line in lines))
    found = []
    for number in numbers:
        mine = [line for line in lines if line.block == number]
        made = tuple(_line(line, warp, height, meta) for line in mine)
        found.append(Block(mine[0].kind, made, mine[0].name))
    return tuple(found)


def _line(line: _Placed, warp: PageWarp, height: int, meta: dict[str, object]) -> PageLine:
    base = base_line(line.text, line.base, height)
    around = polygon(line.boxes, base, _PAD)
    chars = _moved_boxes(line.boxes, warp)
    printed = line.kind == PRINTED
    return PageLine(
        line.text,
        _clipped(warp.moved(base), warp.size),
        _clipped(warp.moved(around), warp.size),
        _words(line, chars),
        chars,
        RIGHT_TO_LEFT if base_level(line.text) else LEFT_TO_RIGHT,
        {} if printed else {**line.meta, **_of_page(meta, line.meta)},
    )


def _of_page(meta: dict[str, object], of_line: dict[str, object]) -> dict[str, object]:
    """Return the facts that a line takes from its page: those that the line does not have itself, and pen and paper."""
    return {key: value for key, value in meta.items() if key not in of_line or key in ("pen", "paper", "writer")}


def _words(line: _Placed, chars: Sequence[Box | None]) -> tuple[Word, ...]:
    """Return the words of a line: texts between spaces that have ink."""
    found, start = [], 0
    texts = line.text.split(" ")
    for row, text in enumerate(texts):
        boxes = [box for box in chars[start : start + len(text)] if box is not None]
        start += len(text) + 1
        if not boxes:
            continue
        x0, y0, x1, y1 = zip(*boxes, strict=True)
        first = line.parts[0] if row == 0 else None
        last = line.parts[1] if row == len(texts) - 1 else None
        piece = next((each for each in (last, first) if each and each.part and text.startswith(each.text)), None)
        part, whole = (piece.part, piece.whole) if piece else (0, "")
        found.append(Word(text, (min(x0), min(y0), max(x1), max(y1)), part, whole))
    return tuple(found)


def _moved_boxes(boxes: Sequence[CharBox | None], warp: PageWarp) -> tuple[Box | None, ...]:
    """Return the boxes on the warped page that enclose boxes of the flat page."""
    some = np.array([box for box in boxes if box is not None], np.float64)
    corners = np.stack([some[:, [0, 1]], some[:, [2, 1]], some[:, [0, 3]], some[:, [2, 3]]], axis=1)
    moved = warp.moved(corners.reshape(-1, 2)).reshape(-1, 4, 2)
    low = np.rint(moved.min(axis=1)).astype(int)
    high = np.rint(moved.max(axis=1)).astype(int)
    width, height = warp.size
    limits = np.array([width, height])
    low = np.clip(low, 0, limits - 1)
    high = np.maximum(np.clip(high, 0, limits), low + 1)
    found = iter(np.concatenate([low, high], axis=1).tolist())
    return tuple(None if box is None else tuple(next(found)) for box in boxes)


def _clipped(points: NDArray[np.float64], size: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Return points rounded to pixels of the page, without repetitions."""
    whole = np.clip(np.rint(points).astype(int), 0, np.array(size) - 1)
    kept = np.concatenate([[True], (np.diff(whole, axis=0) != 0).any(axis=1)])
    return tuple((int(x), int(y)) for x, y in whole[kept])


def line_crop(page: Page, line: PageLine) -> tuple[NDArray[np.uint8], PageLine]:
    """Return the image of a line, cut out of its page, and the line with its characters' boxes in that image."""
    height, width = page.image.shape[:2]
    x0, y0, x1, y1 = line.box
    x0, y0, x1, y1 = max(x0 - 2, 0), max(y0 - 1, 0), min(x1 + 2, width), min(y1 + 1, height)
    chars = tuple(box and (box[0] - x0, box[1] - y0, box[2] - x0, box[3] - y0) for box in line.chars)
    return np.ascontiguousarray(page.image[y0:y1, x0:x1]), dataclasses.replace(line, chars=chars)
