"""Size, proportions, slant and tilt of whole drawings: how far people differ, and what of it stays the same.

Omniglot's 20 drawers of a character say how far drawings differ; each drew it once. A hundred writers who wrote a
character ten times each (chinese-mnist) say how much of that is a writer's in all characters, how much a writer's
in this character, and how much is new each time.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import lmdb
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from examples.people.matching import Array, Matched

Numbers = NDArray[np.int64]

NAMES = ("size", "aspect", "slant", "tilt")
LEVELS = ("writer", "habit", "anew")
_FAR = 4.0
"""Deviations beyond so many usual ones are cut off."""
_SIDE, _INK, _AMOUNT = 40, 0.35, 150


def affine(matched: Matched) -> Array:
    """Return log size, log aspect (width by height), slant and tilt of drawings, less the mean: ``[n, 4]``.

    They are those of the affine map that brings the mean nearest to a drawing: how far uprights lean to the right
    (x per y), how much horizontals rise to the right (y per x), and the two scales.
    """
    mean = matched.mean.reshape(-1, 2)
    basis = np.c_[mean, np.ones(len(mean))]
    found = []
    for drawing in matched.points:
        matrix = np.linalg.lstsq(basis, drawing.reshape(-1, 2), rcond=None)[0][:2].T
        wide, high = np.log(np.maximum(np.abs(np.diag(matrix)), 1e-3))
        slant, tilt = -matrix[0, 1] / matrix[1, 1], -matrix[1, 0] / matrix[0, 0]
        found.append(((wide + high) / 2, wide - high, slant, tilt))
    values = np.array(found)
    return np.asarray(values - np.median(values, axis=0))


def spread(drawn: list[Array]) -> Array:
    """Return the covariance of the four over drawings of all characters, ``[4, 4]``."""
    values = np.concatenate([v * np.sqrt(len(v) / (len(v) - 1)) for v in drawn])
    usual = 1.4826 * np.median(np.abs(values), axis=0)
    return np.asarray(np.cov(np.clip(values, -_FAR * usual, _FAR * usual).T))


def written(folder: Path, writers: list[str], *, relative: bool = True) -> tuple[Array, Numbers, Numbers]:
    """Read an LMDB of scanned characters: ink ``[n, H, W]`` (0 to 1), characters and writers, numbers ``[n]``.

    Args:
        folder: of the LMDB.
        writers: whose images are read.
        relative: 1 is each image's darkest ink, not black.
    """
    images, chars, names = [], [], []
    with lmdb.open(str(folder), readonly=True, lock=False) as store, store.begin() as reading:

        def value(key: bytes) -> bytes:
            return bytes(reading.get(key) or b"")

        for number in range(1, int(value(b"num-samples")) + 1):
            writer = json.loads(value(b"meta-%09d" % number))["writer"]
            if writer in writers:
                image = Image.open(io.BytesIO(value(b"image-%09d" % number))).convert("L")
                images.append(np.asarray(image, np.float32))
                chars.append(value(b"label-%09d" % number).decode())
                names.append(writer)
    grey = np.stack(images)
    paper = np.quantile(grey, 0.9, axis=(1, 2), keepdims=True)
    dark = np.quantile(grey, 0.01, axis=(1, 2), keepdims=True)
    ink = np.clip((paper - grey) / (np.maximum(paper - dark, 30) if relative else 255), 0, 1)
    numbers = [np.unique(each, return_inverse=True)[1].astype(np.int64) for each in (chars, names)]
    return ink.astype(np.float64), numbers[0], numbers[1]


def moments_of(ink: Array) -> Array:
    """Return the same four of images, from the second moments of their ink: ``[n, 4]``."""
    down, across = np.mgrid[: ink.shape[1], : ink.shape[2]]
    whole = ink.sum((1, 2))
    dx = across - ((ink * across).sum((1, 2)) / whole)[:, None, None]
    dy = down - ((ink * down).sum((1, 2)) / whole)[:, None, None]
    xx, yy, xy = ((ink * a * b).sum((1, 2)) / whole for a, b in ((dx, dx), (dy, dy), (dx, dy)))
    return np.stack([np.log(xx + yy) / 2, np.log(xx / yy) / 2, -xy / yy, -xy / xx], 1)


def shares(values: Array, chars: Numbers, writers: Numbers) -> Array:
    """Return the parts of the variance of ``values`` (``[n]``) that are a writer's, a habit's and new: ``[3]``, sum 1.

    A balanced analysis of variance, characters x writers x repetitions.
    """
    rest = values - np.array([np.median(values[chars == char]) for char in range(chars.max() + 1)])[chars]
    usual = 1.4826 * np.median(np.abs(rest))
    rest = np.clip(rest, -_FAR * usual, _FAR * usual)
    count = np.zeros((chars.max() + 1, writers.max() + 1))
    total, squares = count.copy(), count.copy()
    np.add.at(count, (chars, writers), 1)
    np.add.at(total, (chars, writers), rest)
    np.add.at(squares, (chars, writers), rest**2)
    cell = total / count
    anew = (squares - count * cell**2).sum() / (count - 1).sum()
    cell = cell - cell.mean(1, keepdims=True)
    own = cell.mean(0)
    freedom = (len(cell) - 1) * (cell.shape[1] - 1)
    both = ((cell - own) ** 2).sum() / freedom
    parts = np.maximum([own.var(ddof=1) - both / len(cell), both - anew / count.mean(), anew], 0)
    return np.asarray(parts / parts.sum())


def new_each_time(ink: Array, chars: Numbers, writers: Numbers, blur: float) -> float:
    """Return how much of the squared difference of two people's images two images by one writer have, 0 to 1."""
    within, between = distances(ink, chars, writers, blur)
    return within / between


