"""Traced hands that come with handgen: the centerlines of free handwriting fonts, for the pen to write along.

latin.safetensors.xz    fonts for Latin letters
han.safetensors.xz      fonts for Chinese characters
allographs.txt          forms of characters that people write and fonts hardly have
legible.csv             of each neat Chinese hand, how much of it a reader reads
README.md               whose fonts they are, their licenses, and how to make the files again

``handgen.strokes.hands`` and ``handgen.strokes.allographs`` read them.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent
ALLOGRAPHS = ROOT / "allographs.txt"
LEGIBLE = ROOT / "legible.csv"
SUFFIX = ".safetensors.xz"
MOST = 16 * 10**6
"""Bytes that a file may have."""


def shipped() -> dict[str, Path]:
    """Return script -> file of the hands that this installation has."""
    return {file.name.removesuffix(SUFFIX): file for file in sorted(ROOT.glob(f"*{SUFFIX}"))}


@cache
def legible() -> dict[str, float]:
    """Return name of a hand -> % that PP-OCR reads of what neat writers write in it, with ink and grain.

    Running hands, which no neat writer has, are not among them, nor are Latin ones.
    """
    with LEGIBLE.open(encoding="utf-8", newline="") as file:
        return {row["hand"]: float(row["read"]) for row in csv.DictReader(file)}
