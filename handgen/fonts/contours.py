"""Outlines of glyphs as arrays, and the filling of many of them at once.

Glyphs of a line are filled as one shape: where letters join, no seam is left, and what bends the line bends outlines,
not pixels.
"""

from __future__ import annotations

import itertools
import threading
from ctypes import CFUNCTYPE, POINTER, byref, c_long, c_void_p, cast
from dataclasses import dataclass
from typing import Any

import freetype
import numpy as np
from freetype import raw
from numpy.typing import NDArray

from handgen.errors import FontError
from handgen.fonts.face import FontRef, open_face
from handgen.fonts.outline import FLAGS

_TELLING = "abdeghnqrt"
"""Small letters that are nothing like their capitals."""
_SAME = 0.02
"""Sides of their boxes by which the points of two outlines that are one may differ."""
_EM = 256
_UNITS = _EM * 64
_MOST_POINTS = 30_000
"""FreeType counts the points of an outline in 16 bits."""
LONG = np.dtype(c_long)
_translate = CFUNCTYPE(None, c_void_p, c_long, c_long)(("FT_Outline_Translate", raw._lib))
_FIELDS = dict(raw.FT_Outline._fields_)
_BUFFER = dict(raw.FT_Bitmap._fields_)["buffer"]


@dataclass(frozen=True, eq=False)
class Outline:
    """Closed curves.

    Attributes:
        points: float64 ``[n, 2]``, x to the right, y up.
        tags: uint8 ``[n]``, what each point is to FreeType: on the curve, or a control point.
        ends: int64 ``[m]``, the last point of each contour.
    """

    points: NDArray[np.float64]
    tags: NDArray[np.uint8]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.points)


class Contours:
    """The outlines of one font's glyphs, in em, from their origins; each is loaded once.

    Raises:
        FontError, UsageError: as ``open_face``.
    """

    def __init__(self, ref: FontRef) -> None:
        self.ref = ref
        self._face = open_face(ref)
        self._face.set_char_size(_EM * 64)
        self._handle: Any = self._face._FT_Face
        self._known: dict[int, Outline] = {}
        self._lock = threading.Lock()  # a FreeType face is no thing for two threads

    def glyph(self, number: int) -> Outline:
        """Return the outline of a glyph; one without points where it has no ink or is damaged."""
        found = self._known.get(number)
        if found is None:
            with self._lock:
                found = self._known[number] = self._load(number)
        return found

    def _load(self, number: int) -> Outline:
        slot = self._handle.contents.glyph.contents
        outline = slot.outline
        if (
            raw.FT_Load_Glyph(self._handle, number, FLAGS)
            or slot.format != freetype.FT_GLYPH_FORMAT_OUTLINE
            or not outline.n_points
        ):
            return Outline(np.zeros((0, 2)), np.zeros(0, np.uint8), np.zeros(0, np.int64))
        count = outline.n_points
        points = np.ctypeslib.as_array(cast(outline.points, POINTER(c_long)), (count, 2)) / _UNITS
        tags = np.array(outline.tags[:count], np.int64).astype(np.uint8)
        ends = np.array(outline.contours[: outline.n_contours], np.int64) & 0xFFFF
        return _outward(Outline(points, tags, ends))


def small_letters_are_capitals(ref: FontRef) -> bool:
    """Whether a font has the outlines of capitals, larger or smaller, for most small letters.

    Raises:
        FontError, UsageError: as ``open_face``.
    """
    contours, face = Contours(ref), open_face(ref)
    both = [(face.get_char_index(char), face.get_char_index(char.upper())) for char in _TELLING]
    known = [(small, capital) for small, capital in both if small and capital]
    alike = [small == capital or _alike(contours.glyph(small), contours.glyph(capital)) for small, capital in known]
    return bool(2 * sum(alike) > len(known))


def _alike(first: Outline, second: Outline) -> bool:
    """Whether outlines are equal but for their size and position."""
    if not len(first) or len(first) != len(second):
        return False
    boxes = [outline.points - outline.points.min(axis=0) for outline in (first, second)]
    one, other = (points / np.maximum(points.max(axis=0), 1e-6) for points in boxes)
    return bool(np.abs(one - other).max() < _SAME)


def _outward(outline: Outline) -> Outline:
    """Return an outline whose ink is on the left of its contours, so that two that overlap do not cancel each other."""
    x, y = outline.points.T
    following = np.arange(1, len(x) + 1)
    starts = np.concatenate([[0], outline.ends[:-1] + 1])
    following[outline.ends] = starts
    if (x * y[following] - x[following] * y).sum() >= 0:
        return outline
    order = np.concatenate(
        [np.arange(start, end + 1)[::-1] for start, end in zip(starts, outline.ends.tolist(), strict=True)]
    )
    return Outline(outline.points[order], outline.tags[order], outline.ends)


def joined(outlines: list[Outline]) -> tuple[Outline, NDArray[np.int64]]:
    """Return several outlines as one, and which of them each point is of, int64 ``[n]``."""
    counts = np.array([len(outline) for outline in outlines], np.int64)
    before = np.cumsum(counts) - counts
    whole = Outline(
        np.concatenate([np.zeros((0, 2)), *(outline.points for outline in outlines)]),
        np.concatenate([np.zeros(0, np.uint8), *(outline.tags for outline in outlines)]),
        np.concatenate(
            [np.zeros(0, np.int64), *(o.ends + first for o, first in zip(outlines, before.tolist(), strict=True))]
        ),
    )
    return whole, np.repeat(np.arange(len(outlines)), counts)


