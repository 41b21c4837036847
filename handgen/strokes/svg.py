"""Paths of SVG made into polylines."""

from __future__ import annotations

import itertools
import re

import numpy as np
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path
from numpy.typing import NDArray

_ALPHABET = re.compile(r"[MLHVCSQTAZmlhvcsqtaz\d\s,.+eE-]*")
"""fontTools passes over other letters in silence."""
_STEPS = 8
_TIMES = np.arange(1, _STEPS + 1) / _STEPS


def flattened(path: str) -> NDArray[np.float32]:
    """Return the points of a path, float32 ``[n, 2]``, curves cut into eight pieces.

    Raises:
        ValueError: it is no path, or more than one piece.
    """
    pen = RecordingPen()
    try:
        parse_path(path, pen)
    except Exception as error:  # whatever the parser runs into in a damaged path
        raise ValueError(f"no path: {path[:40]!r}") from error
    if not _ALPHABET.fullmatch(path) or [name for name, _ in pen.value].count("moveTo") != 1:
        raise ValueError(f"no path of one piece: {path[:40]!r}")
    points: list[complex] = []
    for name, given in pen.value:
        ends = [complex(x, y) for x, y in given]
        if name in ("curveTo", "qCurveTo"):
            points += _curve([points[-1], *ends])
        else:  # the line that closes a path is among its lines; what ends one holds no point
            points += ends
    found = np.array([(point.real, point.imag) for point in points], np.float32)
    if len(found) < 2:
        raise ValueError(f"a path that draws nothing: {path[:40]!r}")
    return found


def _curve(handles: list[complex]) -> list[complex]:
    """Return points on a Bézier curve, by de Casteljau's construction."""
    rows = [np.full(_STEPS, handle) for handle in handles]
    while len(rows) > 1:
        rows = [(1 - _TIMES) * first + _TIMES * second for first, second in itertools.pairwise(rows)]
    points: list[complex] = rows[0].tolist()
    return points
