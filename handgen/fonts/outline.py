"""Glyph outlines from FreeType: one load, one transform, one fill into our own memory.

This is the hot path. It calls FreeType through freetype-py's raw layer and lets it draw
directly into a NumPy array, so bitmaps are never copied or turned into Python objects.
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, byref, c_int, c_long, c_ulong, c_void_p
from typing import Any

import freetype
import numpy as np
from freetype import raw
from numpy.typing import NDArray

from handgen.errors import FontError
from handgen.fonts.face import FontRef, open_face

EM = 256
"""Pixels per em at which outlines are loaded; coordinates are rounded to 1/64 pixel."""

UNITS = EM * 64
"""FreeType's units per em."""
_ORIENTATION_NONE = 2
_NO_AREA = 4e-4
"""A box with a smaller area, in square em, may have no ink."""

FLAGS = freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP

# These two functions take C longs; without a prototype ctypes would pass ints.
_char_index = CFUNCTYPE(c_int, c_void_p, c_ulong)(("FT_Get_Char_Index", raw._lib))
translate = CFUNCTYPE(None, c_void_p, c_long, c_long)(("FT_Outline_Translate", raw._lib))
"""Move an outline (a pointer to it) by x and y, in 1/64 pixel."""

Box = tuple[float, float, float, float]

Curve = tuple[str, tuple[float, ...]]
"""A path operator as in PDF, with its coordinates: ``m`` move, ``l`` line, ``c`` cubic curve (three points)."""


class Outlines:
    """The outlines of one face, one glyph at a time: ``load`` it, measure it, ``fill`` it.

    Lengths are in em; x to the right from the middle of the advance width, y up from the baseline.

    Raises:
        FontError, UsageError: as ``open_face``.
    """

    def __init__(self, ref: FontRef) -> None:
        self.ref = ref
        self._face = open_face(ref)
        # FreeType's "tricky" fonts need a real size: with FT_LOAD_NO_SCALE their parts are not assembled.
        self._face.set_char_size(EM * 64)
        self._handle: Any = self._face._FT_Face
        slot = self._handle.contents.glyph.contents
        self._slot = slot
        self._outline = slot.outline
        self._metrics = slot.metrics
        self._library = freetype.get_handle()
        self._box = raw.FT_BBox()
        self._matrix = raw.FT_Matrix(0, 0, 0, 0)
        self._outline_ref, self._box_ref, self._matrix_ref = byref(self._outline), byref(self._box), byref(self._matrix)
        self._bitmap = raw.FT_Bitmap()
        self._bitmap_ref = byref(self._bitmap)
        self._bitmap.num_grays = 256
        self._bitmap.pixel_mode = freetype.FT_PIXEL_MODE_GRAY
        self._buffer = c_void_p.from_buffer(self._bitmap, raw.FT_Bitmap.buffer.offset)

    def glyph(self, char: str) -> int:
        """Return the glyph number of a character; 0 (.notdef) if the font has none."""
        return int(_char_index(self._handle, ord(char)))

    def load(self, glyph: int) -> bool:
        """Make ``glyph`` the current glyph; return False if its outline is damaged."""
        error = raw.FT_Load_Glyph(self._handle, glyph, FLAGS)
        return not error and self._slot.format == freetype.FT_GLYPH_FORMAT_OUTLINE

    @property
    def advance(self) -> float:
        """The current glyph's advance width in em."""
        return float(self._metrics.horiAdvance) / UNITS

    def box(self, *, exact: bool = True) -> Box:
        """Return left, bottom, right, top of the current glyph; without ``exact``, of its control points (faster)."""
        measure = raw.FT_Outline_Get_BBox if exact else raw.FT_Outline_Get_CBox
        measure(self._outline_ref, self._box_ref)
        box, center = self._box, self._metrics.horiAdvance / 2
        return (
            (box.xMin - center) / UNITS,
            box.yMin / UNITS,
            (box.xMax - center) / UNITS,
            box.yMax / UNITS,
        )

    def hollow(self, box: Box) -> bool:
        """Return whether the current glyph, whose box is given, encloses almost no area and so may show no ink."""
        left, bottom, right, top = box
        if (right - left) * (top - bottom) < _NO_AREA:
            return True
        return bool(raw.FT_Outline_Get_Orientation(self._outline_ref) == _ORIENTATION_NONE)

    def curves(self) -> list[Curve]:
        """Return the current glyph's contours as path operators, in em."""
        made: list[Curve] = []
        center = self._metrics.horiAdvance / 2

        def add(kind: str, *vectors: Any) -> None:
            made.append((kind, tuple(value for v in vectors for value in ((v.x - center) / UNITS, v.y / UNITS))))

        def conic(control: Any, end: Any, context: Any) -> None:
            start = complex(*made[-1][1][-2:])
            one, two = (complex(v.x - center, v.y) / UNITS for v in (control, end))
            first, second = start + (one - start) * 2 / 3, two + (one - two) * 2 / 3
            made.append(("c", (first.real, first.imag, second.real, second.imag, two.real, two.imag)))

        freetype.Outline(self._outline).decompose(
            None,
            move_to=lambda to, _: add("m", to),
            line_to=lambda to, _: add("l", to),
            conic_to=conic,
            cubic_to=lambda one, two, to, _: add("c", one, two, to),
        )
        return made

    def fill(self, canvas: NDArray[np.uint8], scale_x: float, scale_y: float, x: float, y: float) -> None:
        """Draw the current glyph's coverage (0 to 255) into ``canvas``. The glyph must be loaded again afterwards.

        Args:
            canvas: uint8 ``[height, width]``, contiguous, zero where the glyph goes; everything
                outside is cut off.
            scale_x: pixels per em, horizontally.
            scale_y: pixels per em, vertically.
            x: where the middle of the advance width goes, in pixels from the left.
            y: where the baseline goes, in pixels from the top.

        Raises:
            FontError: the outline cannot be filled.
        """
        height, width = canvas.shape
        outline = self._outline_ref
        self._matrix.xx, self._matrix.yy = round(scale_x / EM * 65536), round(scale_y / EM * 65536)
        raw.FT_Outline_Transform(outline, self._matrix_ref)
        shift = x * 64 - self._metrics.horiAdvance / 2 * scale_x / EM
        translate(outline, round(shift), round((height - y) * 64))
        bitmap = self._bitmap
        bitmap.rows, bitmap.width, bitmap.pitch = height, width, width
        self._buffer.value = canvas.__array_interface__["data"][0]
        if raw.FT_Outline_Get_Bitmap(self._library, outline, self._bitmap_ref):
            raise FontError(f"a glyph of {self.ref.path} cannot be drawn", "Use another font.")
