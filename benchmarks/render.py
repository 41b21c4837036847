"""How fast glyphs are drawn: handgen beside Pillow text saved as PNG files in one process.

Both draw the same characters of the same font at the same size. handgen is timed twice: one process that draws and
writes the store, and the whole of ``handgen render`` (workers, survey of the ink, store, preview) with a second font.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont

from benchmarks.row import Row, Scale, Told, best_of, timed
from handgen.collect.draw import Block, FontJob, Looked, SourceJob, draw_font, look_at_source
from handgen.collect.render import make_plan, render
from handgen.collect.settings import RenderSettings
from handgen.fonts.charsets import load_charset
from handgen.fonts.face import FontRef
from handgen.fonts.find import resolve_font
from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.store import StoreWriter
from handgen.workers import cores

FONT, TARGET = "Heiti", "Noto Serif SC"


def measure(scale: Scale, device: torch.device, told: Told) -> list[Row]:
    """Time Pillow, one process of handgen, and the whole command."""
    font, chars, size = resolve_font(FONT), load_charset(scale.charset), scale.size
    works: dict[str, Callable[[Path], object]] = {
        "Pillow text to PNG files, one process": functools.partial(pillow, font, chars, size),
        "handgen, one process": functools.partial(one_process, font, chars, size),
        f"handgen render of two fonts, {cores()} workers": functools.partial(command, font, scale.charset, size),
    }
    best = best_of(scale.rounds, {name: functools.partial(_in_folder, work) for name, work in works.items()}, told)
    group = f"{len(chars):,} characters, {size} px"
    return [
        Row(group, name, len(chars) * (1 + (" two " in name)), seconds, peer=name.startswith("Pillow"))
        for name, seconds in best.items()
    ]


def _in_folder(work: Callable[[Path], object]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return timed(lambda: work(Path(folder)))


def pillow(font: FontRef, chars: str, size: int, folder: Path) -> None:
    """Draw each character as text and save it as a PNG file, the usual way."""
    face = ImageFont.truetype(str(font.path), int(size * 0.92), index=font.face)
    for number, char in enumerate(chars):
        image = Image.new("L", (size, size), 255)
        ImageDraw.Draw(image).text((size / 2, size / 2), char, fill=0, font=face, anchor="mm")
        image.save(folder / f"{number:06d}.png")


def one_process(font: FontRef, chars: str, size: int, folder: Path) -> None:
    """Do what ``handgen render`` does for the source font, without worker processes."""
    source = next(iter(look_at_source(SourceJob(font, chars, size))))
    with StoreWriter(folder / "store", size=size, charset=chars, raster=Raster()) as writer:
        for message in draw_font(FontJob("source", font, size, source, is_source=True)):
            if isinstance(message, Looked):
                writer.add_style(StyleRecord("source", "source", message.origin))
            elif isinstance(message, Block):
                writer.append(message.images, message.chars, 0, [0] * len(message.chars))


def command(font: FontRef, charset: str, size: int, folder: Path) -> None:
    """Do what ``handgen render`` does, with one worker for each core."""
    render(make_plan(RenderSettings(font.spec, out=folder / "store", targets=(TARGET,), charset=charset, size=size)))
