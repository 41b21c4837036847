"""Lines put together on a page, for a person to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handgen.files import replacing
from handgen.glyphs.contact_sheet import FRAME

_GAP = 6
_LENGTH = 1000
"""Pixels that a row of lines has room for; a longer line has a row of its own."""


def page(lines: Sequence[NDArray[np.uint8]], vertical: bool = False, *, length: int = _LENGTH) -> Image.Image:
    """Set lines one after the other, in as many rows as they need.

    Args:
        lines: uint8 ``[H, W]`` or ``[H, W, 3]``.
        vertical: they run from top to bottom, so rows become columns.
        length: of a row in pixels, if no line is longer.

    Returns:
        An RGB picture; gray lines stay gray.
    """
    if vertical:
        return page([np.swapaxes(line, 0, 1) for line in lines], length=length).transpose(Image.Transpose.TRANSPOSE)
    corners, x, y, height = [], _GAP, _GAP, 0
    for line in lines:
        if x > _GAP and x + line.shape[1] > length:
            x, y, height = _GAP, y + height + _GAP, 0
        corners.append((x, y))
        x, height = x + line.shape[1] + _GAP, max(height, line.shape[0])
    width = max((x + line.shape[1] for (x, _), line in zip(corners, lines, strict=True)), default=0)
    picture = Image.new("RGB", (width + _GAP, y + height + _GAP), FRAME)
    for corner, line in zip(corners, lines, strict=True):
        picture.paste(Image.fromarray(np.ascontiguousarray(line)), corner)
    return picture


def save_page(path: Path, lines: Sequence[NDArray[np.uint8]], vertical: bool = False) -> None:
    """Set lines on a page and save it as a PNG file, whole or not at all."""
    picture = page(lines, vertical)
    if all(line.ndim == 2 for line in lines):
        picture = picture.convert("L")
    with replacing(path) as temporary:
        picture.save(temporary, format="PNG")
