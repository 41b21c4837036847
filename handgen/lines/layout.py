"""Where the glyphs of a line go: a hand's advance, kerning, gaps, rhythm and baseline.

Everything here is worked out on ink boxes, in canvas sides (the side of a glyph's square canvas
is 1), before one pixel of the line is drawn. The numbers come first (``Habits``, drawn for a line
from its seed), then what they do (``lay_out``).
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.glyphs.ink import inked
from handgen.lines.texts import kind
from handgen.seeds import SampleKey, uniforms, uniforms_of

_BANDS = 16
_WIDE_MARKS = "“”‘’…—·～"
_ASIDE = np.inf
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Habits:
    """How one line is written; lengths in canvas sides.

    Attributes:
        pitch: from one square character to the next where each keeps its box.
        regular: how far boxes decide the advance of square characters, 0 to 1; ink decides the rest.
        wide_gap: ink to ink, between square characters where ink decides.
        narrow_gap: ink to ink between Latin letters and digits.
        border_gap: ink to ink between a square character and a narrow one.
        word_gap: what a space adds between narrow characters; between square ones half as much again.
        slope: rise over run of the line.
        waves: ``[3, 3]``: amplitude, length and phase (radians) of the wandering baseline.
        fill: line heights per canvas side, at most.
        margins: free space left and right, and the least above and below, in line heights.
        balance: where the ink sits between top and bottom, 0 to 1.
        size, gap, rise: ``[n]`` per glyph: its own size (factor), advance and height.
    """

    pitch: float
    regular: float
    wide_gap: float
    narrow_gap: float
    border_gap: float
    word_gap: float
    slope: float
    waves: Floats
    fill: float
    margins: tuple[float, float, float]
    balance: float
    size: Floats
    gap: Floats
    rise: Floats


_RANGES = {
    "pitch": (0.88, 1.02),
    "regular": (0.35, 0.9),
    "wide_gap": (0.02, 0.12),
    "narrow_gap": (0.015, 0.065),
    "border_gap": (0.06, 0.16),
    "word_gap": (0.2, 0.36),
    "slope": (-0.02, 0.02),
    "fill": (0.84, 1.02),
    "balance": (0.25, 0.75),
}
_SIDES, _TOP = (0.06, 0.35), (0.03, 0.09)
_AMPLITUDES, _LENGTHS = np.array([0.055, 0.03, 0.014]), np.array([[9.0, 18.0], [4.5, 8.0], [2.0, 3.5]])
_WITHIN = 0.14
"""How much lines of one writer differ, of the range of all writers."""
_SIZE, _GAP, _RISE = 0.07, 0.035, 0.028
_COLUMNS = len(_RANGES) + 3 + 2 * len(_AMPLITUDES) + len(_AMPLITUDES)


def draw_habits(seed: int, line: int, count: int, writer: int | None = None) -> Habits:
    """Draw how line number ``line``, of ``count`` glyphs, is written: a function of its arguments alone.

    Args:
        seed: of the run.
        line: its number.
        count: how many glyphs it has.
        writer: who writes this and other lines much alike; None = nobody else's line is.
    """
    numbers = uniforms(seed, "line", np.array([line]), _COLUMNS)[0]
    if writer is not None:
        numbers[: len(_RANGES)] = of_writer(numbers[: len(_RANGES)], seed, writer)
    own = uniforms_of(SampleKey.of(seed, np.array(line), np.arange(1, count + 1)).keys("line glyph"), 4) * 2 - 1
    drawn: dict[str, Any] = {
        name: low + (high - low) * number for number, (name, (low, high)) in zip(numbers, _RANGES.items(), strict=False)
    }
    rest = numbers[len(_RANGES) :]
    left, right, top = (low + (high - low) * r for r, (low, high) in zip(rest, (_SIDES, _SIDES, _TOP), strict=False))
    amplitude, length, phase = rest[3:].reshape(3, -1)
    waves = np.stack(
        [_AMPLITUDES * amplitude, _LENGTHS[:, 0] + np.ptp(_LENGTHS, axis=1) * length, 2 * math.pi * phase], axis=1
    )
    # A size that drifts, and a little of its own: neighbors are alike, yet none is equal.
    drift = np.convolve(own[:, 0], np.ones(3) / 3, mode="same")[:count]
    return Habits(
        **drawn,
        waves=waves,
        margins=(left, right, top),
        size=1 + _SIZE * (0.6 * drift + 0.4 * own[:, 1]),
        gap=_GAP * own[:, 2],
        rise=_RISE * own[:, 3],
    )


def of_writer(numbers: Floats, seed: int, writer: int) -> Floats:
    """Return numbers in [0, 1] that are much alike in all lines of a writer, and a little different in each.

    Args:
        numbers: in [0, 1), of a line by nobody in particular.
        seed: of the run.
        writer: their number.
    """
    own = uniforms(seed, "writer of lines", np.array([writer]), len(numbers))[0]
    return np.asarray(np.clip(own + _WITHIN * (numbers - 0.5), 0, 1))


@dataclass(frozen=True)
class Layout:
    """Where each glyph's canvas goes, in canvas sides.

    Attributes:
        x: ``[n]`` left edge of each canvas.
        y: ``[n]`` top edge of each canvas.
        size: ``[n]`` side of each canvas.
        box: left, top, right and bottom of all ink.
    """

    x: Floats
    y: Floats
    size: Floats
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Ink:
    """Where the ink of n glyphs is on their canvases, in canvas sides.

    Attributes:
        boxes: ``[n, 4]``: left, top, right, bottom.
        left: ``[n, bands]``: where ink begins in each of 16 rows of equal height; inf where there is none.
        right: ``[n, bands]``: where it ends; -inf where there is none.
    """

    boxes: Floats
    left: Floats
    right: Floats

    @classmethod
    def of(cls, glyphs: NDArray[np.uint8]) -> Ink:
        """Measure glyphs, uint8 ``[n, side, side]``, side >= 16, each with some ink."""
        dark = inked(glyphs)
        side = glyphs.shape[-1]
        edges = np.linspace(0, side, _BANDS, endpoint=False).astype(int)
        bands = np.logical_or.reduceat(dark, edges, axis=1)
        some = np.logical_or.reduce(bands, axis=2)
        first = np.where(some, bands.argmax(axis=2) / side, _ASIDE)
        last = np.where(some, 1 - bands[:, :, ::-1].argmax(axis=2) / side, -_ASIDE)
        rows = inked(glyphs, 2)
        top, bottom = rows.argmax(axis=1) / side, 1 - rows[:, ::-1].argmax(axis=1) / side
        return cls(np.stack([first.min(axis=1), top, last.max(axis=1), bottom], axis=1), first, last)


def is_wide(char: str) -> bool:
    """Whether ``char`` has a square box of its own: ideographs, kana and their punctuation."""
    return kind(char) == "wide" or unicodedata.east_asian_width(char) in "WF" or char in _WIDE_MARKS


def lay_out(ink: Ink, wide: NDArray[np.bool_], spaced: NDArray[np.bool_], drop: Floats, habits: Habits) -> Layout:
    """Set the glyphs of a line one after the other.

    Args:
        ink: of the n glyphs.
        wide: ``[n]``: which have square boxes.
        spaced: ``[n]``: which follow a space.
        drop: ``[n]``: how much lower than on its canvas each one belongs.
        habits: how to write.
    """
    # About the middle of the canvas.
    size = habits.size[:, None]
    left, right = (ink.left - 0.5) * size, (ink.right - 0.5) * size
    boxes = (ink.boxes - 0.5) * size
    middle = np.concatenate([[0.0], np.cumsum(_advances(left, right, boxes, wide, spaced, habits))])
    reach = max(float(middle[-1]), 1.0)
    slope = np.clip(habits.slope, -0.15 / reach, 0.15 / reach)
    amplitude, length, phase = habits.waves.T[:, :, None]
    wander = (amplitude * np.sin(2 * math.pi * middle / length + phase)).sum(axis=0)
    height = wander + slope * middle + habits.rise + drop
    box = (
        float((middle + boxes[:, 0]).min()),
        float((height + boxes[:, 1]).min()),
        float((middle + boxes[:, 2]).max()),
        float((height + boxes[:, 3]).max()),
    )
    return Layout(middle - habits.size / 2, height - habits.size / 2, habits.size, box)


def _advances(
    left: Floats, right: Floats, boxes: Floats, wide: NDArray[np.bool_], spaced: NDArray[np.bool_], habits: Habits
) -> Floats:
    """Return ``[n - 1]``: from the middle of each glyph's canvas to the next one's."""
    # Ink to ink: zero apart as boxes, and zero apart anywhere along their outlines.
    apart = boxes[:-1, 2] - boxes[1:, 0]
    near = right.copy()
    near[:, 1:] = np.maximum(near[:, 1:], right[:, :-1])
    near[:, :-1] = np.maximum(near[:, :-1], right[:, 1:])
    touching = np.maximum((near[:-1] - left[1:]).max(axis=1, initial=-_ASIDE), apart - 0.4)
    both, none = wide[:-1] & wide[1:], ~wide[:-1] & ~wide[1:]
    square = habits.regular * habits.pitch + (1 - habits.regular) * (apart + habits.wide_gap)
    square = np.maximum(square, touching - 0.015)
    widths = boxes[:, 2] - boxes[:, 0]
    # A quarter of the narrower box at most: a point must not vanish under a letter.
    overlap = np.minimum(0.1, np.minimum(widths[:-1], widths[1:]) / 4)
    narrow = np.maximum(touching + habits.narrow_gap, apart - overlap)
    advance = np.where(both, square, np.where(none, narrow, apart + habits.border_gap))
    space = np.where(none, habits.word_gap, 1.5 * habits.word_gap)
    return np.where(spaced[1:], apart + space, advance) + habits.gap[1:] * np.where(none & ~spaced[1:], 0.4, 1.0)
