"""Telling ink from paper, in photographs and scans of handwriting and in clean drawings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

INK = 200
"""In a clean drawing, gray levels below this are ink; those above are paper or the pale edge of a stroke."""
_FAINT, _FAINTEST = 40, 16
"""Difference in gray levels (of 256) from which ink is certain, and below which there is none."""
_APART = 4.2
"""A faint stroke is ink if the means of dark and light differ by this many standard deviations within the two."""
_LARGEST = 1024
"""Photographs are first reduced to this longer side in pixels."""
_DEPTHS = (1, 255, 1023, 4095, 16383, 65535)
"""Largest levels of the usual depths: 1, 8, 10, 12, 14 and 16 bits."""
_ONE_COLOR = 24
"""Opaque pixels whose grays differ by no more than this have one color."""
_LIGHT = 144
"""If no opaque pixel is darker than this, the picture was drawn on black."""
_NOISE = 3 * 1.4826
"""Three standard deviations of a normal distribution, in median absolute deviations."""

Ink = NDArray[np.float32]
"""Share of ink in each pixel, ``[H, W]`` in [0, 1], 0 = paper. Some functions use the type for gray levels too."""


@dataclass(frozen=True)
class Box:
    """The box around ink, in pixels; right and bottom are one past the last pixel."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top


def inked(glyphs: NDArray[np.uint8], *axes: int) -> NDArray[np.bool_]:
    """Return which pixels of clean drawings are ink; with ``axes``, whether there is any along them."""
    dark: NDArray[np.bool_] = np.any(np.less(glyphs, INK), axis=axes)
    return dark


def gray_of(image: Image.Image, largest: int | None = _LARGEST) -> Ink:
    """Return the gray levels of a picture, 0 to 255, reduced so that no side is longer than ``largest`` pixels.

    Transparent pixels become white, or black if all that is opaque is light; see ``_on_paper``.
    """
    if image.mode.startswith(("I", "F")):  # more than 8 bits, which Pillow would clip
        image = Image.fromarray(_eight_bits(np.asarray(image, np.float32)))
    elif image.has_transparency_data:
        image = Image.fromarray(_on_paper(np.asarray(image.convert("RGBA"))))
    image = image if image.mode == "F" else image.convert("L")
    if largest:
        image.thumbnail((largest, largest))
    return np.asarray(image, np.float32).clip(0, 255)


def _eight_bits(levels: Ink) -> Ink:
    """Scale levels of any depth to 0 to 255. The highest level tells the depth: some scanners store 12 bits in 16."""
    levels = np.nan_to_num(levels, nan=0.0, posinf=0.0, neginf=0.0)
    high = float(levels.max(initial=0.0))
    full = next((full for full in _DEPTHS if high <= full), high)
    return (levels * (255 / full)).astype(np.float32)


def _on_paper(image: NDArray[np.uint8]) -> Ink:
    """Return the gray levels of an RGBA picture ``[H, W, 4]`` on paper.

    If all opaque pixels have one color, they are ink whatever the color is: tablets in dark mode save white strokes. If
    all are light, the picture was drawn on black; else it was drawn on white.
    """
    alpha = image[..., 3].astype(np.float32) / 255
    grays = np.asarray(Image.fromarray(image[..., :3]).convert("L"), np.float32)
    opaque = grays[alpha >= 0.5]
    if opaque.size in (0, grays.size):
        return np.asarray(grays * alpha + 255 * (1 - alpha), np.float32)
    low, high = float(opaque.min()), float(opaque.max())
    if high - low <= _ONE_COLOR:
        return np.asarray(255 * (1 - alpha), np.float32)
    ground = 0 if low >= _LIGHT else 255
    return np.asarray(grays * alpha + ground * (1 - alpha), np.float32)


def ink_of(levels: Ink) -> Ink:
    """Return the share of ink in each pixel. The larger part of the picture is paper, its light a fitted plane.

    Differences within the paper's noise become 0, the darkest ink 1.

    Args:
        levels: gray levels, 0 to 255.
    """
    dark = levels <= _threshold(levels)
    if 2 * dark.sum() > dark.size:
        levels, dark = 255 - levels, ~dark
    return _stretched(_paper(levels, ~dark) - levels, dark)


