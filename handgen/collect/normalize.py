"""Real glyphs put where fonts' glyphs are: ink found, evened, stretched with its grays, scaled and placed.

``render`` draws all glyphs of a font at one scale, so a comma stays small and 一 stays flat. A crop
of real handwriting does not say how large it was. So its ink goes where the source font has
the same character: it has the same center, and the same length of the longer side. Without such a
glyph it goes to the middle of the canvas, as long as Chinese characters of a Heiti are.
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
_FAINT = 0.25
"""Paler strokes than this share of the darkest ink do not count for how large a character is."""
_LARGEST = 256
"""Larger pictures are made smaller first, to this longer side in pixels; no canvas is larger."""


@dataclass(frozen=True)
class Frame:
    """Where a character's ink goes: its middle, and the length of its longer side, in pixels of the canvas."""

    x: float
    y: float
    extent: float


class Frames:
    """The frames of characters on a square canvas.

    Args:
        size: side of the canvas in pixels.
        font: the source font; None = all characters in the middle.
        placement: how the source is drawn, as in ``GlyphStore.raster``; needed with a font.

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
    """Put the ink of one written character into its frame.

    Paper is what the border shows, evened by a plane; the contrast is stretched, and grays between
    stay between. Nothing leaves the canvas: a frame at its edge is moved in, one too large made smaller.

    Args:
        image: uint8 ``[H, W]``, of any size and polarity.
        frame: as ``Frames.of``.
        size: side of the canvas in pixels.
        paper: gray of the paper, 0 or 255, if it is known.

    Returns:
        uint8 ``[size, size]``, 0 = ink, 255 = paper; None if there is no ink.
    """
    found = inked(image, paper)
    return placed(*found, frame, size) if found else None


def placed(ink: Ink, box: Box, frame: Frame, size: int) -> NDArray[np.uint8]:
    """Put ink into its frame; see ``normalize``.

    Args:
        ink: as ``inked`` returns it.
        box: likewise.
        frame: as ``Frames.of``.
        size: side of the canvas in pixels.

    Returns:
        uint8 ``[size, size]``, 0 = ink, 255 = paper.
    """
    scale = min(frame.extent, size * (1 - 2 * MARGIN)) / max(box.width, box.height)
    rows = _span(frame.y, box.top, box.height, scale, size)
    columns = _span(frame.x, box.left, box.width, scale, size)
    around = math.ceil(2 / scale) + 1  # paper for what lies beyond the picture
    padded = Image.fromarray(np.pad(ink, around))
    part = (around + columns.start, around + rows.start, around + columns.end, around + rows.end)
    # Means over areas, also of parts of pixels: an edge keeps its position to a fraction of a pixel.
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    drawn = padded.resize((columns.last - columns.first, rows.last - rows.first), how, box=part)
    canvas = np.zeros((size, size), np.float32)
    canvas[rows.first : rows.last, columns.first : columns.last] = np.asarray(drawn).clip(0, 1)
    return np.round(255 * (1 - canvas)).astype(np.uint8)


def inked(image: NDArray[np.uint8], paper: int | None = None) -> tuple[Ink, Box] | None:
    """Return the ink of a picture, and its box; None if there is none.

    Args:
        image: as for ``normalize``; what is larger than 256 pixels is made so small.
        paper: likewise.
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
    """Pixels ``first`` to ``last`` of the canvas, and where they begin and end in the picture, along one axis."""

    first: int
    last: int
    start: float
    end: float


def _span(middle: float, begin: int, length: int, scale: float, size: int) -> _Span:
    """Place ink that begins at ``begin`` around ``middle`` and on the canvas, with a pixel more on each side."""
    half = length * scale / 2
    left = min(max(middle, half), size - half) - half
    first, last = max(0, math.floor(left) - 1), min(size, math.ceil(left + 2 * half) + 1)
    return _Span(first, last, begin + (first - left) / scale, begin + (last - left) / scale)
