"""How fast handgen draws glyphs, against Pillow text saved as PNG files in one process.

Both draw the same characters of the same font at the same size. handgen is timed twice: one
process that draws and writes the store, and the whole of ``handgen render`` (workers, survey of
the ink, store, preview). Run it on an idle machine and quote the ratios, never the absolutes:

    python benchmarks/render.py --target lxgw-wenkai.ttf
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from handgen.fonts.charsets import load_charset
from handgen.fonts.face import FontRef
from handgen.fonts.find import resolve_font
from handgen.glyphs.draw import Block, FontJob, Looked, SourceJob, draw_font, look_at_source
from handgen.glyphs.pool import cores
from handgen.glyphs.render import make_plan, render
from handgen.glyphs.store import StoreWriter, Style


def pillow(font: FontRef, chars: str, size: int, folder: Path) -> int:
    """Draw each character as text and save it as a PNG file, the usual way."""
    face = ImageFont.truetype(str(font.path), int(size * 0.92), index=font.face)
    for number, char in enumerate(chars):
        image = Image.new("L", (size, size), 255)
        ImageDraw.Draw(image).text((size / 2, size / 2), char, fill=0, font=face, anchor="mm")
        image.save(folder / f"{number:06d}.png")
    return len(chars)


def one_process(font: FontRef, chars: str, size: int, folder: Path) -> int:
    """Do what ``handgen render`` does for the source font, without worker processes."""
    source = next(iter(look_at_source(SourceJob(font, chars, size))))
    drawn = 0
    with StoreWriter(folder / "store", size=size, charset=chars, raster={}) as writer:
        for message in draw_font(FontJob("source", font, size, source, is_source=True)):
            if isinstance(message, Looked):
                writer.add_style(Style("source", "source", message.origin))
            elif isinstance(message, Block):
                writer.append(message.images, message.chars, 0, [0] * len(message.chars))
                drawn += len(message.chars)
    return drawn


def command(font: FontRef, targets: list[str], charset: str, size: int, folder: Path) -> int:
    """Do what ``handgen render`` does, with one worker for each core."""
    plan = make_plan(font.spec, out=folder / "store", targets=targets, charset=charset, size=size)
    return render(plan).glyphs


def rate(work: Callable[[Path], int]) -> float:
    """Return glyphs per second of ``work``, which gets an empty folder and returns its count."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        count = work(Path(folder))
        return count / (time.perf_counter() - started)


def main() -> None:
    """Print glyphs/s and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--font", default="Heiti", help="source font (default: %(default)s)")
    parser.add_argument("--target", action="append", required=True, help="target font; repeat for a longer run")
    parser.add_argument("--charset", default="gb2312", help="default: %(default)s")
    parser.add_argument("--size", type=int, default=64, help="pixels (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    options = parser.parse_args()
    font, chars, size = resolve_font(options.font), load_charset(options.charset), options.size
    works: dict[str, Callable[[Path], int]] = {
        "Pillow text to PNG files, one process": lambda folder: pillow(font, chars, size, folder),
        "handgen, one process": lambda folder: one_process(font, chars, size, folder),
        f"handgen render, {cores()} workers": lambda folder: command(
            font, options.target, options.charset, size, folder
        ),
    }
    best = dict.fromkeys(works, 0.0)
    for _ in range(options.rounds):  # in turn, so that other load on the machine meets all alike
        for name, work in works.items():
            best[name] = max(best[name], rate(work))
    print(f"{font.path.name}, {len(chars):,} characters, {size} px, best of {options.rounds}")
    base = next(iter(best.values()))
    for name, speed in best.items():
        print(f"{name:40} {speed:10,.0f} glyphs/s {speed / base:7.1f} x")


if __name__ == "__main__":
    main()
