"""How drawings of one character differ, taken apart into the levels of ``handgen.deform.people``.

What is left of a drawing when the best affine map is taken out is compared, by its second moments, with what each
level alone would leave: a smooth warp of the whole, a shift, a turn and a scale of each stroke, bends across a stroke
and points that slide along it. The variances are those whose sum comes nearest (Rao's MINQUE, with none below 0).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from examples.people.matching import POINTS, Array, Matched

TAKEN = slice(1, None, 3)
"""The points of a stroke that are compared."""
LONG, SHORT = 0.3, 0.1
"""Correlation lengths of the whole's two warps, in sides of the character."""
STROKE_WARP = 0.5
BENDS = (0.3, 0.08)
"""Correlation lengths of bends along a stroke, in sides."""
SLIDE = 0.2
_FLAT = 30.0
"""A character whose points lie nearly on a line says little of affine maps."""
_ROUNDS = 2000

STROKES = ("whole", "shift", "turn", "scale", "bend_long", "bend_short", "slide")
PIXELS = ("long", "short", "slide")


@dataclass(frozen=True)
class Moments:
    """What a character adds to the normal equations of the variances.

    Attributes:
        both: ``[c, c]``, products of the levels with each other.
        seen: ``[c]``, products of the levels with what was seen.
    """

    both: Array
    seen: Array


def flat(matched: Matched) -> bool:
    """Tell whether a character's points lie nearly on a line."""
    points = matched.mean.reshape(-1, 2)
    return bool(np.linalg.cond(points.T @ points) > _FLAT)


def moments(matched: Matched, names: tuple[str, ...]) -> Moments:
    """Return what a character says of the variances of some levels."""
    out = without_affine(matched.mean[:, TAKEN].reshape(-1, 2))
    levels = [out @ level @ out for level in _levels(matched, names)]
    drawn = matched.points[:, :, TAKEN].reshape(len(matched.points), -1)
    left = (drawn - drawn.mean(0)) @ out
    seen = left.T @ left / (len(left) - 1)
    weight = len(left) / len(out) ** 2
    both = np.array([[weight * (a * b).sum() for b in levels] for a in levels])
    return Moments(both, np.array([weight * (level * seen).sum() for level in levels]))


def deviations(found: list[Moments]) -> Array:
    """Return the standard deviation of each level, ``[c]``."""
    both, seen = sum(m.both for m in found), sum(m.seen for m in found)
    size = np.sqrt(np.diag(both))
    matrix, wanted, variance = both / size / size[:, None], seen / size, np.zeros(len(size))
    for _ in range(_ROUNDS):  # one after the other, none below 0
        before = variance.copy()
        for level in range(len(size)):
            rest = wanted[level] - matrix[level] @ variance + matrix[level, level] * variance[level]
            variance[level] = max(0.0, rest / matrix[level, level])
        if np.abs(variance - before).max() < 1e-12:
            break
    return np.sqrt(variance / size)


def without_affine(points: Array) -> Array:
    """Return the projection ``[2 p, 2 p]`` that takes what an affine map of ``points`` can do out of displacements."""
    one, none = np.ones(len(points)), np.zeros(len(points))
    x, y = points.T
    pairs = ((one, none), (none, one), (x, none), (y, none), (none, x), (none, y))
    basis, _ = np.linalg.qr(np.stack([np.stack(pair, 1).reshape(-1) for pair in pairs], 1))
    return np.asarray(np.eye(len(basis)) - basis @ basis.T)


def _levels(matched: Matched, names: tuple[str, ...]) -> list[Array]:
    """Return the covariance of points' displacements that each level makes at a variance of 1, ``[2 p, 2 p]``."""
    mean = matched.mean
    at = mean[:, TAKEN]
    strokes, count, _ = at.shape
    points = at.reshape(-1, 2)
    own = np.repeat(np.arange(strokes), count)
    same = (own[:, None] == own).astype(np.float64)
    along = np.gradient(mean, axis=1)[:, TAKEN].reshape(-1, 2)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    lengths = np.linalg.norm(np.diff(mean, axis=1), axis=2).sum(1)
    way = ((np.arange(POINTS) / (POINTS - 1))[TAKEN] * lengths[:, None]).reshape(-1)
    arm = (at - mean.mean(1)[:, None]).reshape(-1, 2)
    apart, way_apart = ((points[:, None] - points) ** 2).sum(-1), (way[:, None] - way) ** 2

    def near(squares: Array, length: float) -> Array:
        return np.asarray(np.exp(-squares / 2 / length**2))

    def in_all_directions(kernel: Array) -> Array:
        return np.asarray(np.kron(kernel, np.eye(2)))

    def in_direction(kernel: Array, of: Array) -> Array:
        return np.asarray(np.einsum("ij,ia,jb->iajb", kernel, of, of).reshape(2 * len(of), -1))

    made: dict[str, Callable[[], Array]] = {
        "long": lambda: in_all_directions(near(apart, LONG)),
        "short": lambda: in_all_directions(near(apart, SHORT)),
        "whole": lambda: in_all_directions(near(apart, STROKE_WARP)),
        "shift": lambda: in_all_directions(same),
        "turn": lambda: in_direction(same, _across(arm)),
        "scale": lambda: in_direction(same, arm),
        "bend_long": lambda: in_direction(same * near(way_apart, BENDS[0]), _across(along)),
        "bend_short": lambda: in_direction(same * near(way_apart, BENDS[1]), _across(along)),
        "slide": lambda: in_direction(same * near(way_apart, SLIDE), along),
    }
    return [made[name]() for name in names]


def _across(vectors: Array) -> Array:
    return np.stack([-vectors[:, 1], vectors[:, 0]], 1)
