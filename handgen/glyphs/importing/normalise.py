"""Real glyphs put where fonts' glyphs are: ink found, evened, stretched with its greys, scaled and placed.

``render`` draws all glyphs of a font at one scale, so a comma stays small and 一 stays flat. A crop
of real handwriting does not say how large it was. So its ink takes the place that the source font's
glyph of the same character has: the same centre, and the same length of the longer side. Without
such a glyph it goes to the middle of the canvas, as long as Chinese characters of a Heiti are.
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
from handgen.glyphs.ink import Ink, ink_box, ink_on, ink_within_border, resized

USUAL = 0.89
"""The longer side of Chinese characters, as a fraction of the canvas: the median over a Heiti's GB2312."""
_LEAST = 0.03
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
        glyph, place = self._outlines.glyph(char), self._placement
        if not glyph or not self._outlines.load(glyph):
            return None
        left, bottom, right, top = self._outlines.box()
        extent = max((right - left) * place.scale_x, (top - bottom) * place.scale_y)
        if extent < _LEAST * self.size:
            return None
        x, y = place.x + (left + right) / 2 * place.scale_x, place.baseline - (bottom + top) / 2 * place.scale_y
        return Frame(x, y, extent)


def normalise(image: NDArray[np.uint8], frame: Frame, size: int, paper: int | None = None) -> NDArray[np.uint8] | None:
    """Put the ink of one written character into its frame.

    Paper is what the border shows, evened by a plane; the contrast is stretched, and greys between
    stay between. Nothing leaves the canvas: a frame at its edge is moved in, one too large made smaller.

    Args:
        image: uint8 ``[H, W]``, of any size and polarity.
        frame: as ``Frames.of``.
        size: side of the canvas in pixels.
        paper: grey of the paper, 0 or 255, if it is known.

    Returns:
        uint8 ``[size, size]``, 0 = ink, 255 = paper; None if there is no ink.
    """
    if min(image.shape) < 1:
        return None
    if max(image.shape) > _LARGEST:
        picture = Image.fromarray(image)
        picture.thumbnail((_LARGEST, _LARGEST), reducing_gap=3)
        image = np.asarray(picture)
    levels = image.astype(np.float32)
    ink = ink_within_border(levels) if paper is None else ink_on(levels, paper)
    box = ink_box(ink)
    if box is None:
        return None
    room = size * (1 - 2 * MARGIN)
    scale = min(frame.extent, room) / max(box.width, box.height)
    # One pixel of the canvas more on each side: half of the edge's greys are outside the box.
    around = math.ceil(1 / scale)
    crop = _cut(ink, box.left - around, box.top - around, box.right + around, box.bottom + around)
    width, height = (max(1, round((length + 2 * around) * scale)) for length in (box.width, box.height))
    small = resized(crop, width, height)
    canvas = np.zeros((size, size), np.float32)
    # A pixel less than drawn on each side, for faint edges may leave the canvas and ink may not.
    left = _placed(frame.x, width, box.width * scale, size)
    top = _placed(frame.y, height, box.height * scale, size)
    _paste(canvas, small, left, top)
    return np.round(255 * (1 - canvas)).astype(np.uint8)


def _cut(ink: Ink, left: int, top: int, right: int, bottom: int) -> Ink:
    """Return a part of the picture; what is beyond it is paper."""
    height, width = ink.shape
    part = ink[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    return np.pad(part, [(max(-top, 0), max(bottom - height, 0)), (max(-left, 0), max(right - width, 0))])


def _placed(middle: float, drawn: int, ink: float, size: int) -> int:
    """Return where to begin so that the ink is around ``middle`` and on the canvas."""
    half = ink / 2
    middle = min(max(middle, half), size - half)
    return round(middle - drawn / 2)


def _paste(canvas: Ink, part: Ink, left: int, top: int) -> None:
    """Lay ``part`` onto the canvas; what is beyond the edge is left out."""
    size = len(canvas)
    y0, y1, x0, x1 = max(top, 0), min(top + part.shape[0], size), max(left, 0), min(left + part.shape[1], size)
    canvas[y0:y1, x0:x1] = part[y0 - top : y1 - top, x0 - left : x1 - left]
