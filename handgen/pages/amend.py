"""A writer's corrections in a line: words inserted above it, and words written over wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handgen.lines.draws import Draw
from handgen.lines.paper import WORD

Pixels = NDArray[np.uint8]
CharBox = tuple[int, int, int, int]

_SMALLER = 0.68
"""Size of an inserted word relative to the others."""


@dataclass(frozen=True)
class Amendments:
    """How often a writer corrects words, and how labels write that.

    Attributes:
        insertions: share of the lines with a word inserted above them, 0 to 1.
        inserted: how labels write such a word; ``{}`` stands for the word.
        overwrites: share of the lines with a word written over a wrong one, 0 to 1.
        overwritten: how labels write such a word; ``{}`` stands for the right word.
    """

    insertions: float = 0.0
    inserted: str = WORD
    overwrites: float = 0.0
    overwritten: str = WORD


@dataclass(frozen=True)
class DrawnLine:
    """A drawn line, before it is put on a page.

    Attributes:
        text: its label.
        image: uint8 ``[H, W]``, 0 = ink.
        boxes: the box of each character of ``text`` in pixels; None for spaces and for characters without ink.
        base: as ``boxes``, but None for characters that do not stand on the base line, such as inserted ones.
        meta: facts about the line.
    """

    text: str
    image: Pixels
    boxes: list[CharBox | None]
    base: list[CharBox | None]
    meta: dict[str, Any]

    def shifted(self, x: int, y: int) -> DrawnLine:
        """Return the line with its boxes moved; the image stays the same."""
        return replace(self, boxes=moved(self.boxes, x, y), base=moved(self.base, x, y))


def moved(boxes: list[CharBox | None], x: int, y: int) -> list[CharBox | None]:
    """Return the boxes, moved by x and y pixels."""
    return [box and (box[0] + x, box[1] + y, box[2] + x, box[3] + y) for box in boxes]


WriteText = Callable[[str], DrawnLine]
"""Draws a text as one more line by the same writer."""


def with_insertion(text: str, write: WriteText, amend: Amendments, draw: Draw) -> DrawnLine | None:
    """Draw a line with one of its words inserted above it, with a caret; return None if no word is suitable.

    Args:
        text: text of the line with the word.
        write: draws a text.
        amend: says how the label writes it.
        draw: makes the random choices.
    """
    words = text.split(" ")
    able = [row for row in range(1, len(words) - 1) if 2 <= len(words[row]) <= 8 and words[row].isalpha()]
    if not able:
        return None
    row = draw.pick(able)
    before, after = " ".join(words[:row]), " ".join(words[row + 1 :])
    line, word = write(f"{before} {after}"), write(words[row])
    if line.text != f"{before} {after}" or word.text != words[row]:
        return None
    left, right = line.boxes[len(before) - 1], line.boxes[len(before) + 1]
    if left is None or right is None or right[0] < left[0]:  # no ink, or right to left
        return None
    small, boxes = _shrunk(word, _SMALLER)
    gap = (left[2] + right[0]) // 2
    high = [box[1] for box in line.base if box is not None and abs((box[0] + box[2]) / 2 - gap) < small.shape[1]]
    top = min([*high, left[1], right[1]])
    x, y = max(gap - small.shape[1] // 2, 0), top - round(0.86 * small.shape[0])
    image, dx, dy = _pasted(line.image, small, x, y)
    line = line.shifted(dx, dy)
    _caret(image, (gap + dx, (left[3] + left[1]) // 2 + dy), min(y + dy + small.shape[0], image.shape[0]), line)
    said = amend.inserted.replace(WORD, words[row])
    start = amend.inserted.find(WORD)
    inserted: list[CharBox | None] = [None] * len(said)
    if start >= 0:
        inserted[start : start + len(words[row])] = moved(boxes, x + dx, y + dy)
    at = len(before) + 1
    nothing: list[CharBox | None] = [None] * len(inserted)
    space: list[CharBox | None] = [None] if said else []
    return DrawnLine(
        f"{before} {said} {after}" if said else f"{before} {after}",
        image,
        line.boxes[:at] + inserted + space + line.boxes[at:],
        line.base[:at] + nothing + space + line.base[at:],
        {**_later(line.meta, (at, at), 0, len(inserted) + len(space)), "inserted": words[row]},
    )


def with_overwriting(text: str, write: WriteText, amend: Amendments, draw: Draw) -> DrawnLine | None:
    """Draw a line with one of its words written over a misspelled one; return None if no word is suitable.

    Args:
        text: text of the line.
        write: draws a text.
        amend: says how the label writes it.
        draw: makes the random choices.
    """
    words = text.split(" ")
    able = [row for row, word in enumerate(words) if 3 <= len(word) <= 9 and word.isalpha()]
    if not able:
        return None
    row = draw.pick(able)
    word = words[row]
    at = draw.between(0, len(word) - 2)
    wrong = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if wrong == word:
        return None
    line, under = write(text), write(wrong)
    start = len(" ".join(words[:row])) + (1 if row else 0)
    stop = start + len(word)
    over = [box for box in line.boxes[start:stop] if box is not None]
    if line.text != text or under.text != wrong or not over:
        return None
    x0, x1, y1 = min(b[0] for b in over), max(b[2] for b in over), max(b[3] for b in over)
    inky = _ink(under.image)
    if inky is None:
        return None
    left, top, right, bottom = inky
    scale = (x1 - x0) / (right - left)
    crop = Image.fromarray(under.image[top:bottom, left:right])
    size = x1 - x0, max(1, round((bottom - top) * min(max(scale, 0.8), 1.2)))
    first = np.asarray(crop.resize(size, Image.Resampling.BILINEAR))
    image, dx, dy = _pasted(line.image, first, x0, y1 - size[1])
    line = line.shifted(dx, dy)
    said = amend.overwritten.replace(WORD, word)
    shown: list[CharBox | None] = [None] * len(said)
    if (mark := amend.overwritten.find(WORD)) >= 0:
        shown[mark : mark + len(word)] = line.boxes[start:stop]
    base: list[CharBox | None] = [None] * len(said)
    if mark >= 0:
        base[mark : mark + len(word)] = line.base[start:stop]
    label = text[:start] + said + text[stop:] if said else _spaced(text[:start], text[stop:])
    return DrawnLine(
        label,
        image,
        line.boxes[:start] + shown + line.boxes[stop:] if said else _cut(line.boxes, text, start, stop),
        line.base[:start] + base + line.base[stop:] if said else _cut(line.base, text, start, stop),
        {**_later(line.meta, (start, stop), mark, len(label) - len(text)), "overwritten": wrong},
    )


def _later(meta: dict[str, Any], word: tuple[int, int], mark: int, by: int) -> dict[str, Any]:
    """Return what is known of a line, with the positions of its new label.

    Args:
        meta: what is known.
        word: where the word that the label says otherwise begins and ends in the old one.
        mark: where it is in what the label says instead; -1 = it is not.
        by: by how much the label is longer.
    """
    if "joined" not in meta:
        return meta
    start, stop = word
    before = [at for at in meta["joined"] if at < start]
    inside = [at + mark for at in meta["joined"] if start <= at < stop and mark >= 0]
    return meta | {"joined": before + inside + [at + by for at in meta["joined"] if at >= stop]}


def _spaced(before: str, after: str) -> str:
    return before + after.lstrip(" ") if before else after.lstrip(" ")


def _cut(boxes: list[CharBox | None], text: str, start: int, stop: int) -> list[CharBox | None]:
    """Return the boxes of a text without the word from ``start`` to ``stop`` and the space after it."""
    return boxes[:start] + boxes[stop + (text[stop : stop + 1] == " ") :]


def _ink(image: Pixels) -> CharBox | None:
    rows, columns = np.flatnonzero((image < 128).any(axis=1)), np.flatnonzero((image < 128).any(axis=0))
    return (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1) if len(rows) else None


def _shrunk(word: DrawnLine, scale: float) -> tuple[Pixels, list[CharBox | None]]:
    """Return a word's ink, reduced by ``scale``, and the boxes in the smaller image."""
    left, top, right, bottom = _ink(word.image) or (0, 0, word.image.shape[1], word.image.shape[0])
    crop = word.image[top:bottom, left:right]
    size = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    small = np.asarray(Image.fromarray(crop).resize(size, Image.Resampling.BILINEAR))
    boxes = [
        box
        and (
            int((box[0] - left) * scale),
            int((box[1] - top) * scale),
            max(int((box[0] - left) * scale) + 1, round((box[2] - left) * scale)),
            max(int((box[1] - top) * scale) + 1, round((box[3] - top) * scale)),
        )
        for box in word.boxes
    ]
    return small, boxes


