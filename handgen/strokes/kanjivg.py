"""Strokes of kanji, kana, Latin letters and digits from KanjiVG, as ``handgen fonts fetch kanjivg`` leaves them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from handgen.errors import HandgenError
from handgen.strokes.base import Strokes
from handgen.strokes.svg import flattened

NAME, FILE, ABOUT = "kanjivg", "kanjivg.json", "kanjivg-about.json"
_SIDE = 109


def read_kanjivg(folder: Path, chars: str) -> dict[str, Strokes]:
    """Read the strokes of those of ``chars`` that KanjiVG has.

    Args:
        folder: holds ``kanjivg.json``: character -> the SVG path of each stroke.
        chars: the characters.

    Raises:
        HandgenError: the file is damaged.
    """
    file = folder / FILE
    remedy = "Run: handgen fonts fetch kanjivg --force"
    try:
        paths = json.loads(file.read_text(encoding="utf-8"))
        known = [(char, paths[char]) for char in chars if char in paths]
    except (ValueError, TypeError) as error:
        raise HandgenError(f"{file} is damaged ({error})", remedy) from error
    char = ""
    found: dict[str, Strokes] = {}
    try:
        for char, strokes in known:
            found[char] = tuple(flattened(path) / np.float32(_SIDE) for path in strokes)
            if not strokes:
                raise ValueError("no stroke")
    except (ValueError, TypeError) as error:
        raise HandgenError(f"{file} is damaged at {char} ({error})", remedy) from error
    return found
