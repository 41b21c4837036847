"""From what a hand does to gray images: how wide the line is at each point, and how dark."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.seeds import generator, uniforms_of
from handgen.strokes.motion import Array, Hand, Written, lengths_of
from handgen.strokes.pens import PENS
from handgen.strokes.raster import coverage, outlines

_EDGE = 0.03
"""Ink is kept so far from the edges of an image."""
_THINNEST = 0.9
"""Pixels: a thinner line would be lost."""
_FULL = 0.34
"""A hand with a broad pen writes characters of many strokes more finely: no more of the square becomes ink."""
_TILE = 256
_PEN_NUMBERS = np.array(
    [[p.width, p.speed, p.nib, p.press, p.taper, p.ink, p.grain, p.finer] for p in PENS.values()], np.float32
)


@dataclass(frozen=True)
class PenTrace:
    """The lines of a writer's pen, each ``[n]``.

    Attributes:
        width: in sides of the square.
        response: ``[n, 4]``: how much speed, a nib, setting down and lifting change the width.
        angle: of the nib, in radians.
        ink: how dark it is, 0 to 1.
        grain: how much paper shows through, 0 to 1.
        finer: how much finer characters of many strokes are written.
    """

    width: Array
    response: Array
    angle: Array
    ink: Array
    grain: Array
    finer: Array


def line_of(hand: Hand, pens: NDArray[Any]) -> PenTrace:
    """Return the lines that hands make with pens, as ``draw`` has them."""
    kinds = _PEN_NUMBERS[pens] if pens.ndim == 1 else pens.astype(np.float32) @ _PEN_NUMBERS
    width, speed, nib, press, taper, ink, grain, finer = kinds.T
    response = np.stack([speed, nib, press, taper], 1) * hand["pressure"][:, None] * 2
    response[:, 1] = nib  # a nib is broad, however hard it is pressed
    return PenTrace(width * hand["width"], response, np.deg2rad(hand["nib"]), ink * hand["darkness"], grain, finer)


@dataclass(frozen=True, eq=False)
class Laid:
    """How what was written lies on its images; lengths in sides of an image.

    Attributes:
        strokes: float32 ``[s, POINTS, 2]``.
        width: ``[n]``, of the pen in each drawing.
        ink: ``[n]``, how dark it is, 0 to 1.
    """

    strokes: Array
    width: Array
    ink: Array


def draw(written: Written, hand: Hand, pens: NDArray[Any], sample: NDArray[np.uint64], size: int) -> NDArray[np.uint8]:
    """Draw what was written; arguments and images as of ``draw_laid``."""
    images, _ = draw_laid(written, hand, pens, sample, size)
    return images


def draw_laid(
    written: Written, hand: Hand, pens: NDArray[Any], sample: NDArray[np.uint64], size: int
) -> tuple[NDArray[np.uint8], Laid]:
    """Draw what was written.

    Args:
        written: the way of the pen.
        hand: of the writer of each drawing.
        pens: int64 ``[n]``, indexes in ``PENS``; or ``[n, len(PENS)]``, how much of each pen a pen between them has.
        sample: uint64 ``[n]``, keys of the drawings.
        size: side of an image in pixels.

    Returns:
        uint8 ``[n, size, size]``, 0 = ink, 255 = paper; and how it lies there.
    """
    count = len(pens)
    line = line_of(hand, pens)
    response, angle = line.response, line.angle
    width = line.width * np.sqrt(hand["size"] / 0.85)
    way = np.bincount(written.glyph, lengths_of(written.strokes).sum(1), count).astype(np.float32)
    full = _FULL * (1 - line.finer * np.minimum(2 * hand["pressure"], 1))
    width = np.minimum(width, full * hand["size"] ** 2 / np.maximum(way, 1e-3))
    of_strokes = widths_along(written.strokes, response[written.glyph], angle[written.glyph], written.held)
    of_strokes *= width[written.glyph, None]
    held = np.ones((len(written.joins), 2), bool)
    of_joins = widths_along(written.joins, response[written.joined], angle[written.joined], held)
    weight = np.where(written.solid, 1.0, hand["join_weight"][written.joined]).astype(np.float32)
    of_joins *= _waisted(weight, written.joins.shape[1]) * width[written.joined, None]
    strokes, joins, scale = _fitted(written, width, count, size)
    pixels = size * scale
    groups = [
        (outlines(strokes, np.maximum(of_strokes * pixels[written.glyph, None], _THINNEST)), written.glyph),
        (outlines(joins, np.maximum(of_joins * pixels[written.joined, None], 0.7 * _THINNEST)), written.joined),
    ]
    laid = Laid(strokes / np.float32(size), width * scale, line.ink)
    return inked(coverage(groups, count, size), line.ink, line.grain, sample), laid


def widths_along(points: Array, response: Array, angle: Array, held: NDArray[np.bool_]) -> Array:
    """Return the width of lines at each point, 1 being usual: ``[n, k]``.

    Speed follows the two-thirds power law, v ~ curvature^(-1/3) (Lacquaniti, Terzuolo and Viviani 1983), under the
    bell 30 t^2 (1 - t)^2 of a movement of minimum jerk (Flash and Hogan 1985); a fast line is a thin one.
    """
    speed, nib, press, taper = (column[:, None] for column in response.T)
    k = points.shape[1]
    t = np.linspace(0, 1, k, dtype=np.float32)
    length = lengths_of(points) + np.float32(1e-4)
    heading = np.diff(points, axis=1) / length[:, :, None]
    turn = np.zeros(points.shape[:2], np.float32)
    cross = np.abs(heading[:, :-1, 0] * heading[:, 1:, 1] - heading[:, :-1, 1] * heading[:, 1:, 0])
    turn[:, 1:-1] = cross * 2 / (length[:, :-1] + length[:, 1:])
    bell = np.where(held[:, :1] & (t < 0.5) | held[:, 1:] & (t > 0.5), 1.0, 0.35 + 0.65 * 16 * t**2 * (1 - t) ** 2)
    fast = bell * (turn + 3.0) ** np.float32(-1 / 3)
    fast /= fast.mean(1, keepdims=True)
    way = np.clip(length.sum(1, keepdims=True) / 0.5, 0.3, 1.2)  # longer strokes are written faster
    width = 1 - speed * 0.5 * (fast * way - 0.8)
    width *= 1 + press * np.where(held[:, :1], 0, np.exp(-((t / 0.18) ** 2)))
    width *= 1 - taper * np.where(held[:, 1:], 0, np.clip((t - 0.55) / 0.45, 0, 1) ** 2)
    along = np.concatenate([heading[:, :1], heading], axis=1)
    edge = np.abs(along[:, :, 0] * np.sin(angle)[:, None] + along[:, :, 1] * np.cos(angle)[:, None])
    width *= 1 + nib * (edge - 0.6)
    made: Array = _smoothed(np.clip(width, 0.25, 1.8).astype(np.float32))
    return made


def _smoothed(width: Array) -> Array:
    """A pen opens and closes slowly."""
    for _ in range(2):
        width[:, 1:-1] = 0.25 * width[:, :-2] + 0.5 * width[:, 1:-1] + 0.25 * width[:, 2:]
    return width


def _waisted(weight: Array, points: int) -> Array:
    """Return shares of a stroke's width along joins: 1 at the ends, and ``weight`` between them."""
    t = np.linspace(-1, 1, points, dtype=np.float32)
    made: Array = 1 - (1 - weight[:, None]) * (1 - t**4)
    return made


