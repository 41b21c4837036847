"""Thick lines of varying width made into grey images: exact coverage of their outlines, by FreeType.

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
    ahead /= np.maximum(np.sqrt((ahead * ahead).sum(2, keepdims=True)), 1e-6)
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
    # Points of all images in one row: FreeType's vectors are pairs of longs in 1/64 px, y up.
    order = [np.bincount(owner, minlength=count) for _, owner in groups]
    sizes = [lines.shape[1] for lines, _ in groups]
    per_image = sum(counts * size_ for counts, size_ in zip(order, sizes, strict=True))
    starts = np.concatenate([[0], np.cumsum(per_image)])
    if int(np.max(per_image, initial=0)) > _MOST:
        raise HandgenError("a character has too many strokes to be drawn", "Leave it out.")
    vectors = np.empty((int(starts[-1]), 2), np.int64)
    ends: list[list[NDArray[np.int16]]] = [[] for _ in range(count)]
    used = np.zeros(count, np.int64)
    for (lines, owner), counts, length in zip(groups, order, sizes, strict=True):
        fixed = np.rint(lines * np.float32(64)).astype(np.int64)
        fixed[:, :, 1] = 64 * size - fixed[:, :, 1]
        rank = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        at = used[owner] + rank * length
        vectors[(starts[owner] + at)[:, None] + np.arange(length)] = fixed
        last = (at + length - 1).astype(np.int16)
        for image, some in zip(np.flatnonzero(counts), np.split(last, np.cumsum(counts[counts > 0])[:-1]), strict=True):
            ends[image].append(some)
        used += counts * length
    _fill(images, vectors, starts, ends)
    return images


def _fill(
    images: NDArray[np.uint8],
    vectors: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: list[list[NDArray[np.int16]]],
) -> None:
    count, size, _ = images.shape
    library = _library()
    tags = np.ones(int(np.max(np.diff(starts), initial=1)), np.uint8)  # every point is on the outline
    outline, bitmap = _Outline(), raw.FT_Bitmap()
    outline.tags, outline.flags = tags.ctypes.data, _NONZERO
    bitmap.rows = bitmap.width = bitmap.pitch = size
    bitmap.num_grays, bitmap.pixel_mode = 256, freetype.FT_PIXEL_MODE_GRAY
    buffer = c_void_p.from_buffer(bitmap, raw.FT_Bitmap.buffer.offset)
    outline_ref, bitmap_ref = byref(outline), byref(bitmap)
    base, canvas = vectors.ctypes.data, images.ctypes.data
    for image in range(count):
        if not ends[image]:
            continue
        contours = np.concatenate(ends[image])
        outline.n_contours, outline.n_points = len(contours), int(starts[image + 1] - starts[image])
        outline.points, outline.contours = base + 16 * int(starts[image]), contours.ctypes.data
        buffer.value = canvas + image * size * size
        if _render(library, outline_ref, bitmap_ref):
            raise HandgenError("a character cannot be drawn", "Report it: this should not happen.")
