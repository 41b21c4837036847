"""A writer fitted to real handwriting: the one whose drawings have the same statistics.

Characters need not be known for it. Writers are drawn around a mean; how their statistics follow from their parameters
is taken to be linear there, and the likeliest writer is the next mean (Gauss-Newton steps to the posterior's mode).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.errors import UsageError
from handgen.glyphs.store import GlyphStore
from handgen.metrics.skeleton import thinned
from handgen.seeds import generator, keys
from handgen.strokes.base import StrokeTable
from handgen.strokes.ink import draw
from handgen.strokes.motion import Hand, write
from handgen.strokes.pens import PENS
from handgen.strokes.writer import DIM, NUMBERS, Population, Writer

FEWEST = 4
"""With fewer glyphs than this a hand cannot be told from chance."""
MOST = 200
"""Glyphs of a hand that are looked at."""
_ROUNDS = ((130, 1.0), (50, 0.6), (40, 0.4))
"""Writers that are tried in each round, and how far they are from its mean."""
_SHOWN = 32
_RIDGE = 0.02
_FAR = 4.0
"""Standard deviations: nobody is farther from the usual."""
_FAINT = 0.25
_UPRIGHT = 0.75
"""An edge is an upright's, or one across's, if it leans by less than this."""

Features = NDArray[np.float64]


def features(images: NDArray[np.uint8]) -> Features:
    """Return statistics of handwriting: a vector of the mean, and the spread, of what can be measured of a glyph.

    Width and darkness of the line and how even they are, the ink's box, lean of uprights, rise of what is across and
    how much of either there is, how many pieces, holes and ends there are.

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
    dark /= peak[:, None, None]
    ink: NDArray[np.bool_] = dark > 0.5
    size = images.shape[1]
    line = thinned(torch.from_numpy(ink)).numpy()
    length = np.maximum(line.sum((1, 2)), 1)
    rows, columns = np.asarray(ink.any(axis=2)), np.asarray(ink.any(axis=1))
    top, bottom = rows.argmax(1), size - rows[:, ::-1].argmax(1)
    left, right = columns.argmax(1), size - columns[:, ::-1].argmax(1)
    measured = np.stack(
        [
            dark.sum((1, 2)) / length / size,
            peak,
            (right - left) / size,
            (bottom - top) / size,
            (top + bottom) / 2 / size,
            *_leaning(dark),
            _ends(line) / length * 10,
            length / (bottom - top + right - left),
            (left + right) / 2 / size,
            *_evenness(dark, ink),
            _pieces(ink) / length * 20,
        ],
        axis=1,
    )
    return np.concatenate([measured.mean(0), measured.std(0)])


def _leaning(dark: NDArray[np.floating]) -> tuple[NDArray[np.float64], ...]:
    """Return the lean of uprights (x per y, to the right), the rise of what is across (y per x), and its share.

    All from the edges of ink, whose gradient is at right angles to them: of the edges that lean little, each
    glyph's least-squares line.
    """
    across = dark[:, 1:-1, 2:] - dark[:, 1:-1, :-2]
    down = dark[:, 2:, 1:-1] - dark[:, :-2, 1:-1]
    xx, yy, xy = across * across, down * down, across * down
    upright, level = yy < _UPRIGHT**2 * xx, xx < _UPRIGHT**2 * yy
    parts = [np.where(mask, some, 0).sum((1, 2)).astype(np.float64) + 1e-6 for mask, some in (
        (upright, xx), (upright, xy), (level, yy), (level, xy))]  # fmt: skip
    return parts[1] / parts[0], parts[3] / parts[2], parts[2] / (parts[0] + parts[2])


