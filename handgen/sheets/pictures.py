"""Reads the pictures in a file: a photograph or scan, the images of a TIFF, or the pages of a PDF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from handgen.extras import load_extra
from handgen.glyphs.ink import gray_of
from handgen.glyphs.pictures import SUFFIXES as IMAGES
from handgen.glyphs.pictures import UNDECODABLE

EXTRA = "scan"
"""The extra of handgen that reading sheets needs."""
SUFFIXES = IMAGES | {".pdf"}
NO_PICTURE = "no picture that can be read"
_DPI = 300
_LONGEST = 6000
"""Largest longer side of a rendered PDF page in pixels."""


@dataclass(frozen=True)
class Picture:
    """A picture that may show a page: its name, and its gray levels ``[H, W]``, which are None if it is unreadable."""

    where: str
    gray: NDArray[np.uint8] | None


def read_pictures(file: Path) -> Iterator[Picture]:
    """Yield the pictures in a file, turned as their EXIF orientation says; also those that cannot be read.

    Raises:
        HandgenError: the file is a PDF, and the package that reads PDFs is not installed.
    """
    try:
        with file.open("rb") as opened:
            is_pdf = b"%PDF-" in opened.read(1024)
    except OSError:
        yield Picture(file.name, None)
        return
    yield from _pdf(file) if is_pdf else _images(file)


def _images(file: Path) -> Iterator[Picture]:
    try:
        with Image.open(file) as opened:
            count: int = getattr(opened, "n_frames", 1) if file.suffix.lower() in (".tif", ".tiff") else 1
            several = count > 1
            for number in range(count):
                where = f"{file.name}, image {number + 1}" if several else file.name
                opened.seek(number)
                yield Picture(where, np.round(gray_of(ImageOps.exif_transpose(opened), None)).astype(np.uint8))
    except UNDECODABLE:
        yield Picture(file.name, None)


def _pdf(file: Path) -> Iterator[Picture]:
    pdfium = load_extra("pypdfium2", EXTRA)
    try:
        document = pdfium.PdfDocument(file)
    except pdfium.PdfiumError:
        yield Picture(file.name, None)
        return
    try:
        for number in range(len(document)):
            where = f"{file.name}, page {number + 1}" if len(document) > 1 else file.name
            try:
                page = document[number]
                scale = min(_DPI / 72, _LONGEST / max(page.get_size()))
                drawn = page.render(scale=scale, grayscale=True).to_numpy()
                yield Picture(where, drawn.reshape(drawn.shape[:2]).copy())  # the memory is pdfium's, which frees it
            except pdfium.PdfiumError:
                yield Picture(where, None)
    finally:
        document.close()
