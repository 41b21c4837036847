"""The grid pictures of a run: the same held-out glyphs, true and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handgen.glyphs.contact_sheet import save_sheet
from handgen.glyphs.store import GlyphStore
from handgen.training.data import Glyphs

_STYLES, _CHARS = 16, 16


class Grid:
    """A fixed choice of held-out pairs, one row for each style.

    Args:
        held_out: the pairs to choose from.
        styles: names of the styles, by their number in ``held_out``.

    Attributes:
        which: numbers of the chosen pairs.
    """

    def __init__(self, held_out: Glyphs, styles: Sequence[str]) -> None:
        self.which = held_out.sample(_CHARS, seed=1)
        self._numbers = held_out.style[self.which]
        self._rows = held_out.target[self.which]
        self._styles = styles

    def save(self, path: Path, images: NDArray[np.uint8]) -> None:
        """Save a picture of glyphs, uint8 ``[len(which), size, size]``, in the order of ``which``."""
        numbers = np.unique(self._numbers)[:_STYLES]
        save_sheet(path, [(self._styles[number], images[self._numbers == number]) for number in numbers])

    def save_reals(self, path: Path, store: GlyphStore) -> None:
        """Save a picture of the true glyphs."""
        self.save(path, store.images[self._rows])
