"""How one line is written as a whole: its size, its slant, and what wanders along it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.fonts.contours import Outline
from handgen.lines.layout import of_writer
from handgen.seeds import uniforms

Floats = NDArray[np.float64]

_EDGE = 1.5
"""Pixels of paper there are at least around the ink."""
_WAVES = 4


@dataclass(frozen=True)
class ShapedHabits:
    """How one line is written; lengths in em, but for the margins.

    Attributes:
        fill: how much of the image's height the script's letters take, from the highest to the lowest.
        margins: free space left and right, in heights of the image.
        balance: where the ink is between top and bottom, 0 to 1.
        width: factor along the line.
        slant: how far the line leans to the right, as run over rise.
        slope: rise over run of the base line.
        tall: factor of what is above the height of an x.
        deep: factor of what is below the base line.
        word_gap: factor of the spaces.
        letter_gap: what is added between letters that do not join.
        pen: width of strokes, in heights of an x.
        smaller: factor of ``fill`` for letters with ascenders, which reach that high in few lines.
        room: how many times as high as it was asked for an image may become, so that no line is made smaller.
        joins: share of the letters that are joined to the next one, in fonts that do not join them.
        waves: ``[fields, waves, 3]``: amplitude, waves per em and phase (radians) of what wanders along the line: its
            rise, its size, its slant, its pace, and a tremor of what is high against what is low.
    """

    fill: float
    margins: tuple[float, float]
    balance: float
    width: float
    slant: float
    slope: float
    tall: float
    deep: float
    word_gap: float
    letter_gap: float
    pen: float
    joins: float
    waves: Floats
    room: float = 1.0
    smaller: float = 1.0


# Widths and heights are such that lines are as those by the writers of the tuning half of copiste-lines: of the
# quotients there, the 5th, 50th and 95th percentile are, with heights of an x as unit: a letter with its share of the
# spaces .51, 1.06, 1.91; from the base line up 1.37, 2.04, 3.07, and down .17, .67, 1.75; word gaps .22, .87, 2.12.
_RANGES = {
    "fill": (0.78, 1.15),
    "left": (0.04, 0.27),
    "right": (0.04, 0.27),
    "balance": (0.1, 0.6),
    "width": (0.65, 1.85),
    "slant": (-0.25, 0.38),
    "slope": (-0.02, 0.02),
    "tall": (0.9, 1.9),
    "deep": (0.8, 1.6),
    "word_gap": (0.8, 1.9),
    "letter_gap": (-0.01, 0.05),
    "pen": (0.03, 0.13),
    "joins": (-1.0, 1.4),
}
_STILL = {
    "width": 1.0, "slant": 0.0, "slope": 0.0, "tall": 1.0, "deep": 1.0, "word_gap": 1.0, "letter_gap": 0.0,
    "joins": 0.0,
}  # fmt: skip
"""What these are without variation."""
_FIELDS = np.array([0.035, 0.1, 0.1, 0.07, 0.03])
_PER_EM = (0.12, 1.1)
_ON_PAGES, _LEVEL = 0.73, 0.15
"""How much smaller a page's lines are in their strips, and how much of a slope each has."""
_ROOM = 1.6
"""How much higher than its strip a page's line may be, with accents on capitals and brackets."""
_SMALLER = 0.68
"""Likewise of lines by themselves that vary: in real ones an x is .28 of the image's height by the median."""
_KNOTS = 32
"""Of a table of waves, in an em."""