def split(outline: Outline, owners: NDArray[np.int64], glyphs: int) -> list[Outline]:
    """Return what ``joined`` put together: the outline of each glyph, those without points among them."""
    starts = np.searchsorted(owners, np.arange(glyphs + 1))
    contours = np.searchsorted(outline.ends, starts)
    return [
        Outline(outline.points[a:b], outline.tags[a:b], outline.ends[c:d] - a)
        for (a, b), (c, d) in zip(
            itertools.pairwise(starts.tolist()), itertools.pairwise(contours.tolist()), strict=True
        )
    ]


class Drawable:
    """An outline as FreeType has it, to be filled and measured.

    Args:
        outline: in pixels, y up from the lower edge.
        owners: int64 ``[n]``, ascending: the glyph that each point is of.
        glyphs: how many there are.
    """

    def __init__(self, outline: Outline, owners: NDArray[np.int64], glyphs: int) -> None:
        self._points = np.ascontiguousarray(np.rint(outline.points * 64).astype(LONG))
        self._tags = np.ascontiguousarray(outline.tags)
        self._ends = outline.ends
        # Where each glyph's points and contours begin.
        self.point_starts = np.searchsorted(owners, np.arange(glyphs + 1))
        self.contour_starts = np.searchsorted(outline.ends, self.point_starts)
        self._addresses = self._points.ctypes.data, self._tags.ctypes.data

    def _part(self, first: int, last: int) -> tuple[raw.FT_Outline, NDArray[np.uint16]]:
        """Return the glyphs ``first`` to ``last`` (not included), and what has to be kept as long as they are used."""
        start, stop = int(self.point_starts[first]), int(self.point_starts[last])
        inside = self._ends[self.contour_starts[first] : self.contour_starts[last]] - start
        ends: NDArray[np.uint16] = np.ascontiguousarray(inside.astype(np.uint16))
        part = raw.FT_Outline()
        part.n_points, part.n_contours = stop - start, len(ends)
        points, tags = self._addresses
        part.points = cast(points + start * self._points.strides[0], _FIELDS["points"])
        part.tags = cast(tags + start, _FIELDS["tags"])
        part.contours = cast(ends.ctypes.data, _FIELDS["contours"])
        return part, ends

    def bounds(self, first: int, last: int) -> tuple[float, float, float, float] | None:
        """Return left, bottom, right and top of the ink of glyphs ``first`` to ``last`` (not included), in pixels."""
        if self.point_starts[first] == self.point_starts[last]:
            return None
        part, _kept = self._part(first, last)
        box = raw.FT_BBox()
        raw.FT_Outline_Get_BBox(byref(part), byref(box))
        return box.xMin / 64, box.yMin / 64, box.xMax / 64, box.yMax / 64

    def embolden(self, pixels: float) -> None:
        """Make all strokes wider by so many pixels, or thinner where it is less than 0."""
        strength = round(pixels * 64)
        for glyph in range(len(self.point_starts) - 1):
            if self.point_starts[glyph] < self.point_starts[glyph + 1]:
                part, _kept = self._part(glyph, glyph + 1)
                raw.FT_Outline_EmboldenXY(byref(part), strength, strength)
                # FreeType keeps the lower left corner where it is; the middle of a stroke is meant.
                _translate(byref(part), -(strength // 2), -(strength // 2))

    def fill(self, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the coverage, uint8 ``[height, width]``, 255 = covered; what lies outside is cut off.

        Glyphs that touch are filled together; a few at a time, as FreeType is fastest with few.

        Raises:
            FontError: FreeType cannot fill them.
        """
        height, width = shape
        canvas = np.zeros(shape, np.uint8)
        for first, last in self._groups():
            part, _kept = self._part(first, last)
            x = self._points[self.point_starts[first] : self.point_starts[last], 0]
            left, right = max(int(x.min()) // 64, 0), min(-(-int(x.max()) // 64), width)
            if left >= right:
                continue
            patch = np.zeros((height, right - left), np.uint8)
            _translate(byref(part), -left * 64, 0)
            _render(part, patch)
            _translate(byref(part), left * 64, 0)  # the points are this object's own
            under = canvas[:, left:right]
            np.maximum(under, patch, out=under)
        return canvas

    def _groups(self) -> list[tuple[int, int]]:
        """Return the first and one past the last glyph of groups between which there is paper."""
        starts = self.point_starts
        some = np.flatnonzero(np.diff(starts))
        if not len(some):
            return []
        left = np.minimum.reduceat(self._points[:, 0], starts[some])
        right = np.maximum.reduceat(self._points[:, 0], starts[some])
        before = np.minimum.accumulate(left[::-1])[::-1]
        free = before[1:] > np.maximum.accumulate(right)[:-1]
        firsts = [int(some[0])]
        for index in range(1, len(some)):
            count = starts[some[index] + 1] - starts[firsts[-1]]
            if free[index - 1] or count > _MOST_POINTS:
                firsts.append(int(some[index]))
        return list(zip(firsts, [*firsts[1:], int(some[-1]) + 1], strict=True))


def _render(outline: raw.FT_Outline, canvas: NDArray[np.uint8]) -> None:
    """Fill an outline into a canvas of zeros, uint8 ``[height, width]``."""
    bitmap = raw.FT_Bitmap()
    bitmap.rows, bitmap.width = canvas.shape
    bitmap.pitch = canvas.shape[1]
    bitmap.num_grays, bitmap.pixel_mode = 256, freetype.FT_PIXEL_MODE_GRAY
    bitmap.buffer = cast(canvas.ctypes.data, _BUFFER)
    if raw.FT_Outline_Get_Bitmap(freetype.get_handle(), byref(outline), byref(bitmap)):
        raise FontError("a line of glyphs cannot be drawn", "Use another font.")
