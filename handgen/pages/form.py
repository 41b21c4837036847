"""Forms: what is printed on them, and where their fields are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from handgen.lines.draws import Draw
from handgen.pages.paper import Sheet
from handgen.pages.record import Box
from handgen.pages.text import PageTexts

_TITLES = ("Application", "Registration form", "Delivery note", "Record card", "Claim", "Questionnaire", "Order")
_NAMES = ("Name", "Title", "Subject", "Town", "Company", "Reference", "Occupation", "Issued by", "Signed", "Item")
_KINDS = (
    (r".+@.+\..+", ("E-mail",)),
    (r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}", ("Date", "Date of birth", "Valid from")),
    (r"\+?[\d ()/-]{9,}", ("Phone", "Account", "Fax")),
    (r".*[$€£¥￥%].*|[\d.,]+", ("Amount", "Total", "Number")),
    (r".*\d{4}.*[年/.-].*|\d{1,2}[./-]\d.*|.*\b(19|20)\d\d\b.*", ("Date", "Date of birth", "Valid from")),
    (r"[A-Z0-9 -]{4,}", ("Code", "Reference", "File no.")),
    (r".*\d.*", ("Address", "Street", "Details")),
)
"""Regular expression of a value -> names that a field with such a value may have."""
_WORDS = 6
"""Largest number of words in a field."""


@dataclass(frozen=True)
class Printed:
    """A printed text, and the boxes of its characters (None for spaces)."""

    text: str
    boxes: Sequence[Box | None]


@dataclass(frozen=True)
class Field:
    """A field of a form, in pixels of the flat page.

    Attributes:
        name: its printed name.
        value: what is written into it.
        left, right: left and right edge of the room for the value.
        rule: y of its base line.
    """

    name: str
    value: str
    left: float
    right: float
    rule: float


@dataclass(frozen=True)
class Form:
    """A form.

    Attributes:
        image: what is printed, uint8 ``[H, W]``, 0 = ink.
        prints: the printed texts.
        fields: the fields of one line.
        remarks: y of the base lines of a field of several lines; empty without one.
        remarks_span: left and right edge of that field.
    """

    image: NDArray[np.uint8]
    prints: tuple[Printed, ...]
    fields: tuple[Field, ...]
    remarks: tuple[float, ...]
    remarks_span: tuple[float, float]

    @classmethod
    def drawn(cls, sheet: Sheet, texts: PageTexts, draw: Draw) -> Form:
        """Make a random form whose values come from ``texts``."""
        press = _Press(sheet)
        left, top, right, bottom = sheet.area
        pitch = sheet.pitch
        y = top + pitch
        if bottom - top > 6 * pitch:
            press.text(draw.pick(_TITLES), left, y, 0.62 * pitch)
            y += 1.6 * pitch
        boxed, columns = draw.chance(0.5), draw.between(1, 2) if right - left > 14 * pitch else 1
        rows = min(int((bottom - y) // (2 * pitch)) + 1, draw.between(4, 12))
        gap = 0.6 * pitch
        width = (right - left - gap * (columns - 1)) / columns
        fields = []
        for row in range(max(rows, 1)):
            for column in range(columns):
                x = left + column * (width + gap)
                fields.append(_field(press, _value(texts, draw), (x, x + width, y + 0.75 * pitch), boxed, draw, pitch))
            y += 2 * pitch
            if y + 0.75 * pitch > bottom and row:
                break
        remarks = tuple(np.arange(y + 1.2 * pitch, bottom, pitch).tolist()) if draw.chance(0.7) else ()
        if len(remarks) < 2:
            remarks = ()
        else:
            remarks = remarks[: draw.between(2, 8)]
            press.text("Remarks", left, y + 0.1 * pitch, 0.36 * pitch)
            press.frame(left, y - 0.5 * pitch, right, remarks[-1] + 0.55 * pitch)
        span = left + 0.3 * pitch, right - 0.3 * pitch
        return cls(np.asarray(press.image), tuple(press.prints), tuple(fields), remarks, span)


def _field(press: _Press, value: str, at: tuple[float, float, float], boxed: bool, draw: Draw, pitch: float) -> Field:
    """Print a field, and return it; ``at`` is its left, right and base line."""
    left, right, rule = at
    name = name_of(value, draw)
    size = 0.36 * pitch
    if boxed:
        press.text(name, left + 0.15 * pitch, rule - 0.95 * pitch, size)
        press.frame(left, rule - 1.4 * pitch, right, rule + 0.4 * pitch)
        return Field(name, value, left + 0.35 * pitch, right - 0.2 * pitch, rule)
    end = press.text(name + ":", left, rule, size)
    start = max(end + 0.25 * pitch, left + 0.22 * (right - left))
    press.rule(start, right, rule + 0.1 * pitch)
    return Field(name, value, start + 0.15 * pitch, right - 0.1 * pitch, rule)


def _value(texts: PageTexts, draw: Draw) -> str:
    """Return a value for a field: a text, or the first words of a long one."""
    words = texts.short().split(" ")
    return " ".join(words if len(words) <= _WORDS else words[: draw.between(1, _WORDS - 1)]).rstrip(",;:")


def name_of(value: str, draw: Draw) -> str:
    """Return a name for a field that has this value."""
    for pattern, names in _KINDS:
        if re.fullmatch(pattern, value):
            return draw.pick(names)
    return draw.pick(_NAMES)


class _Press:
    """Prints on a page."""

    def __init__(self, sheet: Sheet) -> None:
        self.image = Image.new("L", sheet.size, 255)
        self._draw = ImageDraw.Draw(self.image)
        self._line = max(1, round(sheet.pitch / 40))
        self.prints: list[Printed] = []

    def text(self, text: str, x: float, rule: float, size: float) -> float:
        """Print a text on a base line; return where it ends."""
        font = ImageFont.load_default(max(7, round(size)))
        self._draw.text((x, rule), text, 40, font, anchor="ls")
        boxes: list[Box | None] = []
        for number, char in enumerate(text):
            before = font.getlength(text[:number])
            x0, y0, x1, y1 = font.getbbox(char, anchor="ls")
            box = round(x + before + x0), round(rule + y0), round(x + before + x1), round(rule + y1)
            boxes.append(None if char == " " else (box[0], box[1], max(box[2], box[0] + 1), max(box[3], box[1] + 1)))
        self.prints.append(Printed(text, boxes))
        return x + float(font.getlength(text))

    def frame(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Print a box."""
        self._draw.rectangle((x0, y0, x1, y1), outline=90, width=self._line)

    def rule(self, x0: float, x1: float, y: float) -> None:
        """Print a line to write on."""
        self._draw.line((x0, y, x1, y), fill=110, width=self._line)
