"""Pictures of the pages that were read; the color of each box's frame shows its state."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handgen.files import replacing
from handgen.sheets.boxes import CROSSED, EMPTY, OUTSIDE, TAKEN, Box
from handgen.sheets.find import SCALE, Found

COLORS = {TAKEN: (20, 150, 60), EMPTY: (150, 150, 160), CROSSED: (230, 130, 0), OUTSIDE: (210, 20, 40)}
_SCALE = 4
"""Pixels per millimeter."""
_GRAYS = 12
"""Number of gray levels; with more of them the paper's noise would make the files large."""
_MOST = 100
"""Largest number of pages that are kept."""
_LEGEND = 40


class Overview:
    """Collects pictures of pages, as small PNG files in memory."""

    def __init__(self) -> None:
        self._pages: list[bytes] = []

    def add(self, where: str, found: Found, boxes: list[Box]) -> None:
        """Draw a page, unless there are enough already."""
        if len(self._pages) < _MOST:
            packed = io.BytesIO()
            _draw(where, found, boxes).save(packed, "PNG")
            self._pages.append(packed.getvalue())

    def save(self, folder: Path) -> list[Path]:
        """Save the pages as ``page-001.png``, ... in a folder; remove those of an earlier import; return the paths."""
        for old in folder.glob("page-[0-9][0-9][0-9].png"):
            old.unlink()
        paths = []
        for number, page in enumerate(self._pages, 1):
            path = folder / f"page-{number:03}.png"
            with replacing(path) as temporary:
                temporary.write_bytes(page)
            paths.append(path)
        return paths


def _draw(where: str, found: Found, boxes: list[Box]) -> Image.Image:
    step = SCALE // _SCALE
    height, width = (side // step for side in found.dark.shape)
    small = found.dark[: height * step, : width * step].reshape(height, step, width, step).mean(axis=(1, 3))
    levels = np.round((_GRAYS - 1) * (1 - small.clip(0, 1))) * (255 / (_GRAYS - 1))
    gray = Image.fromarray(levels.astype(np.uint8))
    picture = Image.new("RGB", (width, height + _LEGEND), "white")
    picture.paste(gray.convert("RGB"), (0, _LEGEND))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=16)
    counts = {state: sum(box.state == state for box in boxes) for state in COLORS}
    x = 8.0
    for state, count in counts.items():
        text = f"{count} {state}"
        draw.text((x, _LEGEND / 2), text, fill=COLORS[state], font=font, anchor="lm")
        x += font.getlength(text) + 24
    draw.text((width - 8, _LEGEND / 2), where[-48:], fill=(60, 60, 60), font=font, anchor="rm")
    side = found.page.layout.box
    for box in boxes:
        left, top = box.x * _SCALE, box.y * _SCALE + _LEGEND
        draw.rectangle((left, top, left + side * _SCALE, top + side * _SCALE), outline=COLORS[box.state], width=2)
    return picture