def _fitted(written: Written, width: Array, count: int, size: int) -> tuple[Array, Array, Array]:
    """Return strokes and joins in pixels, moved or made smaller where they would leave the image, and the scale."""
    middle, center, scale = _frame(written, width, count)
    strokes, joins = (
        ((points - middle[owner, None]) * scale[owner, None, None] + center[owner, None]) * np.float32(size)
        for points, owner in ((written.strokes, written.glyph), (written.joins, written.joined))
    )
    return strokes, joins, scale


def _frame(written: Written, width: Array, count: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the middle of what is written, ``[n, 2]``, where it comes to lie, and how much smaller, ``[n]``."""
    low, high = np.full((count, 2), 0.5, np.float32), np.full((count, 2), 0.5, np.float32)
    for points, owner in ((written.strokes, written.glyph), (written.joins, written.joined)):
        for axis in (0, 1):  # numpy is slow over a last axis of two
            along = np.ascontiguousarray(points[:, :, axis])
            np.minimum.at(low[:, axis], owner, along.min(1))
            np.maximum.at(high[:, axis], owner, along.max(1))
    edge = _EDGE + 0.6 * width[:, None]
    scale = np.minimum(1, ((1 - 2 * edge) / np.maximum(high - low, 1e-3)).min(1))
    middle = (low + high) / 2
    half = (high - low) / 2 * scale[:, None]
    center = np.clip(0.5 + (middle - 0.5), np.minimum(edge + half, 0.5), np.maximum(1 - edge - half, 0.5))
    return middle, center, scale


def lifted(written: Written, hand: Hand) -> Array:
    """Return how much higher drawings stand than they were written, so as to stay on the image: sides, ``[n]``."""
    middle, center, _ = _frame(written, hand["width"], len(hand["width"]))
    return np.asarray(middle[:, 1] - center[:, 1], np.float32)


def inked(covered: NDArray[np.uint8], ink: Array, grain: Array, sample: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Darken paper where it is covered; a pen with grain leaves some of it white."""
    height, width = covered.shape[1:]
    dark = covered.astype(np.float32) * ink[:, None, None]
    rough = np.flatnonzero(grain > 0)
    if len(rough):
        corner = (uniforms_of(sample[rough], 2) * _TILE).astype(np.int64)
        rows, columns = ((corner[:, axis, None] + np.arange(side)) % _TILE for axis, side in enumerate((height, width)))
        dark[rough] *= 1 - grain[rough, None, None] * _paper()[rows[:, :, None], columns[:, None, :]]
    images: NDArray[np.uint8] = (255 - np.minimum(np.rint(dark), 255)).astype(np.uint8)
    return images


@functools.cache
def _paper() -> Array:
    """Return the grain of paper: ``[_TILE, _TILE]`` in [0, 1]."""
    noise = generator(0, "paper").standard_normal((_TILE, _TILE))
    noise = noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1)
    made: Array = np.clip(0.45 + 0.3 * noise / noise.std(), 0, 1).astype(np.float32)
    return made
