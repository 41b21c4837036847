"""Normalizes images of real characters: extracts the ink, and gives it the size and position of a font's glyph.

``render`` draws all glyphs of a font at one scale, so a comma stays small and 一 stays flat. A crop
of real handwriting does not say how large it was. So its ink gets the center and the longer side that
the same character has in the source font. Without such a glyph it goes to the middle of the canvas, and
its longer side is that of usual Chinese characters of a Heiti.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handgen.fonts.align import MARGIN
from handgen.fonts.face import FontRef
from handgen.fonts.outline import Outlines
from handgen.fonts.raster import Placement
from handgen.glyphs.ink import Box, Ink, ink_box, ink_on, ink_within_border

USUAL = 0.89
"""The longer side of Chinese characters, as a fraction of the canvas: the median over a Heiti's GB2312."""
_LEAST = 0.03
"""A glyph of the source that is smaller than this fraction of the canvas gives no frame."""
_FAINT = 0.25
"""Strokes paler than this share of the darkest ink are ignored when a character is measured."""
_LARGEST = 256
"""Larger pictures are first reduced to this longer side in pixels, the size of the largest canvas."""


@dataclass(frozen=True)
class Frame:
    """Where a character's ink goes, in pixels of the canvas: the middle of its box, and the box's longer side."""

    x: float
    y: float
    extent: float


class Frames:
    """The frames of characters on a square canvas.

    Args:
        size: side of the canvas in pixels.
        font: the source font; None = all characters go to the middle.
        placement: how the source is drawn, see ``GlyphStore.raster``; needed with a font.

    Raises:
        FontError, UsageError: the font cannot be opened.
    """

    def __init__(self, size: int, font: FontRef | None = None, placement: Placement | None = None) -> None:
        self.size = size
        self._outlines = Outlines(font) if font else None
        self._placement = placement
        self._known: dict[str, Frame] = {}

    def of(self, char: str) -> Frame:
        """Return the frame of ``char``."""
        if char not in self._known:
            self._known[char] = self._of_source(char) or Frame(self.size / 2, self.size / 2, USUAL * self.size)
        return self._known[char]

    def _of_source(self, char: str) -> Frame | None:
        if self._outlines is None or self._placement is None:
            return None
        glyph, on = self._outlines.glyph(char), self._placement
        if not glyph or not self._outlines.load(glyph):
            return None
        left, bottom, right, top = self._outlines.box()
        extent = max((right - left) * on.scale_x, (top - bottom) * on.scale_y)
        if extent < _LEAST * self.size:
            return None
        x, y = on.x + (left + right) / 2 * on.scale_x, on.baseline - (bottom + top) / 2 * on.scale_y
        return Frame(x, y, extent)


def normalize(image: NDArray[np.uint8], frame: Frame, size: int, paper: int | None = None) -> NDArray[np.uint8] | None:
    """Put the ink of one handwritten character into its frame.

    The paper is what the border shows, and its light a fitted plane. The contrast is stretched; intermediate grays are
    kept. Nothing leaves the canvas: a frame beyond its edge is moved inside, and one that is too large is reduced.

    Args:
        image: uint8 ``[H, W]``, of any size, dark on light or light on dark.
        frame: see ``Frames.of``.
        size: side of the canvas in pixels.
        paper: gray of the paper, 0 or 255, if it is known.

    Returns:
        uint8 ``[size, size]``, 0 = ink, 255 = paper; None if there is no ink.
    """
    found = extract_ink(image, paper)
    return place_ink(*found, frame, size) if found else None


def place_ink(ink: Ink, box: Box, frame: Frame, size: int) -> NDArray[np.uint8]:
    """Put ink into its frame; see ``normalize``.

    Args:
        ink: from ``extract_ink``.
        box: from ``extract_ink``.
        frame: see ``Frames.of``.
        size: side of the canvas in pixels.

    Returns:
        uint8 ``[size, size]``, 0 = ink, 255 = paper.
    """
    scale = min(frame.extent, size * (1 - 2 * MARGIN)) / max(box.width, box.height)
    rows = _span(frame.y, box.top, box.height, scale, size)
    columns = _span(frame.x, box.left, box.width, scale, size)
    around = math.ceil(2 / scale) + 1  # width of the paper that is added around the picture
    padded = Image.fromarray(np.pad(ink, around))
    part = (around + columns.start, around + rows.start, around + columns.end, around + rows.end)
    # BOX averages over areas, with parts of pixels, so edges keep their positions to a fraction of a pixel.
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    drawn = padded.resize((columns.last - columns.first, rows.last - rows.first), how, box=part)
    canvas = np.zeros((size, size), np.float32)
    canvas[rows.first : rows.last, columns.first : columns.last] = np.asarray(drawn).clip(0, 1)
    return np.round(255 * (1 - canvas)).astype(np.uint8)


def extract_ink(image: NDArray[np.uint8], paper: int | None = None) -> tuple[Ink, Box] | None:
    """Return the ink of a picture and the ink's box; None if there is no ink.

    Args:
        image: see ``normalize``; it is reduced to 256 pixels if it is larger, and so are the results.
        paper: see ``normalize``.
    """
    if min(image.shape) < 1:
        return None
    if max(image.shape) > _LARGEST:
        picture = Image.fromarray(image)
        picture.thumbnail((_LARGEST, _LARGEST), reducing_gap=3)
        image = np.asarray(picture)
    levels = image.astype(np.float32)
    ink = ink_within_border(levels) if paper is None else ink_on(levels, paper)
    box = ink_box(ink, _FAINT)
    return (ink, box) if box else None


@dataclass(frozen=True)
class _Span:
    """Along one axis: pixels ``first`` to ``last`` (not included) of the canvas, and their part of the picture."""

    first: int
    last: int
    start: float
    end: float


def _span(middle: float, begin: int, length: int, scale: float, size: int) -> _Span:
    """Return the span for ink at ``begin``, whose middle goes to ``middle``; one pixel more on each side."""
    half = length * scale / 2
    left = min(max(middle, half), size - half) - half
    first, last = max(0, math.floor(left) - 1), min(size, math.ceil(left + 2 * half) + 1)
    return _Span(first, last, begin + (first - left) / scale, begin + (last - left) / scale)
