"""How people vary: what differs between drawings of one character, level by level, with amplitudes fitted on people.

A drawing differs from another by the size, proportions, slant and tilt of the whole, by a smooth warp of it, and by a
finer one inside it; where strokes are known, by their positions, turns and lengths, by how each is bent, and by how its
parts are lengthened and shortened (Taranta et al., "A rapid prototyping approach to synthetic data generation for
improved 2D gesture recognition", UIST 2016). Part of each is alike in all that a writer writes, part is a writer's
habit with one character, and part is new in each drawing. ``people.json`` has the numbers with their intervals and
sources; ``examples/people`` fits them.
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
"""Usual longer side of a character, in heights of its canvas: it decides how far apart knots are."""
_KNOT_SPACING = 1.2247
"""Of a cubic B-spline over random knots, in its correlation length: its autocorrelation is nearly a Gaussian's."""
_KNOT = 0.2767
"""Standard deviation of such a field over knots that are even between -1 and 1."""
_HAN = (0x3400, 0xA000, 0x20000)
"""Chinese characters are from the first code point to below the second, and from the third on."""

Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class PersonKeys:
    """From what follows what is alike in some drawings, and what is not.

    Attributes:
        sample: uint64 ``[n]``, another for each drawing.
        habit: ``[n]``, the same for a writer's drawings of one character.
        writer: ``[n]``, the same for all of a writer's drawings.
    """

    sample: Keys
    habit: Keys
    writer: Keys

    @classmethod
    def of(cls, sample: Keys, writer: Keys, character: Keys) -> PersonKeys:
        """Return the keys of drawings by known writers, of known characters (any number that tells them apart)."""
        return cls(sample, keys(writer, character, 1), writer)

    @classmethod
    def strangers(cls, sample: Keys) -> PersonKeys:
        """Return keys that make every drawing another person's."""
        return cls(sample, keys(sample, 1), keys(sample, 2))


@functools.cache
def numbers() -> dict[str, Any]:
    """Return the fitted numbers, as ``people.json`` has them."""
    text = resources.files("handgen.deform").joinpath("people.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def deform(images: Tensor, who: PersonKeys, strength: float = 1.0, warp: Warp | None = None) -> Tensor:
    """Return images of single characters as other people, or the same person again, would draw them.

    Args:
        images: ``[B, C, H, W]``, 1 = paper, on any device.
        who: of each image.
        strength: 1 as people do, 0 not at all; deviations are in proportion to it.
        warp: what is done before, in the same resampling.

    Returns:
        Images like the given ones. Ink stays on the canvas: what would leave it is moved or made smaller.
    """
    box = ink_box(images)
    side = np.maximum(box[:, 1] - box[:, 0], box[:, 3] - box[:, 2])
    warp = Warp.none(images) if warp is None else warp
    if strength:
        warp = bent(whole(warp, who, strength), who, strength, side)
    return resampled(images, kept_inside(warp.grid(images, inside=False), box))


def whole(warp: Warp, who: PersonKeys, strength: float) -> Warp:
    """Return ``warp`` followed by another size, aspect, slant and tilt of the whole."""
    size, aspect, slant, tilt = (strength * draw_whole(who)).T
    wide, high = np.exp(size + aspect / 2), np.exp(size - aspect / 2)
    return warp.linear(wide, -slant * high, -tilt * wide, high)


def draw_whole(who: PersonKeys) -> NDArray[np.float64]:
    """Draw log size, log aspect (width by height), slant and tilt: ``[n, 4]``, of the fitted covariance."""
    drawn = np.zeros((len(who.sample), len(WHOLE)))
    for level, key in zip(LEVELS, (who.writer, who.habit, who.sample), strict=True):
        drawn += part_of_whole(key, level)
    return drawn


def part_of_whole(key: Keys, level: str) -> NDArray[np.float64]:
    """Draw the part of a level (``writer``, ``habit`` or ``anew``) in ``draw_whole``, ``[n, 4]``, from its keys."""
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
    """Return ``warp`` with a smooth displacement of the whole, and a finer one inside it.

    Args:
        warp: what is done beside it.
        who: of each image.
        strength: as ``deform`` has it.
        side: ``[n]``, longer sides of the characters, in heights; displacements are in proportion to it.
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
    """Return ``[n, columns]`` numbers of mean 0 and variance 1, none beyond 3: sums of three even ones."""
    some = uniforms_of(key, 3 * columns).reshape(len(key), columns, 3)
    made: NDArray[np.float64] = 2 * (some.sum(2) - 1.5)
    return made
