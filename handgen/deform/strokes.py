"""How people vary when strokes are known: strokes are moved, and each stroke is bent.

These are the levels below the whole in ``people``. Strokes near each other move together; each is shifted, turned and
scaled; it is bent sideways, at two scales; and its parts are lengthened and shortened (GPSR, UIST 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.deform.people import normal, numbers, part_of_whole
from handgen.seeds import keys

Array = NDArray[np.float32]

_WAVES = 4
"""Number of random waves in the smooth field that moves the middles of strokes."""
_TERMS = 8
"""Number of terms in the sine or cosine series along a stroke."""
_MOVES, _ALONG = ("shift", "shift", "turn", "scale"), ("bend_long", "bend_short", "slide")
_SHORTEST = 0.05
"""Shorter strokes are bent as if they had this length, in sides of the character."""


@dataclass(frozen=True)
class Part:
    """One part of the variation of n drawings; parts add up.

    Attributes:
        key: uint64 ``[n]``, random key: of a writer and a character (``habit``), or of a drawing (``anew``).
        level: ``habit``: the same in all drawings of a character by one writer; ``anew``: new in each drawing.
        amount: ``[n]``, factor; 1 = as people vary with a pen on paper.
    """

    key: NDArray[np.uint64]
    level: str
    amount: NDArray[np.floating[Any]]


def moved(strokes: Array, owner: NDArray[np.int64], number: NDArray[np.int64], parts: Sequence[Part]) -> Array:
    """Return strokes as other people, or the same person again, would write them.

    Args:
        strokes: float32 ``[s, k, 2]``: k points (x, y) per stroke, evenly spaced along it, in any unit, y down.
        owner: int64 ``[s]``, the drawing (0 to n - 1) that each stroke belongs to, ascending.
        number: int64 ``[s]``, the number of each stroke in its drawing.
        parts: the parts of the variation.

    Returns:
        float32 ``[s, k, 2]``.
    """
    if not len(strokes):
        return strokes
    side = _sides(strokes, owner, len(parts[0].key))
    known, made = numbers(), strokes / side[owner, None, None]
    middle = made.mean(1)
    lengths = np.linalg.norm(np.diff(made, axis=1), axis=2).sum(1)
    shift, bend = np.zeros((len(made), 4), np.float32), np.zeros((3, len(made), _TERMS), np.float32)
    for part in parts:
        own, size, deviation = keys(part.key[owner], number, 31), part.amount.astype(np.float32), _shares(part.level)
        shift[:, :2] += (size * deviation["whole"])[owner, None] * _field(keys(part.key, 32), owner, middle)
        draw = normal(own, 4 + 3 * _TERMS).astype(np.float32)
        shift += size[owner, None] * draw[:, :4] * np.array([deviation[name] for name in _MOVES])
        series = draw[:, 4:].reshape(-1, 3, _TERMS).transpose(1, 0, 2)
        for row, name in enumerate(_ALONG):
            spectrum = _spectrum(np.maximum(lengths, _SHORTEST), known["lengths"][name])
            bend[row] += (size * deviation[name])[owner, None] * series[row] * spectrum
    bend[:2] *= np.minimum(lengths, 1)[:, None]
    made = _stretched(made, bend[2] / np.float32(known["lengths"]["slide"]))
    made = _bowed(made, bend[0] + bend[1])
    made = _shifted(made, middle, shift)
    return np.asarray(made * side[owner, None, None], np.float32)


def whole_of(parts: Sequence[Part]) -> NDArray[np.float64]:
    """Draw log size, log aspect, slant and tilt of n drawings, ``[n, 4]``, as people vary with a pen on paper."""
    drawn = [part.amount.reshape(-1, 1) * part_of_whole(part.key, part.level) for part in parts]
    return np.asarray(numbers()["paper"] * np.sum(drawn, axis=0))


def _shares(level: str) -> dict[str, np.float32]:
    """Return name of a variation -> its standard deviation at one level, ``habit`` or ``anew``."""
    known = numbers()
    made = {}
    for name, each in known["strokes"].items():
        anew = known["anew"]["short" if name in _ALONG else "long"]
        made[name] = np.float32(known["paper"] * each["deviation"] * np.sqrt(anew if level == "anew" else 1 - anew))
    return made


def _sides(strokes: Array, owner: NDArray[np.int64], count: int) -> Array:
    """Return the longer side of each drawing's box, ``[count]``; 1 for drawings without strokes."""
    first = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    low = np.minimum.reduceat(strokes.min(1), first)
    high = np.maximum.reduceat(strokes.max(1), first)
    side = np.ones(count, np.float32)
    side[owner[first]] = np.maximum((high - low).max(1), np.float32(1e-3))
    return side