def ink_within_border(levels: Ink) -> Ink:
    """Return the share of ink in each pixel. Paper is what the border shows: bold or tight crops are mostly ink.

    If the border is about half dark, paper is the larger part of the picture, as in ``ink_of``.

    Args:
        levels: gray levels, 0 to 255.
    """
    dark = levels <= _threshold(levels)
    border = np.concatenate([dark[0], dark[-1], dark[1:-1, 0], dark[1:-1, -1]]).mean()
    if border > 0.6 or (border > 0.4 and 2 * dark.sum() > dark.size):
        levels, dark = 255 - levels, ~dark
    return _stretched(_paper(levels, ~dark) - levels, dark)


def ink_on(levels: Ink, paper: int) -> Ink:
    """Return the share of ink in each pixel for paper of a known gray, 0 or 255, as some file formats state it."""
    lack = np.abs(levels - np.float32(paper))
    return _stretched(lack, lack >= 255 - _threshold(255 - lack))


def _stretched(lack: Ink, dark: NDArray[np.bool_]) -> Ink:
    """Turn differences from the paper into shares of ink; all 0 if the differences are only noise.

    Args:
        lack: how much darker than paper each pixel is, in gray levels.
        dark: which pixels are ink by a threshold.
    """
    if not dark.any():
        return np.zeros_like(lack)
    noise = _NOISE * float(np.median(np.abs(lack[~dark]))) if not dark.all() else 0.0
    full = float(np.percentile(lack[dark], 99))
    if full < 2 * noise or (full < _FAINT and not _faint_ink(lack, dark, full)):
        return np.zeros_like(lack)
    ink: Ink = ((lack - noise) / (full - noise)).clip(0, 1).astype(np.float32)
    return ink


def _faint_ink(lack: Ink, dark: NDArray[np.bool_], full: float) -> bool:
    """Return whether pale marks are a pencil and not the grain of empty paper: they are few, and well apart in gray.

    The two halves of a normal distribution are 2.6 standard deviations apart, those of a uniform one 3.5.
    """
    if full < _FAINTEST or dark.mean() > 0.4:
        return False
    within = np.sqrt(dark.mean() * lack[dark].var() + (~dark).mean() * lack[~dark].var())
    return bool(lack[dark].mean() - lack[~dark].mean() >= _APART * within)


def _threshold(levels: Ink) -> float:
    """Return the level that separates dark from light with the largest variance between the two (Otsu 1979)."""
    count = np.bincount(levels.astype(np.uint8).ravel(), minlength=256).astype(float)
    below, total = count.cumsum(), (count * np.arange(256)).cumsum()
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (total / below - (total[-1] - total) / above) ** 2
    # If no pixel lies between two levels, all thresholds between them are equally good: take the middle one.
    best = np.flatnonzero(np.nan_to_num(apart) >= np.nanmax(np.nan_to_num(apart)) * (1 - 1e-9))
    return float(best.mean())


def _paper(levels: Ink, paper: NDArray[np.bool_]) -> Ink:
    """Return a plane fitted to the levels of the pixels marked as paper, without those at the edges of strokes."""
    middle = np.median(levels[paper])
    off = np.abs(levels - middle)
    paper = paper & (off <= _NOISE * np.median(off[paper]))
    rows, columns = np.indices(levels.shape)
    points = np.stack([rows.ravel(), columns.ravel(), np.ones(levels.size)], axis=1)
    plane = np.linalg.lstsq(points[paper.ravel()], levels[paper].astype(np.float64), rcond=None)[0]
    fitted: Ink = (points @ plane).astype(np.float32).reshape(levels.shape)
    return fitted


def ink_box(ink: Ink, least: float = 0.5) -> Box | None:
    """Return the box of the pixels with more ink than ``least``; None if there are none."""
    rows, columns = (np.flatnonzero((ink > least).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def resized(ink: Ink, width: int, height: int) -> Ink:
    """Return ``ink`` at another size; if it becomes smaller, each pixel is the mean over its area."""
    smaller = width < ink.shape[1] or height < ink.shape[0]
    how = Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC
    resized: Ink = np.asarray(Image.fromarray(ink).resize((width, height), how)).clip(0, 1)
    return resized
