"""How fast samples are encoded and written: handgen beside Pillow and OpenCV (if it is installed)."""

from __future__ import annotations

import functools
import importlib.util
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmarks.row import Row, Scale, Told, best_of, in_threads, timed
from handgen.fonts.find import resolve_font
from handgen.formats.base import Sample
from handgen.formats.lmdb import LmdbWriter
from handgen.formats.png import encode_png
from handgen.workers import cores

Images = list[NDArray[np.uint8]]
_DISTINCT = 2_000


def measure(scale: Scale, device: torch.device, told: Told) -> list[Row]:
    """Time encoders in one thread, and whole datasets."""
    drawn = glyphs(scale.size)
    images = [drawn[number % len(drawn)] for number in range(scale.samples)]
    works: dict[str, Callable[[], int]] = {
        "Pillow PNG, level 1": lambda: encode(pillow_png, images),
        "OpenCV PNG, level 1": lambda: encode(opencv_png, images),
        "handgen PNG": lambda: encode(encode_png, images),
    }
    if not importlib.util.find_spec("cv2"):
        del works["OpenCV PNG, level 1"]
    for threads in sorted({1, cores()}):
        works[f"handgen PNG and LMDB, {in_threads(threads)}"] = functools.partial(write, images, threads)
    taken: dict[str, int] = {}

    def keeping(name: str) -> float:
        def work() -> None:
            taken[name] = works[name]()

        return timed(work)

    best = best_of(scale.rounds, {name: functools.partial(keeping, name) for name in works}, told)
    return [
        Row(
            f"{len(images):,} glyphs, {scale.size} px",
            name,
            len(images),
            seconds,
            peer=not name.startswith("handgen"),
            note=f"{taken[name] / len(images):,.0f} bytes a sample",
        )
        for name, seconds in best.items()
    ]


def glyphs(size: int) -> Images:
    """Draw different characters, each uint8 ``[size, size]``."""
    font = ImageFont.truetype(str(resolve_font("Heiti").path), size * 7 // 8)
    images = []
    for number in range(_DISTINCT):
        image = Image.new("L", (size, size), 255)
        ImageDraw.Draw(image).text((size // 2, size // 2), chr(0x4E00 + 3 * number), 0, font, "mm")
        images.append(np.array(image))
    return images


def pillow_png(image: NDArray[np.uint8]) -> bytes:
    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG", compress_level=1)
    return data.getvalue()


def opencv_png(image: NDArray[np.uint8]) -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])


def encode(encoder: Callable[[NDArray[np.uint8]], bytes], images: Images) -> int:
    """Return how many bytes the images take."""
    return sum(len(encoder(image)) for image in images)


def write(images: Images, workers: int) -> int:
    """Return how many bytes a dataset of the images takes."""
    with tempfile.TemporaryDirectory() as folder:
        with LmdbWriter(Path(folder), {}, workers=workers) as writer:
            for first in range(0, len(images), 64):
                part = images[first : first + 64]
                writer.write([Sample(i, chr(0x4E00 + i % 2000), image, {}) for i, image in enumerate(part, first)])
            writer.finish({})
        return (Path(folder) / "data.mdb").stat().st_size
