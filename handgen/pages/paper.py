"""Sheets of paper (plain, ruled, squared, or a form), and painting ink on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handgen.lines.draws import Draw
from handgen.pages.settings import RULED, SQUARED

Floats = NDArray[np.float32]

_TINTS = ((252, 251, 247), (250, 247, 238), (245, 240, 226), (248, 249, 250), (240, 234, 216))
_RULES = ((150, 178, 214), (170, 190, 205), (158, 158, 165), (190, 172, 200))
_MARGIN = (214, 120, 125)
_PRINT = (52, 54, 62)
PENS = {
    "blue ballpoint": ((26, 46, 128), (52, 78, 164)),
    "black ballpoint": ((22, 22, 28), (58, 58, 66)),
    "blue-black ink": ((24, 32, 66), (46, 58, 98)),
    "brown ink": ((62, 42, 30), (96, 68, 48)),
    "pencil": ((84, 84, 88), (118, 118, 122)),
}
"""Pen -> the darkest and the palest color of its ink, RGB."""
PENCIL = "pencil"


@dataclass(frozen=True)
class Sheet:
    """A sheet; all lengths are pixels of the flat page.

    Attributes:
        paper: plain, ruled, squared or form.
        size: width and height.
        area: left, top, right and bottom of the area for writing.
        pitch: distance from one base line to the next.
        rules: y of each base line in the area.
        tint, rule: RGB colors of the paper and of its rules.
        strength: opacity of the rules, 0 to 1.
        width: thickness of the rules.
        margin: x of the margin line; None without one.
    """

    paper: str
    size: tuple[int, int]
    area: tuple[float, float, float, float]
    pitch: float
    rules: tuple[float, ...]
    tint: tuple[int, int, int]
    rule: tuple[int, int, int]
    strength: float
    width: float
    margin: float | None

    @classmethod
    def drawn(cls, draw: Draw, paper: str, size: tuple[int, int], height: int) -> Sheet:
        """Make a random sheet for lines of the given ``height``; a small one may have room for no line."""
        width, tall = size
        pitch = height * (0.92 + 0.22 * draw.fraction())
        left = max(0.5 * height, width * (0.07 + 0.07 * draw.fraction()))
        right = width - max(0.4 * height, width * (0.03 + 0.05 * draw.fraction()))
        top, bottom = max(0.8 * height, tall * (0.05 + 0.05 * draw.fraction())), tall - 0.6 * height
        bottom = min(bottom, tall * (0.94 + 0.03 * draw.fraction()))
        rules = tuple(np.arange(top + pitch, bottom, pitch).tolist())
        margin = left - 0.25 * height if paper == RULED and draw.chance(0.6) else None
        strength = 0.45 + 0.4 * draw.fraction()
        return cls(
            paper, size, (left, top, right, bottom), pitch, rules, draw.pick(_TINTS), draw.pick(_RULES), strength,
            1.0 + 0.9 * draw.fraction(), margin,
        )  # fmt: skip

    def rule_cover(self, grid: NDArray[np.float64]) -> tuple[Floats, Floats]:
        """Return the cover, 0 to 1, of the rules and of the margin line at the points ``grid`` of the flat page."""
        x, y = grid[..., 0].astype(np.float32), grid[..., 1].astype(np.float32)
        cover, margin = np.zeros_like(y), np.zeros_like(y)
        if self.paper == RULED and self.rules:
            first, last = self.rules[0], self.rules[-1]
            inside = (y > first - self.pitch / 2) & (y < last + self.pitch / 2)
            cover = _near(y, first, self.pitch, self.width) * inside
        if self.paper == SQUARED and self.rules:
            side = self.pitch / 2
            cover = np.maximum(_near(y, self.rules[0], side, self.width), _near(x, self.area[0], side, self.width))
        if self.margin is not None:
            margin = np.clip(self.width / 2 + 0.5 - np.abs(x - self.margin), 0, 1)
        return self.strength * cover, self.strength * margin


def _near(at: Floats, first: float, step: float, width: float) -> Floats:
    """Return the cover, at positions ``at``, of lines of a ``width``, one at ``first`` and one every ``step``."""
    away = np.abs((at - first + step / 2) % step - step / 2)
    return np.asarray(np.clip(width / 2 + 0.5 - away, 0, 1), np.float32)


def field(rng: np.random.Generator, size: tuple[int, int], cells: int) -> Floats:
    """Return a smooth random field ``[H, W]``, mean 0, deviation about 1; ``cells`` bumps along the longer side."""
    width, height = size
    few = np.array([max(2, round(cells * side / max(size))) + 2 for side in (height, width)])
    small = Image.fromarray(rng.standard_normal(few).astype(np.float32))
    return 1.4 * np.asarray(small.resize(size, Image.Resampling.BICUBIC), np.float32)


def pen_of(draw: Draw) -> str:
    """Return the name of a random pen; the usual ones are more likely."""
    return draw.pick([*PENS, "blue ballpoint", "black ballpoint"])


@dataclass(frozen=True)
class Look:
    """How a page looks.

    Attributes:
        pen: one of ``PENS``.
        color: RGB color of the ink.
        grain: standard deviation of the paper's grain, in levels of 255.
        light: greatest loss of light, 0 to 1.
        unsharp: whether the page is slightly out of focus.
    """

    pen: str
    color: tuple[int, int, int]
    grain: float
    light: float
    unsharp: bool

    @classmethod
    def drawn(cls, draw: Draw, pen: str) -> Look:
        """Make a random look."""
        dark, pale = PENS[pen]
        part = draw.fraction()
        red, green, blue = (round(low + part * (high - low)) for low, high in zip(dark, pale, strict=True))
        return cls(pen, (red, green, blue), 0.6 + 1.6 * draw.fraction(), 0.07 * draw.fraction(), draw.chance(0.5))


def painted(
    sheet: Sheet, look: Look, layers: Sequence[Floats], grid: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return the picture of a page, uint8 ``[H, W, 3]``.

    Args:
        sheet: the paper.
        look: how the page looks.
        layers: handwriting and print, float32 ``[H, W]`` each, 0 = ink, 255 = none.
        grid: source of each pixel on the flat page, ``[H, W, 2]``.
        rng: source of randomness.
    """
    written, printed = (1 - layer / np.float32(255) for layer in layers)
    if look.unsharp:
        written, printed = _softened(written), _softened(printed)
    size = sheet.size
    if look.pen == PENCIL:
        written = written * np.clip(0.8 + 0.28 * rng.standard_normal(written.shape).astype(np.float32), 0.25, 1)
    pressure = np.clip(0.95 + 0.07 * field(rng, size, 24), 0.7, 1)
    rules, margin = sheet.rule_cover(grid)
    shade = 1 - look.light * np.clip(0.5 + 0.5 * field(rng, size, 2), 0, 1) + 0.006 * field(rng, size, 60)
    grain = look.grain * rng.standard_normal(written.shape).astype(np.float32)
    grain += 0.8 * look.grain * field(rng, size, max(size) // 5)
    picture = np.empty((*written.shape, 3), np.uint8)
    for channel in range(3):
        color = np.full(written.shape, sheet.tint[channel], np.float32)
        for cover, over in (
            (rules, sheet.rule),
            (margin, _MARGIN),
            (0.9 * printed, _PRINT),
            (0.97 * written * pressure, look.color),
        ):
            color += cover * (over[channel] - color)
        picture[..., channel] = np.clip(color * shade + grain + 0.5, 0, 255)
    return picture


def _softened(image: Floats) -> Floats:
    """Blur a little: mean of the image and of the image filtered by 1 2 1 in both directions."""
    padded = np.pad(image, 1, mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    whole = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
    return np.asarray(0.5 * image + 0.5 * whole, np.float32)
