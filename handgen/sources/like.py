"""Given handwriting, made into what a model takes a style from: clean glyphs on its own canvas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from handgen.errors import UsageError
from handgen.files import PICTURES
from handgen.formats.find import manifest_of
from handgen.glyphs.ink import Box, Ink, gray_of, ink_box, ink_of, resized
from handgen.glyphs.store import GlyphStore, is_store
from handgen.seeds import generator

_SMALLEST = 8
_MOST = 256
_WIDE = 1.8
_MARGIN = 0.04


def read_hand(path: Path, size: int, extent: float) -> NDArray[np.uint8]:
    """Read one hand's glyphs: an image of one character, or a folder of such images of one size.

    Light may fall unevenly, and the ink may be lighter than the paper. A glyph stays where it is
    on its canvas, padded to a square. Where at least half of them touch an edge they were cut out
    around their ink: they are centered, and scaled together.

    Args:
        path: the image or the folder; folders in it are not looked into.
        size: side of the model's images in pixels.
        extent: the longer side of the ink that glyphs have in the model's images, in pixels.

    Returns:
        uint8 ``[n, size, size]``, 0 = ink, 255 = paper, in the order of the file names.

    Raises:
        UsageError: an image cannot be read, is blank, or shows several characters; the folder is
            empty, or its images differ in size.
    """
    files = _files(path)
    sizes, inks = zip(*map(_read, files), strict=True)
    for file, found in zip(files, sizes, strict=True):
        if found != sizes[0]:
            both = f"{files[0].name} is {_by(*sizes[0])}, {file.name} is {_by(*found)}"
            raise UsageError(f"the images in {path} differ in size ({both})", "Bring them to one size.")
    boxes = [_checked(file, ink) for file, ink in zip(files, inks, strict=True)]
    cut_out = np.mean([_touches(box, ink) for box, ink in zip(boxes, inks, strict=True)]) >= 0.5
    if cut_out:
        scale = extent / float(np.median([max(box.width, box.height) for box in boxes]))
        glyphs = [_centered(ink, box, size, scale) for ink, box in zip(inks, boxes, strict=True)]
    else:
        glyphs = [resized(_square(ink), size, size) for ink in inks]
    return np.stack([np.round(255 * (1 - glyph)).astype(np.uint8) for glyph in glyphs])


def read_hands(path: Path, size: int, extent: float) -> dict[str, NDArray[np.uint8]]:
    """Read the hands that ``--like`` names: those of a glyph store, or the one of an image or a folder of images.

    Args:
        path: the store, image or folder.
        size: as ``read_hand``.
        extent: as ``read_hand``; the glyphs of a store are placed already.

    Returns:
        name -> uint8 ``[n, size, size]``, 0 = ink; of a hand in a store up to 256 glyphs.

    Raises:
        UsageError: as ``read_hand``; or the store's images have another size.
        StoreError: the store is damaged.
    """
    if not is_store(path):
        whole = path.resolve()
        return {whole.name if whole.is_dir() else whole.stem: read_hand(path, size, extent)}
    store = GlyphStore(path)
    if store.size != size:
        raise UsageError(
            f"the glyph store {path} has {store.size} pixels, the model {size}", f"Make it again with --size {size}."
        )
    numbers = store.targets or store.sources
    return {store.styles[number].name: store.images[_some(store.rows(number), number)] for number in numbers}


def _some(rows: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Return a fixed choice of a hand's rows, in order."""
    return np.sort(generator(0, "like", number).permutation(rows)[:_MOST])


def usual_extent(glyphs: NDArray[np.uint8]) -> float:
    """Return the median of the longer sides of the ink of ``[n, size, size]``, 0 = ink, in pixels."""
    boxes = [box for box in map(ink_box, 1 - glyphs.astype(np.float32) / 255) if box is not None]
    return float(np.median([max(box.width, box.height) for box in boxes]))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError(f"no image or folder at {path}", "Check --like.")
    if manifest_of(path):
        raise UsageError(f"{path} is a dataset, not a folder of one hand's images", "Give images, or a glyph store.")
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES and file.is_file())
    if not files:
        raise UsageError(f"no image is in the folder {path}", "Put PNG or JPEG images of single characters there.")
    return files


def _by(width: int, height: int) -> str:
    return f"{width} x {height}"


def _read(file: Path) -> tuple[tuple[int, int], Ink]:
    """Return an image's width and height, and its ink."""
    try:
        with Image.open(file) as opened:
            image = ImageOps.exif_transpose(opened)
            levels = gray_of(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "no image that can be read" if isinstance(error, UnidentifiedImageError) else str(error)
        raise UsageError(f"{file} cannot be read ({reason})", "Save it as PNG or JPEG.") from error
    return image.size, ink_of(levels)


def _checked(file: Path, ink: Ink) -> Box:
    """Return the ink's box.

    Raises:
        UsageError: there is no ink, hardly any, or more than one character.
    """
    box = ink_box(ink)
    if box is None:
        raise UsageError(f"{file} is blank", "Give an image of one character, dark on light or light on dark.")
    if max(box.width, box.height) < _SMALLEST:
        raise UsageError(
            f"the ink in {file} is only {_by(box.width, box.height)} pixels",
            f"Give a larger image: at least {_SMALLEST} pixels of ink.",
        )
    if box.width > _WIDE * box.height and _several(ink[box.top : box.bottom, box.left : box.right] > 0.5):
        raise UsageError(f"{file} shows several characters", "Cut it into images of one character each.")
    return box


def _several(ink: NDArray[np.bool_]) -> bool:
    """Tell a row of characters from one wide character: 一 and — are flat, … is dots."""
    edges = np.flatnonzero(np.diff(ink.any(axis=0).astype(np.int8), prepend=0, append=0))
    letters = dots = 0
    for left, right in edges.reshape(-1, 2):
        rows = np.flatnonzero(ink[:, left:right].any(axis=1))
        height, width = int(rows[-1]) + 1 - int(rows[0]), int(right - left)
        if height < max(len(ink) / 3, width / 2):  # a crumb, or a flat piece
            continue
        letters += 1
        filled = ink[rows[0] : rows[-1] + 1, left:right].mean()
        dots += bool(filled > 0.6 and max(height, width) <= 2 * min(height, width))
    return letters >= 2 and dots < letters


def _touches(box: Box, ink: Ink) -> bool:
    return min(box.left, box.top) == 0 or box.right == ink.shape[1] or box.bottom == ink.shape[0]


def _square(ink: Ink) -> Ink:
    """Return the canvas with paper at both ends of its shorter side."""
    side = max(ink.shape)
    before = [(side - length) // 2 for length in ink.shape]
    return np.pad(ink, [(b, side - length - b) for b, length in zip(before, ink.shape, strict=True)])


def _centered(ink: Ink, box: Box, size: int, scale: float) -> Ink:
    """Return the ink alone, scaled as far as the canvas less a margin has room, in its middle."""
    scale = min(scale, size * (1 - 2 * _MARGIN) / max(box.width, box.height))
    width, height = (max(1, round(length * scale)) for length in (box.width, box.height))
    canvas = np.zeros((size, size), np.float32)
    left, top = (size - width) // 2, (size - height) // 2
    canvas[top : top + height, left : left + width] = resized(
        ink[box.top : box.bottom, box.left : box.right], width, height
    )
    return canvas
