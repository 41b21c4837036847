"""Contact sheets: rows of glyphs with a caption, for a person to look at."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from handgen.errors import HandgenError
from handgen.files import replacing
from handgen.fonts.find import covered, find_fonts

_GAP = 4
_LATIN = 0x250
"""Pillow's built-in font has the characters below this code point."""
FRAME = (222, 222, 226)


def contact_sheet(
    rows: Sequence[tuple[str, NDArray[np.uint8]]],
    *,
    cell: int | None = None,
    title: str = "",
    words: Sequence[Sequence[str]] = (),
) -> Image.Image:
    """Draw one row of glyphs for each ``(caption, images)``.

    Args:
        rows: images are uint8 ``[n, H, W]`` or, in color, ``[n, H, W, 3]``; rows may differ in n, H and W. Every
            image is resized to a square cell.
        cell: side of a cell in pixels; by default the longest side of all images.
        title: a line above the rows.
        words: for each row, one word under each image; rows without words may be missing at the end.

    Returns:
        An RGB picture with the captions on the left.
    """
    side = cell or max((max(images.shape[1:3]) for _, images in rows if len(images)), default=64)
    said = "".join([title, *(caption for caption, _ in rows), *("".join(row) for row in words)])
    font = _font_for(said, max(11, min(16, side // 4)))
    captions = [caption if len(caption) <= 28 else caption[:27] + "…" for caption, _ in rows]
    margin = max((int(font.getlength(caption)) for caption in captions), default=0) + 3 * _GAP
    columns = max((len(images) for _, images in rows), default=0)
    pitch = side + _GAP
    under = [side // 3 if row < len(words) and any(words[row]) else 0 for row in range(len(rows))]
    head = side // 2 if title else 0
    width = max(margin + columns * pitch, _GAP + int(font.getlength(title)))
    picture = Image.new("RGB", (width + _GAP, head + len(rows) * pitch + sum(under) + _GAP), FRAME)
    draw = ImageDraw.Draw(picture)
    draw.text((_GAP, (head + _GAP) // 2), title, fill=(30, 30, 34), font=font, anchor="lm")
    for y, (caption, (_, images)) in enumerate(zip(captions, rows, strict=True)):
        top = head + _GAP + y * pitch + sum(under[:y])
        draw.text((_GAP, top + side // 2), caption, fill=(30, 30, 34), font=font, anchor="lm")
        for x, image in enumerate(images):
            glyph = Image.fromarray(image)
            if glyph.size != (side, side):
                glyph = glyph.resize((side, side), Image.Resampling.LANCZOS)
            picture.paste(glyph, (margin + x * pitch, top))
            if under[y]:
                middle = margin + x * pitch + side // 2, top + side + under[y] // 2
                draw.text(middle, words[y][x], fill=(30, 30, 34), font=font, anchor="mm")
    return picture


def _font_for(text: str, size: int) -> Any:
    """Return Pillow's built-in font; if it lacks characters of the text, the font found that has most of these."""
    lacking = "".join(sorted({char for char in text if ord(char) >= _LATIN and not char.isspace()}))
    best = _covering(lacking) if lacking else None
    return ImageFont.load_default(size=size) if best is None else ImageFont.truetype(best[0], size, index=best[1])


@functools.cache
def _covering(chars: str) -> tuple[str, int] | None:
    """Return file and face of the font that has most of ``chars``; None if no font has any."""
    most, count = 0, 0
    found: tuple[str, int] | None = None
    for font in find_fonts():
        if font.broken or font.ref.path.suffix.lower() == ".woff2" or most == len(chars):
            continue
        with contextlib.suppress(HandgenError, OSError):
            count = covered(font.ref, chars)
        if count > most:
            most, found = count, (str(font.ref.path), font.ref.face)
    return found


def save_sheet(
    path: Path,
    rows: Sequence[tuple[str, NDArray[np.uint8]]],
    *,
    cell: int | None = None,
    title: str = "",
    grays: int = 16,
    words: Sequence[Sequence[str]] = (),
) -> None:
    """Draw a contact sheet and save it as a PNG, reduced to ``grays`` levels if no image has color.

    The file is replaced in one step. The other arguments are those of ``contact_sheet``.
    """
    picture = contact_sheet(rows, cell=cell, title=title, words=words)
    if all(images.ndim == 3 for _, images in rows):
        step = 255 / (grays - 1)
        picture = picture.convert("L").point([round(round(value / step) * step) for value in range(256)])
    with replacing(path) as temporary:
        picture.save(temporary, format="PNG")
