"""Fog: images that are gray smears without dark ink, as a model draws them after too little training."""

from __future__ import annotations

import numpy as np
from PIL import Image

from handgen.formats.findings import EXAMPLES, Findings

_LEAST, _FEWEST = 0.1, 5
"""Fog is reported from this share of the images and this number of them on. A few images of faint pencil or in bad
light look like fog too: at most 5 % in datasets with the presets ink and photo."""
_DARK, _GRAY, _WIDE = 100, 0.8, 0.05
"""An image is fog if its contrast (gray of the paper minus gray of the ink) is below the first number, more than the
second share of its marked pixels are only half dark, and more than the third share of all pixels is marked."""
_INK, _PAPER = 0.002, 0.95
"""Quantiles of the gray levels that count as the gray of the ink and of the paper."""
_EDGE, _FULL = 0.15, 0.6
"""A pixel is marked if it is darker than the paper by more than the first share of the contrast, and fully dark if it
is so by more than the second."""


class Fog:
    """Counts the images of a dataset that are fog."""

    def __init__(self) -> None:
        self._images, self._count = 0, 0
        self._first: list[tuple[int, str | None]] = []

    def add(self, gray: Image.Image, number: int, label: str | None) -> None:
        """Judge one image, of mode L and not blank."""
        self._images += 1
        if is_fog(gray):
            self._count += 1
            if len(self._first) < EXAMPLES:
                self._first.append((number, label))

    def conclude(self, findings: Findings) -> None:
        """Add a finding if enough images are fog."""
        if self._count >= max(_FEWEST, _LEAST * self._images):
            for number, label in self._first:
                findings.add("fog", number, label)
            findings.add("fog", count=self._count - len(self._first))


def is_fog(gray: Image.Image) -> bool:
    """Return whether an image of mode L is fog; its ink may be dark on light or light on dark."""
    counts = np.array(gray.histogram(), np.float64)
    shares = np.cumsum(counts) / counts.sum()
    if shares[127] > 0.5:  # light ink on dark paper
        counts = counts[::-1]
        shares = np.cumsum(counts) / counts.sum()
    ink, paper = (int(np.searchsorted(shares, share)) for share in (_INK, _PAPER))
    contrast = paper - ink
    marked, full = (float(shares[max(0, int(paper - share * contrast) - 1)]) for share in (_EDGE, _FULL))
    return contrast < _DARK and marked > _WIDE and marked - full > _GRAY * marked
