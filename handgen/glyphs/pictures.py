"""Image files and encoded images, as all readers decode them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from handgen.glyphs.ink import gray_of

UNDECODABLE = (OSError, SyntaxError, ValueError, struct.error, zlib.error, Image.DecompressionBombError)
"""What decoding a damaged image raises."""
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"})


def read_gray(source: Path | bytes) -> NDArray[np.uint8] | None:
    """Return an image as grays, turned as its camera says; None if it cannot be read."""
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as opened:
            return np.round(gray_of(ImageOps.exif_transpose(opened))).astype(np.uint8)
    except UNDECODABLE:
        return None
