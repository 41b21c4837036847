"""What is known of a page: its blocks, lines and words, and where each is. All lengths are pixels of its image."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""``(x0, y0, x1, y1)``, x1 and y1 one past the last."""
Points = tuple[tuple[int, int], ...]
LEFT_TO_RIGHT, RIGHT_TO_LEFT = "left-to-right", "right-to-left"
PARAGRAPH, FIELD, PRINTED = "paragraph", "field", "printed"
"""What a block is: running text, what is filled into a form, what a form says itself."""


@dataclass(frozen=True)
class Word:
    """A word of a line.

    Attributes:
        text: what it reads.
        box: where its ink is.
        part: 1 or 2 where it is the first or second part of a word that a hyphen divides; 0 where it is whole.
        whole: that word, without the hyphen.
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
        baseline: from left to right.
        polygon: around its ink.
        words: in logical order.
        chars: of each character of ``text`` the box of its ink; None for a space.
        direction: ``left-to-right`` or ``right-to-left``.
        meta: what is worth keeping of it, as a line dataset has it.
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
        """What encloses its polygon."""
        return box_of(self.polygon)


@dataclass(frozen=True)
class Block:
    """Lines that belong together.

    Attributes:
        kind: ``paragraph``, ``field`` or ``printed``.
        lines: in the order in which they are read.
        name: what a field is called; empty elsewhere.
    """

    kind: str
    lines: tuple[PageLine, ...]
    name: str = ""

    @property
    def box(self) -> Box:
        """What encloses its lines."""
        return union([line.box for line in self.lines])


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        index: its number, from 0.
        image: uint8 ``[H, W, 3]``, RGB.
        blocks: in the order in which they are read.
        meta: what is worth keeping of it: paper, style and the like.
    """

    index: int
    image: NDArray[np.uint8]
    blocks: tuple[Block, ...]
    meta: Mapping[str, Any]

    @property
    def written(self) -> Iterator[tuple[Block, PageLine]]:
        """The lines that somebody writes, and not the form itself, each with its block."""
        return ((block, line) for block in self.blocks if block.kind != PRINTED for line in block.lines)

    def record(self) -> dict[str, Any]:
        """Return all but the pixels, as JSON."""
        height, width = self.image.shape[:2]
        blocks = [dataclasses.asdict(block) for block in self.blocks]
        return {"width": width, "height": height, "blocks": blocks, "meta": dict(self.meta)}


def box_of(points: Points) -> Box:
    """Return the box of some points."""
    x, y = zip(*points, strict=True)
    return min(x), min(y), max(x) + 1, max(y) + 1


def union(boxes: list[Box]) -> Box:
    """Return what encloses all of some boxes."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)
