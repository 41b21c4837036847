"""Decoding of image files and encoded images, the same for all readers."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from handgen.files import PICTURES, pointer_remedy
from handgen.glyphs.ink import gray_of

UNDECODABLE = (OSError, SyntaxError, ValueError, struct.error, zlib.error, Image.DecompressionBombError)
"""Exceptions that decoding a damaged image raises."""
SUFFIXES = PICTURES


def read_fault(source: Path | bytes) -> str:
    """Return why an image cannot be read; "" if it can."""
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as opened:
            opened.load()
    except UNDECODABLE as error:
        return decoding_error(error, source)
    return ""


def pages(path: Path) -> int:
    """Return how many pictures a file holds, such as pages of a TIFF or frames of a GIF; 1 if it cannot be read."""
    try:
        with Image.open(path) as opened:
            return int(getattr(opened, "n_frames", 1))
    except UNDECODABLE:
        return 1


def decoding_error(error: Exception, source: Path | bytes = b"") -> str:
    """Return a short message for an error of decoding, without internals such as addresses of objects."""
    if pointer_remedy(source):
        return "a Git LFS pointer and no image: 'git lfs pull' fetches it"
    text = (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).partition("<")[0].strip()
    unknown = text.startswith("cannot identify image file")
    return "no image that can be read" if unknown else text or "damaged"


def read_gray(source: Path | bytes) -> NDArray[np.uint8] | None:
    """Return an image as uint8 gray levels ``[H, W]``, turned as its EXIF orientation says; None if it is unreadable.

    Large images are reduced, see ``ink.gray_of``.
    """
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as opened:
            return np.round(gray_of(ImageOps.exif_transpose(opened))).astype(np.uint8)
    except UNDECODABLE:
        return None