def _evenness(dark: NDArray[np.floating], ink: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """Return how uneven ink is within strokes, and which share of it is deep within, twice: how uneven their width."""
    inner = ink
    shares = []
    for _ in range(2):
        padded = np.pad(inner, ((0, 0), (1, 1), (1, 1)))
        inner = padded[:, 1:-1, 1:-1] & padded[:, :-2, 1:-1] & padded[:, 2:, 1:-1] & padded[:, 1:-1, :-2] & (
            padded[:, 1:-1, 2:]
        )  # fmt: skip
        shares.append(inner.sum((1, 2)) / np.maximum(ink.sum((1, 2)), 1))
        if len(shares) == 1:
            count = np.maximum(inner.sum((1, 2)), 1)
            mean = (dark * inner).sum((1, 2)) / count
            rough = np.sqrt(((dark - mean[:, None, None]) ** 2 * inner).sum((1, 2)) / count)
    return rough, *shares


def _ends(line: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many pixels of centerlines ``[n, h, w]`` have one neighbor."""
    padded = np.pad(line, ((0, 0), (1, 1), (1, 1))).astype(np.uint8)
    rows = padded[:, :, :-2] + padded[:, :, 1:-1] + padded[:, :, 2:]
    near = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]  # itself counted
    ends: NDArray[np.int64] = (line & (near == 2)).sum((1, 2))
    return ends


def _pieces(ink: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return pieces of ink less holes in it, by Gray's count of 2 x 2 squares (1971), diagonals joined."""
    padded = np.pad(ink, ((0, 0), (1, 1), (1, 1))).astype(np.uint8)
    corners = padded[:, :-1, :-1], padded[:, :-1, 1:], padded[:, 1:, :-1], padded[:, 1:, 1:]
    count = corners[0] + corners[1] + corners[2] + corners[3]
    crossed = (count == 2) & (corners[0] == corners[3])
    one, three, two = ((mask).sum((1, 2)) for mask in (count == 1, count == 3, crossed))
    pieces: NDArray[np.float64] = (one - three - 2.0 * two) / 4
    return pieces


def fit_writer(images: NDArray[np.uint8], table: StrokeTable, chars: str = "", seed: int = 0) -> Writer:
    """Return the writer whose drawings are most like the given ones in ``features``.

    Args:
        images: uint8 ``[n, size, size]``, 0 = ink.
        table: strokes of characters to try writers on.
        chars: what the images show, if that is known; those that the table has are then tried.
        seed: of the search.

    Raises:
        UsageError: there are too few images.
    """
    rng = generator(seed, "fit")
    images = images[np.sort(rng.permutation(len(images))[:MOST])]
    wanted = features(images)
    known = [table.chars.index(char) for char in dict.fromkeys(chars) if char in table.chars]
    pool = np.array(known or range(len(table.chars)))
    shown = rng.choice(pool, _SHOWN, replace=len(pool) < _SHOWN)
    population, size = Population(), images.shape[1]

    def tried_on(some: NDArray[np.float64], first: int = 0) -> Features:
        # Each has odd habits of its own, as the hand has: what comes of them is chance.
        return np.stack([features(_drawn(population, z, table, shown, size, first + n)) for n, z in enumerate(some)])

    spread = wanted[len(wanted) // 2 :] ** 2
    chance = np.concatenate([spread, spread / 2]) * (1 / _SHOWN + 1 / len(images))  # of means, and of deviations
    mean, rounds = np.zeros(DIM), list[tuple[NDArray[np.float64], Features]]()
    for count, reach in _ROUNDS:
        some = mean + reach * rng.standard_normal((count, DIM))
        rounds.append((some, tried_on(some, sum(len(tried) for tried, _ in rounds))))
        mean, precision = _likeliest(rounds, wanted, chance)
    broader = np.ones(len(PENS))
    for _ in range(2):  # the first of the statistics is how broad the line is, and nothing else tells as much of a pen
        pens = [_with_pen(population, mean, pen, more) for pen, more in zip(PENS, broader, strict=True)]
        off = np.concatenate([tried_on(one[None]) for one in pens]) - wanted
        broader *= wanted[0] / (wanted[0] + off[:, 0])
    return population.writer(pens[int(np.einsum("pf,fg,pg->p", off, precision, off).argmin())])


def _likeliest(
    rounds: Sequence[tuple[NDArray[np.float64], Features]], wanted: Features, chance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the likeliest writer, and the inverse of the covariance of what statistics differ by.

    Near the last round, statistics are taken to be linear in z. What they say nothing of stays where the prior,
    N(0, 1), has its middle; what they do say is not drawn there.

    Args:
        rounds: z of the writers tried, ``[n, DIM]``, and their statistics ``[n, f]``.
        wanted: the hand's, ``[f]``.
        chance: their variance by the choice of glyphs, ``[f]``.
    """
    z, f = (np.concatenate([some - some.mean(0) for some in parts]) for parts in zip(*rounds, strict=True))
    slopes = np.linalg.solve(z.T @ z + _RIDGE * len(z) * np.eye(DIM), z.T @ f)
    rest = f - z @ slopes
    covariance = rest.T @ rest / max(1, len(z) - DIM)
    precision = np.linalg.inv(covariance + np.diag(chance + 1e-6))
    tried, found = (some.mean(0) for some in rounds[-1])
    usual = rounds[0][1]
    reach = _FAR * usual.std(0)  # no more is asked of a writer than that
    apart = np.clip(wanted, usual.mean(0) - reach, usual.mean(0) + reach) - found
    seen = slopes @ precision
    step = np.linalg.solve(seen @ slopes.T + np.eye(DIM), seen @ apart - tried)
    return np.clip(tried + step, -_FAR, _FAR), precision


def _with_pen(population: Population, z: NDArray[np.float64], pen: str, broader: float) -> NDArray[np.float64]:
    """Return a writer with another pen, and a line so many times as broad."""
    writer = population.writer(z)
    width = broader * writer.width * PENS[writer.pen].width / PENS[pen].width
    low, high = (next(f.metadata[end] for f in fields(Writer) if f.name == "width") for end in ("minimum", "maximum"))
    return population.z_of(replace(writer, width=float(np.clip(width, low, high)), pen=pen)).astype(np.float64)


def _drawn(
    population: Population,
    z: NDArray[np.float64],
    table: StrokeTable,
    characters: NDArray[np.int64],
    size: int,
    odd: int = 0,
) -> NDArray[np.uint8]:
    """Draw characters by the writer ``z``, whose odd habits are number ``odd``."""
    many = np.repeat(z[None], len(characters), axis=0)
    sample = keys(np.arange(len(characters)))
    hand = Hand(population.numbers(many), keys(np.full(len(characters), odd)))
    return draw(write(table, characters, hand, sample, 1.0), hand, population.pens(many), sample, size)


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


def fit_store(path: Path, table: StrokeTable) -> dict[str, Writer]:
    """Return a writer for each hand of a glyph store, its source left out if there is another.

    Args:
        path: the store.
        table: strokes.

    Raises:
        HandgenError: a style has too few glyphs, or the store is damaged.
    """
    store, found = GlyphStore(path), {}
    for number in store.targets or store.sources:
        style = store.styles[number]
        rows = store.rows(number)
        labels = "".join(str(char) for char in store.labels["char"][rows])
        found[style.name] = fit_writer(np.array(store.images[rows]), table, labels)
    return found
