"""The record of a page: its blocks, lines and words with their positions, in pixels of its image."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""``(x0, y0, x1, y1)``; x1 and y1 are one past the last pixel."""
Points = tuple[tuple[int, int], ...]
LEFT_TO_RIGHT, RIGHT_TO_LEFT = "left-to-right", "right-to-left"
PARAGRAPH, FIELD, PRINTED = "paragraph", "field", "printed"
"""Kinds of blocks: running text, a filled-in field of a form, printed text of a form."""


@dataclass(frozen=True)
class Word:
    """A word of a line.

    Attributes:
        text: its text.
        box: the box of its ink.
        part: 1 or 2 for the first or second part of a divided word; 0 for a whole word.
        whole: the whole word, if it is divided, without the hyphen.
    """

    text: str
    box: Box
    part: int = 0
    whole: str = ""


@dataclass(frozen=True)
class PageLine:
    """A line of a page.

    Attributes:
        text: its label, in logical order.
        baseline: points of its base line, from left to right.
        polygon: polygon around its ink.
        words: its words in logical order.
        chars: the box of each character of ``text``; None for a space.
        direction: ``left-to-right`` or ``right-to-left``.
        meta: facts about it, as in a dataset of lines.
    """

    text: str
    baseline: Points
    polygon: Points
    words: tuple[Word, ...]
    chars: tuple[Box | None, ...]
    direction: str = LEFT_TO_RIGHT
    meta: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def box(self) -> Box:
        """The box around its polygon."""
        return box_of(self.polygon)


@dataclass(frozen=True)
class Block:
    """Lines that belong together.

    Attributes:
        kind: ``paragraph``, ``field`` or ``printed``.
        lines: its lines in reading order.
        name: name of a form's field; empty for other blocks.
    """

    kind: str
    lines: tuple[PageLine, ...]
    name: str = ""

    @property
    def box(self) -> Box:
        """The box around its lines."""
        return union([line.box for line in self.lines])


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        index: its number, from 0.
        image: uint8 ``[H, W, 3]``, RGB.
        blocks: its blocks in reading order.
        meta: facts about it, such as paper and style.
    """

    index: int
    image: NDArray[np.uint8]
    blocks: tuple[Block, ...]
    meta: Mapping[str, Any]

    @property
    def written(self) -> Iterator[tuple[Block, PageLine]]:
        """The handwritten lines, without the printed ones, each with its block."""
        return ((block, line) for block in self.blocks if block.kind != PRINTED for line in block.lines)

    def record(self) -> dict[str, Any]:
        """Return everything except the pixels, as JSON."""
        height, width = self.image.shape[:2]
        blocks = [dataclasses.asdict(block) for block in self.blocks]
        return {"width": width, "height": height, "blocks": blocks, "meta": dict(self.meta)}


def box_of(points: Points) -> Box:
    """Return the box around points."""
    x, y = zip(*points, strict=True)
    return min(x), min(y), max(x) + 1, max(y) + 1


def union(boxes: list[Box]) -> Box:
    """Return the box around boxes."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)