def distances(ink: Array, chars: Numbers, writers: Numbers, blur: float) -> tuple[float, float]:
    """Return mean squared differences of images of a character: by one writer, and by two.

    Images are brought to one position, one size and one amount of ink first, and blurred: the more, the coarser is what
    is compared.
    """
    soft = _blurred(np.stack([_evened(image) for image in ink]), blur).reshape(len(ink), -1)
    soft /= np.maximum(soft.sum(1, keepdims=True), 1e-9) / _AMOUNT
    within, between = [], []
    for char in range(chars.max() + 1):
        own, who = soft[chars == char], writers[chars == char]
        squares = (own**2).sum(1)
        apart = squares[:, None] + squares - 2 * own @ own.T
        same = who[:, None] == who
        within.append(apart[same & ~np.eye(len(own), dtype=bool)].mean())
        between.append(apart[~same].mean())
    return float(np.mean(within)), float(np.mean(between))


def _evened(ink: Array) -> Array:
    """Return an image with its ink's box in the middle, the longer side 0.8 of ``_SIDE``."""
    rows, columns = np.flatnonzero((ink > _INK).any(1)), np.flatnonzero((ink > _INK).any(0))
    if not len(rows):
        return np.zeros((_SIDE, _SIDE))
    side = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    middle = (columns[0] + columns[-1] + 1) / 2, (rows[0] + rows[-1] + 1) / 2
    half = side / 0.8 / 2
    box = (middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)
    picture = Image.fromarray(ink.astype(np.float32))
    return np.asarray(picture.transform((_SIDE, _SIDE), Image.Transform.EXTENT, box, Image.Resampling.BILINEAR))


def _blurred(images: Array, sigma: float) -> Array:
    reach = int(3 * sigma)
    taps = np.exp(-((np.arange(-reach, reach + 1) / sigma) ** 2) / 2)
    taps /= taps.sum()
    for axis in (1, 2):
        wide = np.pad(images, [(reach, reach) if a == axis else (0, 0) for a in range(3)])
        parts = [np.take(wide, np.arange(k, k + _SIDE), axis) * tap for k, tap in enumerate(taps)]
        images = np.sum(parts, axis=0)
    return images
