"""Outlines of glyphs as arrays, and filling many of them at once.

The glyphs of a line are filled as one shape, so no seam is left where letters join. Lines are bent by moving the points
of outlines, not pixels.
"""

from __future__ import annotations

import itertools
import threading
from ctypes import POINTER, byref, c_long, cast
from dataclasses import dataclass
from typing import Any

import freetype
import numpy as np
from freetype import raw
from numpy.typing import NDArray

from handgen.errors import FontError
from handgen.fonts.face import FontRef, open_face
from handgen.fonts.outline import EM, FLAGS, UNITS, translate

_TELLING = "abdeghnqrt"
"""Small letters that look quite different from their capitals."""
_SAME = 0.02
"""Two outlines are the same if corresponding points differ by less than this, in sides of their boxes."""
_MOST_POINTS = 30_000
"""Most points of an outline; FreeType counts them in 16 bits."""
LONG = np.dtype(c_long)
_FIELDS = dict(raw.FT_Outline._fields_)
_BUFFER = dict(raw.FT_Bitmap._fields_)["buffer"]


@dataclass(frozen=True, eq=False)
class Outline:
    """Closed contours.

    Attributes:
        points: float64 ``[n, 2]``, x to the right, y up.
        tags: uint8 ``[n]``, FreeType's tag of each point: on the curve, or a control point.
        ends: int64 ``[m]``, index of the last point of each contour.
    """

    points: NDArray[np.float64]
    tags: NDArray[np.uint8]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.points)


class Contours:
    """The outlines of one font's glyphs, in em, relative to their origins; each glyph is loaded once.

    Raises:
        FontError, UsageError: as ``open_face``.
    """

    def __init__(self, ref: FontRef) -> None:
        self.ref = ref
        self._face = open_face(ref)
        self._face.set_char_size(EM * 64)
        self._handle: Any = self._face._FT_Face
        self._known: dict[int, Outline] = {}
        self._lock = threading.Lock()  # a FreeType face must not be used by two threads at once

    def glyph(self, number: int) -> Outline:
        """Return the outline of a glyph; it has no points if the glyph has no ink or is damaged."""
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
        points = np.ctypeslib.as_array(cast(outline.points, POINTER(c_long)), (count, 2)) / UNITS
        tags = np.array(outline.tags[:count], np.int64).astype(np.uint8)
        ends = np.array(outline.contours[: outline.n_contours], np.int64) & 0xFFFF
        return _outward(Outline(points, tags, ends))


def small_letters_are_capitals(ref: FontRef) -> bool:
    """Return whether most small letters of a font have the outlines of capitals, perhaps at another size.

    Raises:
        FontError, UsageError: as ``open_face``.
    """
    contours, face = Contours(ref), open_face(ref)
    both = [(face.get_char_index(char), face.get_char_index(char.upper())) for char in _TELLING]
    known = [(small, capital) for small, capital in both if small and capital]
    alike = [small == capital or _alike(contours.glyph(small), contours.glyph(capital)) for small, capital in known]
    return bool(2 * sum(alike) > len(known))


def _alike(first: Outline, second: Outline) -> bool:
    """Return whether two outlines are equal except for their size and position."""
    if not len(first) or len(first) != len(second):
        return False
    boxes = [outline.points - outline.points.min(axis=0) for outline in (first, second)]
    one, other = (points / np.maximum(points.max(axis=0), 1e-6) for points in boxes)
    return bool(np.abs(one - other).max() < _SAME)


def _outward(outline: Outline) -> Outline:
    """Return an outline with the ink on the left of its contours, so that overlapping glyphs do not cancel out."""
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
    """Return several outlines as one, and for each point the index of its outline, int64 ``[n]``."""
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
    """Undo ``joined``: return the outline of each glyph, also those without points."""
    starts = np.searchsorted(owners, np.arange(glyphs + 1))
    contours = np.searchsorted(outline.ends, starts)
    return [
        Outline(outline.points[a:b], outline.tags[a:b], outline.ends[c:d] - a)
        for (a, b), (c, d) in zip(
            itertools.pairwise(starts.tolist()), itertools.pairwise(contours.tolist()), strict=True
        )
    ]


class Drawable:
    """An outline in FreeType's format, to be filled and measured.

    Args:
        outline: the outline of all glyphs in pixels, y up from the lower edge.
        owners: int64 ``[n]``, ascending: the glyph that each point belongs to.
        glyphs: number of glyphs.
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
        """Return glyphs ``first`` to ``last`` (not included) as one outline, and an array that must outlive it."""
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
        """Return left, bottom, right, top of glyphs ``first`` to ``last`` (not included), in pixels; None if empty."""
        if self.point_starts[first] == self.point_starts[last]:
            return None
        part, _kept = self._part(first, last)
        box = raw.FT_BBox()
        raw.FT_Outline_Get_BBox(byref(part), byref(box))
        return box.xMin / 64, box.yMin / 64, box.xMax / 64, box.yMax / 64

    def embolden(self, pixels: float) -> None:
        """Make all strokes wider by so many pixels; negative numbers make them thinner."""
        strength = round(pixels * 64)
        for glyph in range(len(self.point_starts) - 1):
            if self.point_starts[glyph] < self.point_starts[glyph + 1]:
                part, _kept = self._part(glyph, glyph + 1)
                raw.FT_Outline_EmboldenXY(byref(part), strength, strength)
                # FreeType keeps the lower left corner in place; the middle of the strokes must stay in place.
                translate(byref(part), -(strength // 2), -(strength // 2))

    def fill(self, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the coverage, uint8 ``[height, width]``, 255 = covered; everything outside is cut off.

        Groups of glyphs with paper between them are filled one after another: FreeType is fastest with few glyphs.

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
            translate(byref(part), -left * 64, 0)
            _render(part, patch)
            translate(byref(part), left * 64, 0)  # undo it: ``part`` shares the points of this object
            under = canvas[:, left:right]
            np.maximum(under, patch, out=under)
        return canvas

    def _groups(self) -> list[tuple[int, int]]:
        """Return (first, one past the last) of groups of glyphs that have paper between them."""
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
