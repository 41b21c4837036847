"""A page that lies askew and is not flat: one smooth map for its ink, its rules and everything that is known of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_WAVES = 3
_ROUNDS = 6


@dataclass(frozen=True, eq=False)
class PageWarp:
    """Where each pixel of a page comes from on the flat one.

    Attributes:
        size: width and height of the page in pixels.
        skew: how far it is turned, in radians, clockwise.
        waves: ``[waves, 5]``: amplitude along x and along y, and cycles along x and y and their phase (radians).
    """

    size: tuple[int, int]
    skew: float
    waves: Floats

    @classmethod
    def drawn(cls, rng: np.random.Generator, size: tuple[int, int], skew: float, bend: float) -> PageWarp:
        """Draw a warp.

        Args:
            rng: where chance comes from.
            size: of the page.
            skew: the most degrees that it is turned.
            bend: about how many pixels points are moved at most.
        """
        waves = np.empty((_WAVES, 5))
        waves[:, :2] = rng.normal(0, bend / (2 * math.sqrt(_WAVES)), (_WAVES, 2))
        waves[:, 2:4] = rng.uniform(-1.2, 1.2, (_WAVES, 2))
        waves[:, 4] = rng.uniform(0, 2 * math.pi, _WAVES)
        return cls(size, math.radians(rng.uniform(-skew, skew)), waves)

    def origins(self, points: Floats) -> Floats:
        """Return where points of the page, ``[..., 2]``, are on the flat one."""
        width, height = self.size
        x, y = points[..., 0] - width / 2, points[..., 1] - height / 2
        cos, sin = math.cos(self.skew), math.sin(self.skew)
        flat = np.stack([cos * x + sin * y + width / 2, cos * y - sin * x + height / 2], axis=-1)
        for across, down, per_width, per_height, phase in self.waves:
            angle = 2 * math.pi * (per_width * points[..., 0] / width + per_height * points[..., 1] / height) + phase
            wave = np.sin(angle)
            flat[..., 0] += across * wave
            flat[..., 1] += down * wave
        return flat

    def moved(self, points: Floats) -> Floats:
        """Return where points of the flat page, ``[n, 2]``, are on this one: the inverse, by iteration."""
        found = points.astype(np.float64)
        for _ in range(_ROUNDS):
            found = found + (points - self.origins(found))
        return found

    def grid(self) -> Floats:
        """Return the origin of each pixel's middle, ``[H, W, 2]``."""
        width, height = self.size
        x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        return self.origins(np.stack([x, y], axis=-1))


def resampled(ink: NDArray[np.uint8], grid: Floats) -> NDArray[np.float32]:
    """Return ink, uint8 ``[H, W]``, as float32 at the points of ``grid``, between its pixels; 255 outside."""
    height, width = ink.shape
    padded = np.full((height + 2, width + 2), 255, np.float32)
    padded[1:-1, 1:-1] = ink
    x, y = np.clip(grid[..., 0] + 0.5, 0, width), np.clip(grid[..., 1] + 0.5, 0, height)
    column, row = x.astype(np.int64), y.astype(np.int64)
    right, down = (x - column).astype(np.float32), (y - row).astype(np.float32)
    flat, at = padded.ravel(), row * (width + 2) + column
    upper = flat[at] * (1 - right) + flat[at + 1] * right
    at += width + 2
    lower = flat[at] * (1 - right) + flat[at + 1] * right
    return np.asarray(upper * (1 - down) + lower * down, np.float32)
