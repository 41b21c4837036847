"""Fog: images that are smears of gray, as a model draws them that has hardly learned."""

from __future__ import annotations

import numpy as np
from PIL import Image

from handgen.formats.findings import EXAMPLES, Findings

_LEAST, _FEWEST = 0.1, 5
"""Share of a dataset's images, and number of them, from which on fog is no accident: faint pencil
and photographs in bad light look like it now and then, in sets of the presets ink and photo 5 % at most."""
_DARK, _GRAY, _WIDE = 100, 0.8, 0.05
"""By how much the darkest ink differs from the paper at least, what share of all that is marked may be half dark, and
how much of the paper a smear covers."""
_INK, _PAPER = 0.002, 0.95
"""Shares of the pixels that are darker than what is taken for ink, and for paper."""
_EDGE, _FULL = 0.15, 0.6
"""Marked is what differs from the paper by more than the first share of the contrast; fully dark, by the second."""


class Fog:
    """Counts the images of a dataset that are fog."""

    def __init__(self) -> None:
        self._images, self._count = 0, 0
        self._first: list[tuple[int, str | None]] = []

    def add(self, gray: Image.Image, number: int, label: str | None) -> None:
        """Judge one image of mode L that shows something."""
        self._images += 1
        if is_fog(gray):
            self._count += 1
            if len(self._first) < EXAMPLES:
                self._first.append((number, label))

    def conclude(self, findings: Findings) -> None:
        """Note the fog, if there is so much of it that it is no accident."""
        if self._count >= max(_FEWEST, _LEAST * self._images):
            for number, label in self._first:
                findings.add("fog", number, label)
            findings.add("fog", count=self._count - len(self._first))


def is_fog(gray: Image.Image) -> bool:
    """Tell whether an image of mode L, light on dark or dark on light, has no dark ink and much that is half dark."""
    counts = np.array(gray.histogram(), np.float64)
    shares = np.cumsum(counts) / counts.sum()
    if shares[127] > 0.5:  # light ink on dark paper
        counts = counts[::-1]
        shares = np.cumsum(counts) / counts.sum()
    ink, paper = (int(np.searchsorted(shares, share)) for share in (_INK, _PAPER))
    contrast = paper - ink
    marked, full = (float(shares[max(0, int(paper - share * contrast) - 1)]) for share in (_EDGE, _FULL))
    return contrast < _DARK and marked > _WIDE and marked - full > _GRAY * marked