def draw_shaped_habits(seed: int, line: int, vary: float, writer: int | None = None) -> ShapedHabits:
    """Draw how line number ``line`` is written: a function of its arguments alone.

    Args:
        seed: of the run.
        line: its number.
        vary: how much lines differ from the font, 0 to 1; margins and size differ all the same.
        writer: who writes this and other lines much alike; None = nobody else's line is.
    """
    count = len(_RANGES) + len(_FIELDS) * _WAVES * 3
    numbers = uniforms(seed, "shaped line", np.array([line]), count)[0]
    if writer is not None:
        numbers[: len(_RANGES)] = of_writer(numbers[: len(_RANGES)], seed, writer)
    drawn = {
        name: low + (high - low) * number for number, (name, (low, high)) in zip(numbers, _RANGES.items(), strict=False)
    }
    for name, still in _STILL.items():
        drawn[name] = still + vary * (drawn[name] - still)
    amount, pitch, phase = numbers[len(_RANGES) :].reshape(3, len(_FIELDS), _WAVES)
    low, high = _PER_EM
    frequencies = low * (high / low) ** ((np.arange(_WAVES) + pitch) / _WAVES)
    amplitudes = vary * _FIELDS[:, None] * (0.4 + 0.6 * amount) / math.sqrt(_WAVES)
    if writer is not None:
        # All lines of a page have one size: they climb so little that none has to be made smaller to fit.
        drawn["fill"] *= _ON_PAGES
        drawn["slope"] *= _LEVEL
    else:
        drawn["smaller"] = 1 - vary * (1 - _SMALLER)
    margins = drawn.pop("left"), drawn.pop("right")
    waves = np.stack([amplitudes, frequencies, 2 * math.pi * phase], axis=2)
    return ShapedHabits(**drawn, margins=margins, waves=waves, room=1.0 if writer is None else _ROOM)


def stretch(y: Floats, habits: ShapedHabits, x_height: float) -> Floats:
    """Return heights, in em, with ascenders and descenders as tall and as deep as a writer has them."""
    above, below = np.maximum(y - x_height, 0), np.minimum(y, 0)
    return np.asarray(y + (habits.tall - 1) * above + (habits.deep - 1) * below)


def bend(points: Floats, habits: ShapedHabits, x_height: float | None = None) -> Floats:
    """Move points, in em, as the habits of a line have it.

    Args:
        points: float64 ``[n, 2]``, y up from the base line.
        habits: of the line.
        x_height: of an x, where there are ascenders and descenders.
    """
    x, y = points.T
    if x_height is not None:
        y = stretch(y, habits, x_height)
    rise, size, slant, pace, tremor = _wandering(x, habits.waves)
    # What wanders along the line is the same for all that is above one another, but for the tremor.
    lean = habits.slant + slant
    up = y * (1 + size)
    across = (x + pace) * habits.width + up * lean + tremor * np.sin(5.0 * y + 2.0 * x)
    return np.stack([across, up + rise + habits.slope * across], axis=1)


def _wandering(x: Floats, waves: Floats) -> Floats:
    """Return what wanders along the line, ``[fields, n]``, at positions ``x``; a table will do where there are many."""
    low, high = float(x.min()), float(x.max())
    knots = min(len(x), _KNOTS * (1 + int(high - low)))
    at = np.linspace(low, high, knots) if knots < len(x) else x
    found = (
        waves[:, None, :, 0] * np.sin(2 * math.pi * at[:, None] * waves[:, None, :, 1] + waves[:, None, :, 2])
    ).sum(2)
    return np.stack([np.interp(x, at, field) for field in found]) if knots < len(x) else np.asarray(found)


def onto_image(
    outline: Outline, habits: ShapedHabits, height: int, reach: tuple[float, float], *, small: bool
) -> tuple[Outline, tuple[int, int], float]:
    """Return an outline in em as one in pixels, y up from the lower edge; height and width; and pixels per em.

    Args:
        outline: of the line.
        habits: of it.
        height: of the image.
        reach: how low and how high its script's letters go, in em.
        small: whether it is of letters with ascenders.
    """
    left, bottom = outline.points.min(axis=0)
    right, top = outline.points.max(axis=0)
    low, high = min(reach[0], bottom), max(reach[1], top)
    fill = habits.fill * (habits.smaller if small else 1)
    usual, height = fill * height / (reach[1] - reach[0]), round(habits.room * height)
    room = height - 2 * _EDGE
    scale = min(usual, room / max(top - bottom, 1e-6))
    # The script's letters are where they are in other lines of its writer, as far as this line's own ink allows.
    free = height - scale * (high - low)
    base = free * habits.balance - low * scale if free > 0 else height * habits.balance - (low + high) / 2 * scale
    base = min(max(base, _EDGE - bottom * scale), height - _EDGE - top * scale)
    before, after = (max(margin * height, _EDGE) for margin in habits.margins)
    points = outline.points * scale + [before - left * scale, base]
    width = math.ceil(before + (right - left) * scale + after)
    return Outline(points, outline.tags, outline.ends), (height, width), scale
