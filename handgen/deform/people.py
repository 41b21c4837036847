"""How much people's drawings of one character vary, with amplitudes fitted on real drawings.

Two drawings differ in size, aspect, slant and tilt of the whole, by a coarse smooth warp, and by a finer one. If
strokes are known, each is also shifted, turned, scaled and bent, and its parts are lengthened and shortened (Taranta et
al., "A rapid prototyping approach to synthetic data generation for improved 2D gesture recognition", UIST 2016). Each
variation has up to three parts: one is the same for all that a writer writes, one is the writer's habit with one
character, and one is new in each drawing. ``people.json`` has the amplitudes with their intervals and sources;
``examples/people`` fits them.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from handgen.deform.fields import Field, bspline_weights
from handgen.deform.warp import Warp, ink_box, kept_inside, resampled
from handgen.seeds import keys, uniforms_of

WHOLE = ("size", "aspect", "slant", "tilt")
LEVELS = ("writer", "habit", "anew")
SCALES = ("long", "short")
_SIDE = 0.8
"""Usual longer side of a character, in heights of the canvas; lengths of correlation are shares of it."""
_KNOT_SPACING = 1.2247
"""Spacing of the knots of a random cubic B-spline, in correlation lengths; its autocorrelation is nearly Gaussian."""
_KNOT = 0.2767
"""Standard deviation of such a field when its knots are uniform between -1 and 1."""
_HAN = (0x3400, 0xA000, 0x20000)
"""Chinese characters are from the first code point to below the second, and from the third on."""

Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class PersonKeys:
    """Random keys of n drawings. Drawings with equal keys share the part of the variation that follows from them.

    Attributes:
        sample: uint64 ``[n]``, a different key for each drawing.
        habit: uint64 ``[n]``, one key for all drawings of one character by one writer.
        writer: uint64 ``[n]``, one key for all drawings by one writer.
    """

    sample: Keys
    habit: Keys
    writer: Keys

    @classmethod
    def of(cls, sample: Keys, writer: Keys, character: Keys) -> PersonKeys:
        """Return the keys of drawings by known writers; ``character`` is any number that identifies the character."""
        return cls(sample, keys(writer, character, 1), writer)

    @classmethod
    def strangers(cls, sample: Keys) -> PersonKeys:
        """Return keys that make every drawing one by a different person."""
        return cls(sample, keys(sample, 1), keys(sample, 2))


@functools.cache
def numbers() -> dict[str, Any]:
    """Return the content of ``people.json``."""
    text = resources.files("handgen.deform").joinpath("people.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def deform(
    images: Tensor, who: PersonKeys, strength: float = 1.0, warp: Warp | None = None, mode: str = "bilinear"
) -> Tensor:
    """Return images of single characters as other people, or the same person again, would draw them.

    Args:
        images: ``[B, C, H, W]``, 1 = paper, on any device.
        who: keys of the B drawings.
        strength: factor on all deviations; 1 = as people vary, 0 = not at all.
        warp: a warp to apply before, in the same resampling.
        mode: as ``Warp.resample``.

    Returns:
        Images of the same shape. Ink stays on the canvas: what would leave it is moved or made smaller.
    """
    box = ink_box(images)
    side = np.maximum(box[:, 1] - box[:, 0], box[:, 3] - box[:, 2])
    warp = Warp.none(images) if warp is None else warp
    if strength:
        warp = bent(whole(warp, who, strength), who, strength, side)
    return resampled(images, kept_inside(warp.grid(images, inside=False), box), mode)


def whole(warp: Warp, who: PersonKeys, strength: float) -> Warp:
    """Return ``warp`` followed by a random size, aspect, slant and tilt of the whole."""
    size, aspect, slant, tilt = (strength * draw_whole(who)).T
    wide, high = np.exp(size + aspect / 2), np.exp(size - aspect / 2)
    return warp.linear(wide, -slant * high, -tilt * wide, high)


def draw_whole(who: PersonKeys) -> NDArray[np.float64]:
    """Draw log size, log aspect (width / height), slant and tilt with the fitted covariance, float64 ``[n, 4]``."""
    drawn = np.zeros((len(who.sample), len(WHOLE)))
    for level, key in zip(LEVELS, (who.writer, who.habit, who.sample), strict=True):
        drawn += part_of_whole(key, level)
    return drawn


def part_of_whole(key: Keys, level: str) -> NDArray[np.float64]:
    """Draw one level's part of ``draw_whole``: ``level`` is ``writer``, ``habit`` or ``anew``; returns ``[n, 4]``."""
    known = numbers()
    spread = np.array([known["whole"][name]["deviation"] for name in WHOLE])
    share = np.array([known["shares"][name][level]["share"] for name in WHOLE])
    root = np.linalg.cholesky(np.array(known["correlation"]))
    drawn = (normal(keys(key, 21), len(WHOLE))[:, None] @ root.T)[:, 0]
    return np.asarray(spread * np.sqrt(share) * drawn)


def upright(codes: Keys, writer: Keys) -> NDArray[np.float64]:
    """Return log width by height of characters as people write them, less that of fonts: ``[n]``, 0 but for Chinese.

    Fonts fill a square with every Chinese character; people write it as tall as its strokes come.

    Args:
        codes: uint64 ``[n]``, code points.
        writer: ``[n]``; a writer's character is always alike.
    """
    han = np.flatnonzero((codes >= _HAN[0]) & (codes < _HAN[1]) | (codes >= _HAN[2]))
    made = np.zeros(len(codes))
    if len(han):
        known = numbers()["han_aspect"]
        made[han] = known["mean"] + known["deviation"] * normal(keys(writer[han], codes[han], 22), 1)[:, 0]
    return made


def bent(warp: Warp, who: PersonKeys, strength: float, side: NDArray[np.float64]) -> Warp:
    """Return ``warp`` with a coarse and a fine smooth displacement added.

    Args:
        warp: the warp so far.
        who: keys of the n drawings.
        strength: see ``deform``.
        side: ``[n]``, longer sides of the characters, in heights; displacements are proportional to them.
    """
    known = numbers()
    height, width = warp.like.shape[-2:]
    for number, scale in enumerate(SCALES):
        deviation = strength * known["warp"][scale]["deviation"]
        if not deviation:
            continue
        spacing = known["lengths"][scale] * _SIDE * height * _KNOT_SPACING
        down, across = bspline_weights(height, spacing), bspline_weights(width, spacing)
        shape = (len(side), 2, down.shape[1], across.shape[1])
        anew = known["anew"][scale]
        knots = np.zeros(shape)
        for key, share in ((who.habit, 1 - anew), (who.sample, anew)):
            knots += np.sqrt(share) * (2 * uniforms_of(keys(key, 22 + number), knots[0].size).reshape(shape) - 1)
        for axis in (0, 1):
            warp = warp.bent(axis, Field(knots[:, axis], down, across), deviation / _KNOT * side)
    return warp


def normal(key: Keys, columns: int) -> NDArray[np.float64]:
    """Return ``[n, columns]`` nearly normal numbers: sums of three uniform ones, mean 0, variance 1, within -3 to 3."""
    some = uniforms_of(key, 3 * columns).reshape(len(key), columns, 3)
    made: NDArray[np.float64] = 2 * (some.sum(2) - 1.5)
    return made
