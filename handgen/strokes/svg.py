"""Paths of SVG made into polylines: of SVG 1.1 all commands but arcs, which no stroke data uses."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

_TOKEN = re.compile(r"[MmLlHhVvCcSsQqTtZz]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "Z": 0}
_STEPS = 8


def flattened(path: str) -> NDArray[np.float32]:
    """Return the points of a path, float32 ``[n, 2]``, curves cut into eight pieces.

    Raises:
        ValueError: it is no path, holds an arc, or more than one piece.
    """
    tokens = _TOKEN.findall(path)
    if "".join(tokens) != re.sub(r"[\s,]+", "", path) or not tokens or tokens[0] not in "Mm":
        raise ValueError(f"no path of one stroke: {path[:40]!r}")
    points: list[complex] = []
    command, handle, place = "", 0j, 0
    while place < len(tokens):
        if tokens[place].isalpha():
            command, place = tokens[place], place + 1
            if command in "Mm" and points:
                raise ValueError(f"a path of several pieces: {path[:40]!r}")
        count = _ARGUMENTS[command.upper()]
        values = tokens[place : place + count]
        if len(values) < count or any(value.isalpha() for value in values) or (not count and place < len(tokens)):
            raise ValueError(f"a path with a wrong number of values: {path[:40]!r}")
        place += count
        handle = _add(points, command, [float(value) for value in values], handle)
        command = {"M": "L", "m": "l"}.get(command, command)
    return np.array([(point.real, point.imag) for point in points], np.float32)


def _add(points: list[complex], command: str, values: list[float], handle: complex) -> complex:
    """Add what a command draws; return the handle that a smooth command after it reflects."""
    kind, here = command.upper(), points[-1] if points else 0j
    base = here if command.islower() else 0j
    if kind == "Z":
        points.append(points[0])
        return points[0]
    if kind in "HV":
        end = complex(values[0] + base.real, here.imag) if kind == "H" else complex(here.real, values[0] + base.imag)
        points.append(end)
        return end
    given = [base + complex(x, y) for x, y in zip(values[::2], values[1::2], strict=True)]
    if kind in "ML":
        points.append(given[0])
        return given[0]
    mirrored = 2 * here - handle
    ends = {"C": given, "S": [mirrored, *given], "Q": given, "T": [mirrored, *given]}[kind]
    t = np.arange(1, _STEPS + 1) / _STEPS
    if kind in "CS":
        first, second, end = ends
        curve = (1 - t) ** 3 * here + 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t**2 * second + t**3 * end
        handle = second
    else:
        first, end = ends
        curve = (1 - t) ** 2 * here + 2 * (1 - t) * t * first + t**2 * end
        handle = first
    points += curve.tolist()
    return handle
