"""Glyphs on square canvases: anti-aliased, unhinted, placed to a fraction of a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.errors import FontError
from handgen.fonts.coverage import survey
from handgen.fonts.face import FontRef
from handgen.fonts.outline import Box, Outlines

_ROUNDING = 1 / 32
"""Pixels by which rounding to 1/64 px can move an edge outward."""


@dataclass(frozen=True)
class Placement:
    """Scale and position of a font's glyphs on the canvas.

    Attributes:
        scale_x: pixels per em, horizontally.
        scale_y: pixels per em, vertically.
        x: the middle of the advance width, in pixels from the left.
        baseline: the baseline, in pixels from the top.
    """

    scale_x: float
    scale_y: float
    x: float
    baseline: float


class Rasterizer:
    """Draws one font at one placement.

    Args:
        font: the face, or its opened outlines.
        size: side of the canvas in pixels.
        placement: scale and position of the glyphs.

    Raises:
        FontError, UsageError: the font cannot be opened.
    """

    def __init__(self, font: FontRef | Outlines, size: int, placement: Placement) -> None:
        self._outlines = font if isinstance(font, Outlines) else Outlines(font)
        self.size = size
        self.placement = placement

    def draw(self, char: str) -> NDArray[np.uint8]:
        """Return ``char`` as uint8 ``[size, size]``, 0 = ink, 255 = paper.

        A glyph that would leave the canvas is moved inside, and scaled down if it is larger than the
        canvas; it is never cut off.

        Raises:
            FontError: the font lacks the character, or its outline is damaged.
        """
        canvas: NDArray[np.uint8] = self.draw_all([char])[0]
        return canvas

    def draw_all(self, chars: Sequence[str]) -> NDArray[np.uint8]:
        """Return ``chars`` as uint8 ``[n, size, size]``; see ``draw``."""
        images = np.zeros((len(chars), self.size, self.size), np.uint8)
        for char, canvas in zip(chars, images, strict=True):
            self._draw_into(canvas, char)
        return np.invert(images, out=images)

    def _draw_into(self, canvas: NDArray[np.uint8], char: str) -> None:
        outlines, placement = self._outlines, self.placement
        glyph = outlines.glyph(char)
        if not glyph:
            raise FontError(f"{outlines.ref.spec} has no glyph for '{char}' (U+{ord(char):04X})", "Use another font.")
        if not outlines.load(glyph):
            raise FontError(f"glyph {glyph} of {outlines.ref.spec} is damaged", "Use another font.")
        if not self._inside(outlines.box(exact=False)):
            placement = self._fitted(outlines.box())
        outlines.fill(canvas, placement.scale_x, placement.scale_y, placement.x, placement.baseline)

    def _inside(self, box: Box) -> bool:
        placement, last = self.placement, self.size - _ROUNDING
        left, bottom, right, top = box
        return (
            placement.x + left * placement.scale_x >= _ROUNDING
            and placement.x + right * placement.scale_x <= last
            and placement.baseline - top * placement.scale_y >= _ROUNDING
            and placement.baseline - bottom * placement.scale_y <= last
        )

    def _fitted(self, box: Box) -> Placement:
        """Return the nearest placement that keeps a glyph of this box (in em) on the canvas."""
        placement, room = self.placement, self.size - 2 * _ROUNDING
        left, bottom, right, top = box
        width, height = (right - left) * placement.scale_x, (top - bottom) * placement.scale_y
        k = min(1.0, room / max(width, 1e-6), room / max(height, 1e-6))
        # The box keeps its middle unless that would push it over an edge.
        middle_x = _clamp(placement.x + (left + right) / 2 * placement.scale_x, k * width / 2, self.size)
        middle_y = _clamp(placement.baseline - (bottom + top) / 2 * placement.scale_y, k * height / 2, self.size)
        scale_x, scale_y = k * placement.scale_x, k * placement.scale_y
        return Placement(
            scale_x, scale_y, middle_x - (left + right) / 2 * scale_x, middle_y + (bottom + top) / 2 * scale_y
        )


def _clamp(middle: float, half: float, size: int) -> float:
    """Return the middle of a span of ``2 * half`` pixels moved into ``[0, size]``."""
    half += _ROUNDING
    return min(max(middle, half), size - half)


def source_glyphs(
    ref: FontRef, size: int, placement: Placement, chars: str
) -> tuple[NDArray[np.uint8], str, dict[str, str]]:
    """Draw characters of the source font exactly as a glyph store has them.

    Args:
        ref: the source font.
        size: side of the images in pixels.
        placement: the store's placement of the source.
        chars: characters to draw.

    Returns:
        Images, uint8 ``[n, size, size]``; the n characters that were drawn, in order; and reason (see
        ``coverage.REASONS``) -> characters that were not.

    Raises:
        FontError, UsageError: the font cannot be opened.
    """
    outlines = Outlines(ref)
    coverage = survey(outlines, chars)
    rasterizer = Rasterizer(outlines, size, placement)
    return rasterizer.draw_all(coverage.drawn), coverage.drawn, coverage.skipped
