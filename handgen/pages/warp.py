"""The warp of a page that is rotated and not flat: one smooth map for its ink, its rules and all positions."""

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
    """A map from points of a page to points of the flat page.

    Attributes:
        size: width and height of the page in pixels.
        skew: rotation of the page in radians, clockwise.
        waves: ``[waves, 5]``: amplitudes along x and y in pixels, cycles per width and per height, phase in radians.
    """

    size: tuple[int, int]
    skew: float
    waves: Floats

    @classmethod
    def drawn(cls, rng: np.random.Generator, size: tuple[int, int], skew: float, bend: float) -> PageWarp:
        """Make a random warp.

        Args:
            rng: source of randomness.
            size: size of the page.
            skew: largest rotation in degrees.
            bend: about the largest displacement by bending, in pixels.
        """
        waves = np.empty((_WAVES, 5))
        waves[:, :2] = rng.normal(0, bend / (2 * math.sqrt(_WAVES)), (_WAVES, 2))
        waves[:, 2:4] = rng.uniform(-1.2, 1.2, (_WAVES, 2))
        waves[:, 4] = rng.uniform(0, 2 * math.pi, _WAVES)
        return cls(size, math.radians(rng.uniform(-skew, skew)), waves)

    def origins(self, points: Floats) -> Floats:
        """Return the points of the flat page for points of this page, ``[..., 2]``."""
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
        """Return the points of this page for points of the flat page, ``[n, 2]``: the inverse map, by iteration."""
        found = points.astype(np.float64)
        for _ in range(_ROUNDS):
            found = found + (points - self.origins(found))
        return found

    def grid(self) -> Floats:
        """Return the point of the flat page for the center of each pixel, ``[H, W, 2]``."""
        width, height = self.size
        x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        return self.origins(np.stack([x, y], axis=-1))


def resampled(ink: NDArray[np.uint8], grid: Floats) -> NDArray[np.float32]:
    """Return ink (uint8 ``[H, W]``) at the points of ``grid`` by bilinear interpolation, float32; 255 outside."""
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
