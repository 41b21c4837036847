"""Contact sheets: rows of glyphs with a caption, for a person to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from handgen.files import replacing

_GAP = 4
_FRAME = (222, 222, 226)


def contact_sheet(
    rows: Sequence[tuple[str, NDArray[np.uint8]]], *, cell: int | None = None, title: str = ""
) -> Image.Image:
    """Draw one row of glyphs per ``(caption, images)``.

    Args:
        rows: images are uint8 ``[n, H, W]`` or, in color, ``[n, H, W, 3]``; rows may differ in n, H and W.
        cell: side of a cell in pixels; the largest image's side by default.
        title: a line above the rows.

    Returns:
        An RGB picture with the captions at the left.
    """
    side = cell or max((max(images.shape[1:3]) for _, images in rows if len(images)), default=64)
    font = ImageFont.load_default(size=max(11, min(16, side // 4)))
    captions = [caption if len(caption) <= 28 else caption[:27] + "…" for caption, _ in rows]
    margin = max((int(font.getlength(caption)) for caption in captions), default=0) + 3 * _GAP
    columns = max((len(images) for _, images in rows), default=0)
    pitch = side + _GAP
    head = side // 2 if title else 0
    width = max(margin + columns * pitch, _GAP + int(font.getlength(title)))
    picture = Image.new("RGB", (width + _GAP, head + len(rows) * pitch + _GAP), _FRAME)
    draw = ImageDraw.Draw(picture)
    draw.text((_GAP, (head + _GAP) // 2), title, fill=(30, 30, 34), font=font, anchor="lm")
    for y, (caption, (_, images)) in enumerate(zip(captions, rows, strict=True)):
        top = head + _GAP + y * pitch
        draw.text((_GAP, top + side // 2), caption, fill=(30, 30, 34), font=font, anchor="lm")
        for x, image in enumerate(images):
            glyph = Image.fromarray(image)
            if glyph.size != (side, side):
                glyph = glyph.resize((side, side), Image.Resampling.LANCZOS)
            picture.paste(glyph, (margin + x * pitch, top))
    return picture


def save_sheet(
    path: Path,
    rows: Sequence[tuple[str, NDArray[np.uint8]]],
    *,
    cell: int | None = None,
    title: str = "",
    grays: int = 16,
) -> None:
    """Draw a contact sheet and save it as a PNG, of so many ``grays`` if no image has color; whole or not at all."""
    picture = contact_sheet(rows, cell=cell, title=title)
    if all(images.ndim == 3 for _, images in rows):
        step = 255 / (grays - 1)
        picture = picture.convert("L").point([round(round(value / step) * step) for value in range(256)])
    with replacing(path) as temporary:
        picture.save(temporary, format="PNG")
