"""Images for the page: small, and within a budget, so that the page stays one that opens at once."""

from __future__ import annotations

import base64
import io
import struct
from pathlib import Path

from PIL import Image

from handgen.formats.png import SIGNATURE
from handgen.glyphs.pictures import UNDECODABLE

BUDGET = 3_000_000
"""Bytes of images on a page; as text they take a third more."""
_TALLEST, _WIDEST = 64, 512
_GRAYS = 16
_HEAVY = 6_000
"""Bytes of a PNG from which on JPEG is tried: noise and paper do not compress."""


class Album:
    """Turns images into data URIs until the budget is spent.

    Args:
        budget: bytes of all.
        tallest: pixels; higher images are made smaller.
        widest: pixels; wider images are made smaller.
    """

    def __init__(self, budget: int = BUDGET, tallest: int = _TALLEST, widest: int = _WIDEST) -> None:
        self.left, self._most = budget, (widest, tallest)

    def add(self, data: bytes | None) -> str | None:
        """Return a small copy of an encoded image as a data URI; None if it cannot be read or has no room."""
        if data is None or self.left <= 0:
            return None
        try:
            with Image.open(io.BytesIO(data)) as image:
                small = image.convert("L" if image.mode in ("1", "L", "I;16") else "RGB")
        except UNDECODABLE:
            return None
        small.thumbnail(self._most, Image.Resampling.LANCZOS)
        return self._uri(*_encoded(small))

    def add_file(self, path: Path) -> str | None:
        """Return a PNG file as it is, if there is one that fits into what is left."""
        if not path.is_file() or path.stat().st_size > self.left:
            return None
        return self._uri("png", path.read_bytes())

    def _uri(self, kind: str, data: bytes) -> str | None:
        if len(data) > self.left:
            return None
        self.left -= len(data)
        return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return width and height of an encoded image from its header; None if it has none."""
    if data.startswith(SIGNATURE) and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return int(width), int(height)
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.size
    except UNDECODABLE:
        return None


def _encoded(image: Image.Image) -> tuple[str, bytes]:
    file = io.BytesIO()
    if image.mode == "L":
        image = image.quantize(_GRAYS, dither=Image.Dither.NONE)
    image.save(file, "PNG", optimize=True)
    if file.tell() <= _HEAVY:
        return "png", file.getvalue()
    other = io.BytesIO()
    image.convert("RGB").save(other, "JPEG", quality=75)
    return min(("png", file.getvalue()), ("jpeg", other.getvalue()), key=lambda kind: len(kind[1]))
