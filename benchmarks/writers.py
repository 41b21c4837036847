"""How fast samples are encoded and written: handgen beside Pillow and OpenCV, in one run.

    python benchmarks/writers.py --count 20000 --size 64 --workers 2

Prints samples per second, bytes per sample, and the ratio to the first row.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pylopdf_fonts_zh_cn import sans_path

from handgen.writers.base import Sample
from handgen.writers.lmdb import LmdbWriter
from handgen.writers.png import encode_png

Images = list[NDArray[np.uint8]]


def glyphs(size: int, count: int = 2000) -> Images:
    """Draw ``count`` different characters, each uint8 ``[size, size]``."""
    font = ImageFont.truetype(str(sans_path()), size * 7 // 8)
    images = []
    for i in range(count):
        image = Image.new("L", (size, size), 255)
        ImageDraw.Draw(image).text((size // 2, size // 2), chr(0x4E00 + 3 * i), 0, font, "mm")
        images.append(np.array(image))
    return images


def pillow_png(image: NDArray[np.uint8]) -> bytes:
    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG", compress_level=1)
    return data.getvalue()


def opencv_png(image: NDArray[np.uint8]) -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])


def encode(encoder: Callable[[NDArray[np.uint8]], bytes], images: Iterable[NDArray[np.uint8]]) -> int:
    return sum(len(encoder(image)) for image in images)


def write(images: Images, workers: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        with LmdbWriter(Path(folder), {}, workers=workers) as writer:
            for first in range(0, len(images), 64):
                part = images[first : first + 64]
                writer.write([Sample(i, chr(0x4E00 + i % 2000), image, {}) for i, image in enumerate(part, first)])
            writer.finish({})
        return (Path(folder) / "data.mdb").stat().st_size


def main() -> None:
    """Time every row once and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20000, help="samples (default: 20000)")
    parser.add_argument("--size", type=int, default=64, help="side in pixels (default: 64)")
    parser.add_argument("--workers", type=int, default=2, help="encoding threads of the last row (default: 2)")
    options = parser.parse_args()
    drawn = glyphs(options.size)
    images = [drawn[i % len(drawn)] for i in range(options.count)]
    rows: dict[str, Callable[[], int]] = {
        "Pillow PNG, level 1": lambda: encode(pillow_png, images),
        "OpenCV PNG, level 1": lambda: encode(opencv_png, images),
        "handgen PNG": lambda: encode(encode_png, images),
        "handgen LMDB, 1 thread": lambda: write(images, 1),
        f"handgen LMDB, {options.workers} threads": lambda: write(images, options.workers),
    }
    first = 0.0
    for name, row in rows.items():
        start = time.perf_counter()
        try:
            size = row()
        except ImportError:
            print(f"{name:26s} not installed")
            continue
        rate = len(images) / (time.perf_counter() - start)
        first = first or rate
        print(f"{name:26s} {rate:9,.0f}/s {rate / first:6.1f}x {size / len(images):8,.0f} bytes")


if __name__ == "__main__":
    main()
