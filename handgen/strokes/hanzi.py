"""Strokes of Chinese characters from Hanzi Writer's data, as ``handgen fonts fetch strokes`` leaves it."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from handgen.errors import HandgenError
from handgen.strokes.base import Strokes, as_strokes

NAME, FILE, ABOUT = "hanzi-writer-data", "strokes.jsonl.gz", "strokes.json"
_EM = 1024
_FLIP, _SHIFT = np.array([1, -1], np.float32), np.array([0, 900], np.float32)
"""Hanzi Writer's y goes up, from 124 below."""
_BEFORE = '{"character": "'


def read_hanzi(folder: Path, chars: str) -> dict[str, Strokes]:
    """Read the centerlines (medians) of those of ``chars`` that the data has.

    Args:
        folder: holds ``strokes.jsonl.gz``.
        chars: the characters.

    Raises:
        HandgenError: the file is damaged.
    """
    file, wanted, found = folder / FILE, set(chars), {}
    for number, line in enumerate(_lines(file), 1):
        index = len(_BEFORE)
        if line.startswith(_BEFORE) and line[index] != "\\" and line[index] not in wanted:
            continue  # most of a line are outlines, which take long to read
        try:
            record = json.loads(line)
            char, medians = record["character"], as_strokes(record["medians"])
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise HandgenError(
                f"{file}, line {number} is damaged ({error})", "Run: handgen fonts fetch strokes --force"
            ) from error
        if char in wanted:
            found[char] = tuple(((m * _FLIP + _SHIFT) / _EM).astype(np.float32) for m in medians)
    return found


def _lines(file: Path) -> Iterator[str]:
    try:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            yield from lines
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise HandgenError(f"{file} is damaged ({error})", "Run: handgen fonts fetch strokes --force") from error