def _field(key: NDArray[np.uint64], owner: NDArray[np.int64], at: Array) -> Array:
    """Return each drawing's smooth random vector field (deviation 1) at the points ``at``: ``[s, 2]`` to ``[s, 2]``."""
    draw = normal(key, 7 * _WAVES).astype(np.float32).reshape(-1, _WAVES, 7)
    frequency = draw[:, :, :2] / np.float32(numbers()["lengths"]["whole"])
    phase = (frequency[owner] * at[:, None]).sum(2) + 7 * draw[owner][:, :, 2]
    wave = draw[owner][:, :, 3:5] * np.cos(phase)[:, :, None] + draw[owner][:, :, 5:] * np.sin(phase)[:, :, None]
    return np.asarray(wave.sum(1) / np.sqrt(np.float32(_WAVES)))


def _spectrum(lengths: Array, correlation: float) -> Array:
    """Return the deviation of each term of the series along strokes, ``[s, _TERMS]``.

    The powers are those of a Gaussian correlation; the sum of the terms has deviation 1 in the middle of a stroke.
    """
    waves = np.pi * np.arange(1, _TERMS + 1, dtype=np.float32) * correlation / lengths[:, None]
    power = np.exp(-(waves**2) / 2) + np.float32(1e-6)
    return np.asarray(np.sqrt(2 * power / power.sum(1, keepdims=True)), np.float32)


def _stretched(strokes: Array, series: Array) -> Array:
    """Lengthen and shorten parts of strokes and keep their middles; ``series`` ``[s, _TERMS]`` gives the log factor."""
    steps = np.diff(strokes, axis=1)
    t = (np.arange(steps.shape[1], dtype=np.float32) + np.float32(0.5)) / steps.shape[1]
    waves = np.cos(np.pi * np.outer(np.arange(1, _TERMS + 1), t)).astype(np.float32)
    steps = steps * np.exp(np.clip(_summed(series, waves), -1, 1))[:, :, None]
    made = np.concatenate([np.zeros_like(strokes[:, :1]), np.cumsum(steps, axis=1)], 1)
    return np.asarray(made + (strokes.mean(1) - made.mean(1))[:, None])


def _bowed(strokes: Array, series: Array) -> Array:
    """Bend strokes sideways by a sine series, ``[s, _TERMS]``; the ends of a stroke stay where they are."""
    t = np.linspace(0, 1, strokes.shape[1], dtype=np.float32)
    waves = np.sin(np.pi * np.outer(np.arange(1, _TERMS + 1), t)).astype(np.float32)
    along = np.empty_like(strokes)
    along[:, 1:-1] = strokes[:, 2:] - strokes[:, :-2]
    along[:, 0], along[:, -1] = strokes[:, 1] - strokes[:, 0], strokes[:, -1] - strokes[:, -2]
    along /= np.maximum(np.sqrt((along**2).sum(2, keepdims=True)), np.float32(1e-6))
    across = np.stack([-along[:, :, 1], along[:, :, 0]], 2)
    return np.asarray(strokes + (_summed(series, waves))[:, :, None] * across)


def _shifted(strokes: Array, middle: Array, shift: Array) -> Array:
    """Shift, turn and scale strokes about their middles; ``shift`` ``[s, 4]`` is x, y, radians, log of the scale."""
    arm = strokes - middle[:, None]
    scale = np.exp(shift[:, 3])
    cos, sin = scale * np.cos(shift[:, 2]), scale * np.sin(shift[:, 2])
    x, y = arm[:, :, 0], arm[:, :, 1]
    turned = np.stack([cos[:, None] * x - sin[:, None] * y, sin[:, None] * x + cos[:, None] * y], 2)
    return np.asarray(turned + (middle + shift[:, :2])[:, None])


def _summed(series: Array, waves: Array) -> Array:
    """Return ``series @ waves``, one product per stroke, so that the last bits do not depend on the batch."""
    return np.asarray(np.matmul(series[:, None], waves)[:, 0])
