"""The record of a run, ``stats.jsonl``: a line of JSON for each measurement, checked when it is read.

Every line has ``images`` (images seen) and ``kind``. The rest depends on the kind:

- ``losses``: name -> mean since the last line of losses, and ``images_per_s``
- ``held-out``: ``styles``: style name -> metric -> value
- ``diversity``: ``generated``, ``real`` and ``ratio``; null if there is nothing to compare
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handgen.errors import CheckpointError

STATS = "stats.jsonl"


def read_stats(run: Path) -> list[dict[str, Any]]:
    """Return the record of a run, oldest first. A last line without its end is left out: the run was killed there.

    Raises:
        CheckpointError: a line is damaged.
    """
    return [line for line, _ in _lines(run)]


def lines_until(run: Path, images: int) -> str:
    """Return the text of the lines with at most ``images`` images seen.

    Raises:
        CheckpointError: a line is damaged.
    """
    return "".join(text for line, text in _lines(run) if line["images"] <= images)


def _lines(run: Path) -> list[tuple[dict[str, Any], str]]:
    """Return each line parsed, and its text."""
    file = run / STATS
    try:
        texts = file.read_bytes().decode().splitlines(keepends=True) if file.is_file() else []
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{file} is damaged ({error})", f"Delete {file}.") from error
    found = []
    for number, text in enumerate(texts, 1):
        if not text.endswith("\n"):
            continue
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if why := _fault(line):
            raise CheckpointError(f"line {number} of {file} is damaged ({why})", "Delete that line.")
        found.append((line, text))
    return found


def _fault(line: object) -> str:
    """Return what is wrong with a line; empty if nothing is."""
    if not isinstance(line, dict):
        return "no JSON object"
    if not isinstance(line.get("images"), int) or isinstance(line["images"], bool):
        return "images is no whole number"
    kind = line.get("kind")
    if not isinstance(kind, str):
        return "kind is no text"
    if kind == "losses":
        return next(
            (f"{name} is no number" for name, value in line.items() if name != "kind" and not _number(value)), ""
        )
    if kind == "diversity":
        names = ("generated", "real", "ratio")
        lacking = [name for name in names if name not in line or not (line[name] is None or _number(line[name]))]
        return f"{lacking[0]} is no number" if lacking else ""
    if kind == "held-out":
        return _fault_of_styles(line.get("styles"))
    return ""


def _fault_of_styles(styles: object) -> str:
    if not isinstance(styles, Mapping):
        return "styles is no object"
    if "mean" not in styles and any(isinstance(values, Mapping) and "l1" in values for values in styles.values()):
        return "styles.mean is missing"
    for name, values in styles.items():
        if not isinstance(values, Mapping):
            return f"styles.{name} is no object"
        for metric, value in values.items():
            if not (value is None or _number(value)):
                return f"styles.{name}.{metric} is no number"
    return ""


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
