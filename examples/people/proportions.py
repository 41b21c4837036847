"""Proportions of Chinese characters: how much narrower people write them than fonts have them.

Fonts fill a square with every character. On paper a character of strokes one above the other becomes tall.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from examples.people.matching import Array
from examples.people.whole import Numbers, moments_of, written
from handgen.strokes.hands import open_hands, shipped_hands
from handgen.strokes.motion import lengths_of
from handgen.strokes.tracing import decoded

LABELS = "零一二三四五六七八九十百千万亿"
"""Of Chinese MNIST."""
_FLAT = 0.7
"""Characters that fonts have wider by more, as a logarithm, are but level strokes."""


def han_aspect(folder: Path, writers: list[str], labels: str = LABELS) -> dict[str, float]:
    """Return mean and deviation, over characters, of log width by height as people write them less that of fonts.

    Args:
        folder: an LMDB of scanned characters.
        writers: whose images are looked at.
        labels: its characters.
    """
    ink, chars, _ = written(folder, writers)
    fonts, people = of_fonts(sorted(labels)), of_people(ink, chars)
    less = (people - fonts)[fonts < _FLAT]
    return {"mean": round(float(less.mean()), 3), "deviation": round(float(less.std(ddof=1)), 3)}


def of_people(ink: Array, chars: Numbers) -> Array:
    """Return the median of log width by height of each character, ``[chars]``, from second moments of ink."""
    aspect = moments_of(ink)[:, 1]
    return np.array([np.nanmedian(aspect[chars == char]) for char in range(chars.max() + 1)])


def of_fonts(chars: list[str]) -> Array:
    """Return the same of the hands that come with handgen."""
    asked = "".join(chars)
    found = np.full((len(shipped_hands(asked)), len(chars)), np.nan)
    for row, (file, hand) in enumerate(shipped_hands(asked)):
        forms = open_hands(file).forms(hand, asked)
        for column, (first, last) in enumerate(zip(forms.first[:-1], forms.first[1:], strict=True)):
            lines = decoded(forms.points[first:last])
            if len(lines):
                middles, weight = (lines[:, 1:] + lines[:, :-1]) / 2, lengths_of(lines)
                mean = (middles * weight[:, :, None]).sum((0, 1)) / weight.sum()
                x, y = ((middles - mean) ** 2 * weight[:, :, None]).sum((0, 1))
                found[row, column] = np.log(max(x, 1e-9) / max(y, 1e-9)) / 2
    return np.asarray(np.nanmedian(found, axis=0))
