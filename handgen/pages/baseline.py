"""Computes base lines and polygons of lines from the boxes of their characters."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from handgen.pages.record import Box

Floats = NDArray[np.float64]

_BELOW = set("gjpqyçĝğģįķļņţþýÿųGJQ;,()[]{}|/\\_βγζηθμξρφχψцщрудф@§¶")
"""Characters that reach, or may reach, below the base line."""
_POINTS = 8
_ROUNDS = 8
_REACH = 0.035
"""A letter within this distance of the base line, in line heights, counts fully in the fit."""


def base_line(text: str, boxes: Sequence[Box | None], height: float) -> Floats:
    """Return the base line of a line: a smooth curve under the letters that stand on it.

    Args:
        text: text of the line.
        boxes: boxes of its characters, in any unit, y down; at least one is not None.
        height: height of a usual line, in the same unit.

    Returns:
        float64 ``[8, 2]``, from left to right, from the first ink to the last.
    """
    found = [(char, box) for char, box in zip(text, boxes, strict=True) if box is not None]
    standing = [box for char, box in found if _stands(char)] or [box for _, box in found]
    x = np.array([(box[0] + box[2]) / 2 for box in standing], np.float64)
    y = np.array([box[3] for box in standing], np.float64)
    left, right = min(box[0] for _, box in found), max(box[2] for _, box in found)
    at = np.linspace(left, right, _POINTS)
    middle, reach = (left + right) / 2, max((right - left) / 2, 1.0)
    degree = min(4, (len(x) - 1) // 6, int(reach / height) + 1)
    level = np.median(y)
    weight = 1 / (1 + ((y - level) / (3 * _REACH * height)) ** 2)
    fit = np.array([level])
    for _ in range(_ROUNDS):
        fit = np.polyfit((x - middle) / reach, y, degree, w=np.sqrt(weight))
        away = y - np.polyval(fit, (x - middle) / reach)
        weight = 1 / (1 + (away / (_REACH * height)) ** 2)
    # Beyond the first and the last letter on the base line the curve is level.
    inside = np.clip((at - middle) / reach, (x.min() - middle) / reach, (x.max() - middle) / reach)
    return np.stack([at, np.polyval(fit, inside)], axis=1)


def _stands(char: str) -> bool:
    category = unicodedata.category(char)
    return char not in _BELOW and category[0] in "LN" and unicodedata.normalize("NFD", char)[0] not in _BELOW


def polygon(boxes: Sequence[Box | None], base: Floats, pad: float) -> Floats:
    """Return a polygon around a line: along the tops of its words, and back along their bottoms.

    Args:
        boxes: boxes of its characters; at least one is not None.
        base: its base line, ``[n, 2]``; the polygon encloses it.
        pad: distance between ink and polygon.

    Returns:
        float64 ``[n, 2]``, a polygon that does not cross itself.
    """
    columns = _columns([box for box in boxes if box is not None], pad)
    top, bottom = [], []
    for x0, y0, x1, y1 in columns:
        height = np.interp([x0, x1], base[:, 0], base[:, 1])
        y0, y1 = min(y0, float(height.min()) - pad), max(y1, float(height.max()) + pad)
        top += [(x0, y0), (x1, y0)]
        bottom += [(x0, y1), (x1, y1)]
    return np.array(top + bottom[::-1], np.float64)


def _columns(boxes: Sequence[Box], pad: float) -> list[list[float]]:
    """Merge neighboring boxes into columns that touch and do not overlap, from left to right."""
    whole = sorted(boxes)
    width = max((max(box[2] for box in whole) - whole[0][0]) / 24, 2 * max(box[3] - box[1] for box in whole) / 3)
    merged: list[list[float]] = []
    for x0, y0, x1, y1 in whole:
        last = merged[-1] if merged else None
        if last and (x0 < last[2] or x1 - last[0] < width):
            last[1:] = [min(last[1], y0 - pad), max(last[2], x1), max(last[3], y1 + pad)]
        else:
            merged.append([x0, y0 - pad, x1, y1 + pad])
    for one, other in itertools.pairwise(merged):
        one[2] = other[0] = (one[2] + other[0]) / 2
    merged[0][0] -= pad
    merged[-1][2] += pad
    return merged
