"""A writer fitted to real handwriting: the one whose drawings have the same statistics.

Characters need not be known for it. A linear map from statistics to writers says where to begin; then writers are
drawn around a mean, and those whose statistics are nearest give the next one (cross-entropy method, Rubinstein 1999).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.errors import UsageError
from handgen.glyphs.store import GlyphStore
from handgen.metrics.skeleton import thinned
from handgen.seeds import generator, keys
from handgen.strokes.base import Book
from handgen.strokes.ink import draw
from handgen.strokes.motion import Hand, write
from handgen.strokes.pens import PENS
from handgen.strokes.writer import DIM, NUMBERS, Population, Writer

FEWEST = 4
"""With fewer glyphs than this a hand cannot be told from chance."""
MOST = 200
"""Glyphs of a hand that are looked at."""
_FIRST, _ROUNDS, _CANDIDATES, _ELITE = 120, 4, 14, 3
_SHOWN = 32
_SHEARS = np.linspace(-0.5, 0.5, 21)
_FAINT = 0.25

Features = NDArray[np.float64]


def features(images: NDArray[np.uint8]) -> Features:
    """Return statistics of handwriting: a vector of the mean, and the spread, of what can be measured of a glyph.

    Width and darkness of the line, the ink's box, slant, tilt, and how many pieces and ends there are.

    Args:
        images: uint8 ``[n, size, size]``, 0 = ink; those without ink are left out.

    Raises:
        UsageError: fewer than ``FEWEST`` have ink.
    """
    dark = 1 - images.astype(np.float32) / 255
    peak = np.percentile(dark.reshape(len(dark), -1), 99, axis=1)
    dark, peak = dark[peak > _FAINT], peak[peak > _FAINT]
    if len(dark) < FEWEST:
        raise UsageError(f"{len(dark)} glyphs are too few to tell a hand by", f"Give at least {FEWEST}.")
    ink: NDArray[np.bool_] = dark > 0.5 * peak[:, None, None]
    size = images.shape[1]
    line = thinned(torch.from_numpy(ink)).numpy()
    length = np.maximum(line.sum((1, 2)), 1)
    rows, columns = np.asarray(ink.any(axis=2)), np.asarray(ink.any(axis=1))
    top, bottom = rows.argmax(1), size - rows[:, ::-1].argmax(1)
    left, right = columns.argmax(1), size - columns[:, ::-1].argmax(1)
    near = sum(_shifted(line, dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx)
    ends = (line & (np.asarray(near) == 1)).sum((1, 2))
    measured = np.stack(
        [
            (dark / peak[:, None, None]).sum((1, 2)) / length / size,
            peak,
            (right - left) / size,
            (bottom - top) / size,
            (top + bottom) / 2 / size,
            _shear(ink),
            -_shear(ink.transpose(0, 2, 1)),
            ends / length * 10,
            length / (bottom - top + right - left),
        ],
        axis=1,
    )
    return np.concatenate([measured.mean(0), measured.std(0)])


def _shifted(mask: NDArray[np.bool_], dy: int, dx: int) -> NDArray[np.int64]:
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1))).astype(np.int64)
    moved: NDArray[np.int64] = padded[:, 1 + dy : 1 + dy + mask.shape[1], 1 + dx : 1 + dx + mask.shape[2]]
    return moved


def _shear(ink: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return by how much uprights lean to the right: the shear without which columns of ink stand out most."""
    count, size, _ = ink.shape
    image, y, x = np.nonzero(ink)
    energy = np.empty((count, len(_SHEARS)))
    for number, shear in enumerate(_SHEARS):
        column = np.clip(np.rint(x + shear * (y - size / 2)) + size // 2, 0, 2 * size - 1).astype(np.int64)
        sums = np.bincount(image * 2 * size + column, minlength=count * 2 * size).reshape(count, -1)
        energy[:, number] = (sums.astype(np.float64) ** 2).sum(1)
    weight = np.exp(12 * (energy / energy.max(1, keepdims=True) - 1))
    leaning: NDArray[np.float64] = (weight * _SHEARS).sum(1) / weight.sum(1)
    return leaning


def fit_writer(images: NDArray[np.uint8], book: Book, chars: str = "", seed: int = 0) -> Writer:
    """Return the writer whose drawings are most like the given ones in ``features``.

    Args:
        images: uint8 ``[n, size, size]``, 0 = ink.
        book: strokes of characters to try writers on.
        chars: what the images show, if that is known; those that the book has are then tried.
        seed: of the search.

    Raises:
        UsageError: there are too few images.
    """
    rng = generator(seed, "fit")
    images = images[np.sort(rng.permutation(len(images))[:MOST])]
    wanted = features(images)
    known = [book.chars.index(char) for char in dict.fromkeys(chars) if char in book.chars]
    pool = np.array(known or range(len(book.chars)))
    shown = rng.choice(pool, _SHOWN, replace=len(pool) < _SHOWN)
    population, size = Population(), images.shape[1]

    def off(some: NDArray[np.float64]) -> tuple[Features, NDArray[np.float64]]:
        found = np.stack([features(_drawn(population, z, book, shown, size)) for z in some])
        # What differs between writers anyway says little; and the prior holds what images say nothing of.
        return found, (((found - wanted) / unit) ** 2).mean(1) + 0.004 * (some**2).mean(1)

    unit = np.ones(len(wanted))
    tried = rng.standard_normal((_FIRST, DIM))
    found, _ = off(tried)
    unit = found.std(0) + 1e-4
    # The first mean is what a linear map from statistics to writers, learnt on the first ones, says of the images.
    scaled = np.clip((np.append(found, wanted[None], axis=0) - found.mean(0)) / unit, -3, 3)
    known_part = scaled[:-1]
    gram = known_part.T @ known_part + 0.1 * _FIRST * np.eye(len(wanted))
    mean = scaled[-1] @ np.linalg.solve(gram, known_part.T @ tried)
    spread = np.full(DIM, 0.6)
    best, least = mean, np.inf
    for _ in range(_ROUNDS):
        candidates = np.concatenate([mean[None], mean + spread * rng.standard_normal((_CANDIDATES - 1, DIM))])
        _, distance = off(candidates)
        order = np.argsort(distance)[:_ELITE]
        if distance[order[0]] < least:
            best, least = candidates[order[0]], float(distance[order[0]])
        mean = 0.5 * candidates[order].mean(0) + 0.5 * best
        spread *= 0.8
    return population.writer(best)


def _drawn(
    population: Population, z: NDArray[np.float64], book: Book, characters: NDArray[np.int64], size: int
) -> NDArray[np.uint8]:
    many = np.repeat(z[None], len(characters), axis=0)
    sample = keys(np.arange(len(characters)))
    hand = Hand(population.numbers(many), np.zeros(len(characters), np.uint64))
    return draw(write(book, characters, hand, sample, 1.0), hand, population.pens(many), sample, size)


def fit_population(writers: list[Writer]) -> Population:
    """Return how the writers of a corpus are spread: medians and spreads of logits. One alone says nothing of it."""
    usual = Population()
    if len(writers) < 2:
        return usual
    z = np.stack([usual.z_of(writer) for writer in writers])[:, : len(NUMBERS)].astype(np.float64)
    numbers = usual.numbers(np.pad(np.stack([np.median(z, 0)]), ((0, 0), (0, DIM - len(NUMBERS)))))[0]
    spread = usual.spread * np.maximum(z.std(0, ddof=1), 0.1)
    spreads = {name: (float(m), float(s)) for name, m, s in zip(NUMBERS, numbers, spread, strict=True)}
    counts = tuple(float(sum(writer.pen == pen for writer in writers)) for pen in PENS)
    return Population(spreads, counts)


def fit_store(place: Path, book: Book) -> dict[str, Writer]:
    """Return a writer for each hand of a glyph store, its source left out if there is another.

    Args:
        place: the store.
        book: strokes.

    Raises:
        HandgenError: a style has too few glyphs, or the store is damaged.
    """
    store, found = GlyphStore(place), {}
    for number in store.targets or store.sources:
        style = store.styles[number]
        rows = store.rows(number)
        labels = "".join(str(char) for char in store.labels["char"][rows])
        found[style.name] = fit_writer(np.array(store.images[rows]), book, labels)
    return found
