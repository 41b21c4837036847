"""Ink and paper told apart: in pictures of handwriting, what every reader of real glyphs builds on, and in drawings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

INK = 200
"""Gray values of a drawing below are ink, those above paper or the pale edge of a stroke."""
_FAINT, _FAINTEST = 40, 16
"""Levels of 256 by which ink differs from paper without a doubt, and at least."""
_APART = 4.2
_LARGEST = 1024
"""Photographs are made smaller first, to this longer side in pixels."""
_DEPTHS = (1, 255, 1023, 4095, 16383, 65535)
_ONE_COLOR = 24
_LIGHT = 144
_NOISE = 3 * 1.4826
"""Three standard deviations, in median absolute deviations of a normal distribution."""

Ink = NDArray[np.float32]
"""Shares of ink, ``[H, W]`` in [0, 1], 0 = paper."""


@dataclass(frozen=True)
class Box:
    """Where the ink is, in pixels; right and bottom are one past the last."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Columns from the first ink to the last."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows from the first ink to the last."""
        return self.bottom - self.top


def inked(glyphs: NDArray[np.uint8], *axes: int) -> NDArray[np.bool_]:
    """Return where drawings on white paper have ink; with axes, where there is any along them."""
    dark: NDArray[np.bool_] = np.any(np.less(glyphs, INK), axis=axes)
    return dark


def gray_of(image: Image.Image, largest: int | None = _LARGEST) -> Ink:
    """Return gray levels, 0 to 255; what is transparent is white, and no side is longer than ``largest``."""
    if image.mode.startswith(("I", "F")):  # more than 8 bits, which Pillow would clip
        image = Image.fromarray(_eight_bits(np.asarray(image, np.float32)))
    elif image.has_transparency_data:
        image = Image.fromarray(_on_paper(np.asarray(image.convert("RGBA"))))
    image = image if image.mode == "F" else image.convert("L")
    if largest:
        image.thumbnail((largest, largest))
    return np.asarray(image, np.float32).clip(0, 255)


def _eight_bits(levels: Ink) -> Ink:
    """Return levels of any depth as 0 to 255; what fits 12 bits is of 12 bits, whatever its file could hold."""
    levels = np.nan_to_num(levels, nan=0.0, posinf=0.0, neginf=0.0)
    high = float(levels.max(initial=0.0))
    full = next((full for full in _DEPTHS if high <= full), high)
    return (levels * (255 / full)).astype(np.float32)


def _on_paper(image: NDArray[np.uint8]) -> Ink:
    """Return the grays of an RGBA picture ``[H, W, 4]`` on paper.

    Where all that is opaque has one color, the color says nothing and ink is what is opaque: tablets in dark mode
    save white strokes. What is light throughout was drawn on black; all else lies on white.
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
    """Tell ink from paper: paper is the larger part, and as light as a plane fitted to it.

    What is darker than the paper's noise is ink; the darkest is 1.

    Args:
        levels: gray, 0 to 255.
    """
    dark = levels <= _threshold(levels)
    if 2 * dark.sum() > dark.size:
        levels, dark = 255 - levels, ~dark
    return _stretched(_paper(levels, ~dark) - levels, dark)


def ink_within_border(levels: Ink) -> Ink:
    """Tell ink from paper as ``ink_of`` does, but take the border for paper: bold or tight characters are mostly ink.

    Where the border is as much dark as light, paper is the larger part after all.

    Args:
        levels: gray, 0 to 255.
    """
    dark = levels <= _threshold(levels)
    border = np.concatenate([dark[0], dark[-1], dark[1:-1, 0], dark[1:-1, -1]]).mean()
    if border > 0.6 or (border > 0.4 and 2 * dark.sum() > dark.size):
        levels, dark = 255 - levels, ~dark
    return _stretched(_paper(levels, ~dark) - levels, dark)


def ink_on(levels: Ink, paper: int) -> Ink:
    """Tell ink from paper of a known gray, 0 or 255, as a file format states it."""
    lack = np.abs(levels - np.float32(paper))
    return _stretched(lack, lack >= 255 - _threshold(255 - lack))


def _stretched(lack: Ink, dark: NDArray[np.bool_]) -> Ink:
    """Turn levels that are lacking to paper into shares of ink; all 0 where the difference is noise."""
    if not dark.any():
        return np.zeros_like(lack)
    noise = _NOISE * float(np.median(np.abs(lack[~dark]))) if not dark.all() else 0.0
    full = float(np.percentile(lack[dark], 99))
    if full < 2 * noise or (full < _FAINT and not _faint_ink(lack, dark, full)):
        return np.zeros_like(lack)
    ink: Ink = ((lack - noise) / (full - noise)).clip(0, 1).astype(np.float32)
    return ink


def _faint_ink(lack: Ink, dark: NDArray[np.bool_], full: float) -> bool:
    """Tell a pale pencil from the grain of empty paper: it is the smaller part, and its grays stand apart.

    Halves of one normal distribution are 2.6 of their deviations apart, those of a uniform one 3.5.
    """
    if full < _FAINTEST or dark.mean() > 0.4:
        return False
    within = np.sqrt(dark.mean() * lack[dark].var() + (~dark).mean() * lack[~dark].var())
    return bool(lack[dark].mean() - lack[~dark].mean() >= _APART * within)


def _threshold(levels: Ink) -> float:
    """Return the level that parts dark from light with the largest variance between them (Otsu 1979)."""
    count = np.bincount(levels.astype(np.uint8).ravel(), minlength=256).astype(float)
    below, total = count.cumsum(), (count * np.arange(256)).cumsum()
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (total / below - (total[-1] - total) / above) ** 2
    # Between two far levels all thresholds are alike: take the middle one.
    best = np.flatnonzero(np.nan_to_num(apart) >= np.nanmax(np.nan_to_num(apart)) * (1 - 1e-9))
    return float(best.mean())


def _paper(levels: Ink, paper: NDArray[np.bool_]) -> Ink:
    """Fit a plane to the levels of the pixels marked as paper, less those at the edges of strokes."""
    middle = np.median(levels[paper])
    off = np.abs(levels - middle)
    paper = paper & (off <= _NOISE * np.median(off[paper]))
    rows, columns = np.indices(levels.shape)
    points = np.stack([rows.ravel(), columns.ravel(), np.ones(levels.size)], axis=1)
    plane = np.linalg.lstsq(points[paper.ravel()], levels[paper].astype(np.float64), rcond=None)[0]
    fitted: Ink = (points @ plane).astype(np.float32).reshape(levels.shape)
    return fitted


def ink_box(ink: Ink, least: float = 0.5) -> Box | None:
    """Return the box of what is ink by more than the share ``least``; None without any."""
    rows, columns = (np.flatnonzero((ink > least).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def resized(ink: Ink, width: int, height: int) -> Ink:
    """Return ``ink`` at another size: means over areas when it becomes smaller."""
    smaller = width < ink.shape[1] or height < ink.shape[0]
    how = Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC
    resized: Ink = np.asarray(Image.fromarray(ink).resize((width, height), how)).clip(0, 1)
    return resized
