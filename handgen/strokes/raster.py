"""Thick lines of varying width made into gray images: exact coverage of their outlines, by FreeType.

An outline goes along one side of the line and back along the other, round its ends. All outlines of a
glyph are filled together under the nonzero rule, so crossings are simply ink.
"""

from __future__ import annotations

import threading
from ctypes import Structure, byref, c_int, c_short, c_void_p
from typing import Any

import freetype
import numpy as np
from freetype import raw
from numpy.typing import NDArray

from handgen.errors import HandgenError
from handgen.fonts.contours import LONG

_CAP = 6
"""Points of a round end between its two corners."""
_NONZERO = 0
_MOST = 32_000
"""Points of an outline; FreeType counts them in 16 bits."""


class _Outline(Structure):
    _fields_ = (
        ("n_contours", c_short),
        ("n_points", c_short),
        ("points", c_void_p),
        ("tags", c_void_p),
        ("contours", c_void_p),
        ("flags", c_int),
    )


_render = raw._lib["FT_Outline_Get_Bitmap"]
_render.argtypes = [c_void_p, c_void_p, c_void_p]
_local = threading.local()


def _library() -> Any:
    """Return this thread's FreeType: one library must not draw in two threads at once."""
    if not hasattr(_local, "library"):
        library = freetype.raw.FT_Library()
        if raw.FT_Init_FreeType(byref(library)):
            raise HandgenError("FreeType cannot be started", "Install freetype-py again.")
        _local.library = library
    return _local.library


def outlines(points: NDArray[np.float32], widths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the outlines of lines.

    Args:
        points: ``[n, k, 2]``, k >= 2, along each line.
        widths: ``[n, k]``, of the line at each point, above 0.

    Returns:
        ``[n, 2 * (k + _CAP), 2]``, closed, all turning the same way.
    """
    ahead = np.empty_like(points)
    ahead[:, 1:-1] = points[:, 2:] - points[:, :-2]
    ahead[:, 0], ahead[:, -1] = points[:, 1] - points[:, 0], points[:, -1] - points[:, -2]
    length = np.sqrt(ahead[:, :, 0] ** 2 + ahead[:, :, 1] ** 2)
    ahead /= np.maximum(length, np.float32(1e-6))[:, :, None]
    ahead *= 0.5 * widths[:, :, None]
    side = np.stack([-ahead[:, :, 1], ahead[:, :, 0]], 2)
    angle = np.linspace(0, np.pi, _CAP + 2, dtype=np.float32)[1:-1, None]
    cos, sin = np.cos(angle), np.sin(angle)
    last = points[:, -1:] + cos * side[:, -1:] + sin * ahead[:, -1:]
    first = points[:, :1] - cos * side[:, :1] - sin * ahead[:, :1]
    return np.concatenate([points + side, last, (points - side)[:, ::-1], first], axis=1)


def coverage(groups: list[tuple[NDArray[np.float32], NDArray[np.int64]]], count: int, size: int) -> NDArray[np.uint8]:
    """Return how much of each pixel is covered: uint8 ``[count, size, size]``, 255 = all of it.

    Args:
        groups: outlines ``[n, k, 2]`` in pixels, y down, and the image ``[n]`` that each belongs to, ascending.
        count: of images.
        size: their side in pixels.

    Raises:
        HandgenError: the outlines of an image are too many.
    """
    images = np.zeros((count, size, size), np.uint8)
    # Points of all images in one row, and the last of each outline, as FreeType wants them:
    # vectors are pairs of longs in 1/64 px, y up.
    counts = [np.bincount(owner, minlength=count) for _, owner in groups]
    per_image = sum(
        (some * lines.shape[1] for some, (lines, _) in zip(counts, groups, strict=True)), np.zeros(count, int)
    )
    if int(np.max(per_image, initial=0)) > _MOST:
        raise HandgenError("a character has too many strokes to be drawn", "Leave it out.")
    starts = np.concatenate([[0], np.cumsum(per_image)])
    vectors = np.empty((int(starts[-1]), 2), LONG)
    used = np.zeros(count, np.int64)
    lasts = []
    for (lines, owner), some in zip(groups, counts, strict=True):
        length = lines.shape[1]
        rank = np.arange(len(owner)) - np.repeat(np.cumsum(some) - some, some)
        at = used[owner] + rank * length
        rows = (starts[owner] + at)[:, None] + np.arange(length)
        vectors[rows, 0] = np.rint(lines[:, :, 0] * np.float32(64))
        vectors[rows, 1] = 64 * size - np.rint(lines[:, :, 1] * np.float32(64))
        lasts.append((at + length - 1).astype(np.int16))
        used += some * length
    order = np.argsort(np.concatenate([owner for _, owner in groups]), kind="stable")
    _fill(images, vectors, starts, np.concatenate(lasts)[order], np.sum(counts, axis=0))
    return images


def _fill(
    images: NDArray[np.uint8],
    vectors: NDArray[np.int_],
    starts: NDArray[np.int64],
    lasts: NDArray[np.int16],
    contours: NDArray[np.int64],
) -> None:
    """Fill the outlines of each image: ``vectors[starts[i] : starts[i + 1]]``, of which ``contours[i]`` are closed."""
    size = images.shape[1]
    library = _library()
    tags = np.ones(int(np.max(np.diff(starts), initial=1)), np.uint8)  # every point is on the outline
    outline, bitmap = _Outline(), raw.FT_Bitmap()
    outline.tags, outline.flags = tags.ctypes.data, _NONZERO
    bitmap.rows = bitmap.width = bitmap.pitch = size
    bitmap.num_grays, bitmap.pixel_mode = 256, freetype.FT_PIXEL_MODE_GRAY
    buffer = c_void_p.from_buffer(bitmap, raw.FT_Bitmap.buffer.offset)
    outline_ref, bitmap_ref = byref(outline), byref(bitmap)
    point, canvas, last = vectors.ctypes.data, images.ctypes.data, lasts.ctypes.data
    for lines, points in zip(contours.tolist(), np.diff(starts).tolist(), strict=True):
        outline.n_contours, outline.n_points = lines, points
        outline.points, outline.contours, buffer.value = point, last, canvas
        if lines and _render(library, outline_ref, bitmap_ref):
            raise HandgenError("a character cannot be drawn", "Report it: this should not happen.")
        point += points * 2 * vectors.itemsize
        last += lines * lasts.itemsize
        canvas += size * size