def _pasted(image: Pixels, patch: Pixels, x: int, y: int) -> tuple[Pixels, int, int]:
    """Return an image with a patch of ink added at (x, y), enlarged if necessary, and how far the old ink moved."""
    before, above = max(-x, 0), max(-y, 0)
    after, below = max(x + patch.shape[1] - image.shape[1], 0), max(y + patch.shape[0] - image.shape[0], 0)
    whole = np.pad(image, ((above, below), (before, after)), constant_values=255)
    part = whole[y + above : y + above + patch.shape[0], x + before : x + before + patch.shape[1]]
    np.minimum(part, patch, out=part)
    return whole, before, above


def _caret(image: Pixels, below: tuple[int, int], above: int, line: DrawnLine) -> None:
    """Draw a caret into an image, from the gap between two words up to the inserted word."""
    heights = [box[3] - box[1] for box in line.base if box is not None]
    wide = max(3, round(0.22 * float(np.median(heights))))
    x, y = below
    top = min(above, y - wide)
    drawn = Image.fromarray(image)
    stroke = max(1, round(0.06 * float(np.median(heights))))
    ImageDraw.Draw(drawn).line([(x - wide, y + wide), (x, top), (x + wide, y + wide)], fill=40, width=stroke)
    image[:] = np.asarray(drawn)
