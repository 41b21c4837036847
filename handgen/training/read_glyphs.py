"""The training data of a recognizer: glyphs of several stores, and the fonts held out to measure on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.errors import StoreError, UsageError
from handgen.glyphs.store import GlyphStore, to_unit
from handgen.registry import nearest
from handgen.seeds import generator


class LabeledGlyphs:
    """All glyphs of several stores, with their characters and fonts. Fonts of the same name are one font.

    Args:
        folders: folders of glyph stores with the same image size.
        charset: the characters to learn; empty = all of the stores.

    Attributes:
        charset: the characters, sorted.
        fonts: names of the fonts, in order.
        char: int64 ``[N]``, the character of each glyph, as an index of ``charset``.
        font: int64 ``[N]``, the font of each glyph, as an index of ``fonts``.

    Raises:
        UsageError: a store is missing.
        StoreError: the image sizes differ, or there are fewer than two characters.
    """

    def __init__(self, folders: Sequence[Path], charset: str = "") -> None:
        stores = [GlyphStore(folder) for folder in folders]
        sizes = {store.size for store in stores}
        if len(sizes) > 1:
            raise StoreError(
                f"the glyph stores differ in size ({', '.join(map(str, sorted(sizes)))} pixels)",
                "Render them with the same --size.",
            )
        self.size = sizes.pop()
        found = {str(char) for store in stores for char in np.unique(store.labels["char"])}
        self.charset = "".join(sorted(char for char in found if len(char) == 1 and (not charset or char in charset)))
        if len(self.charset) < 2:
            raise StoreError("the glyph stores have fewer than two characters to tell apart", "Render a --charset.")
        self.fonts = tuple(dict.fromkeys(style.name for store in stores for style in store.styles))
        self._images = [store.images for store in stores]
        number = {char: index for index, char in enumerate(self.charset)}
        chars = [np.array([number.get(str(char), -1) for char in store.labels["char"]], np.int64) for store in stores]
        fonts = [
            np.array([self.fonts.index(style.name) for style in store.styles])[store.labels["style"]]
            for store in stores
        ]
        rows = np.concatenate([np.arange(len(store.labels)) for store in stores])
        which = np.repeat(np.arange(len(stores)), [len(store.labels) for store in stores])
        char = np.concatenate(chars)
        known = char >= 0
        self.char, self.font = char[known], np.concatenate(fonts)[known]
        self._row, self._store = rows[known], which[known]

    def images(self, which: NDArray[np.int64]) -> Tensor:
        """Return the glyphs numbered ``which`` (``[n]``), float32 ``[n, 1, size, size]`` in [-1, 1]."""
        pixels = np.empty((len(which), self.size, self.size), np.uint8)
        for number, images in enumerate(self._images):
            here = self._store[which] == number
            pixels[here] = images[self._row[which[here]]]
        return to_unit(pixels)[:, None]

    def labels(self, which: NDArray[np.int64]) -> Tensor:
        """Return the characters of the glyphs numbered ``which``, int64 ``[n]``."""
        return torch.from_numpy(self.char[which])

    def batch(self, among: NDArray[np.int64], first: int, size: int, seed: int) -> tuple[Tensor, Tensor]:
        """Return images and labels of a step of training; see ``images`` and ``labels``.

        Args:
            among: numbers of the glyphs to learn from; any of them may come.
            first: how many images were seen before.
            size: of the batch.
            seed: of the choice.
        """
        rows = generator(seed, "recognizer batch", first).choice(among, size)
        return self.images(rows), self.labels(rows)

    def held_out_fonts(self, wanted: str, seed: int) -> tuple[str, ...]:
        """Return the fonts to measure on.

        Args:
            wanted: their names, with commas; or how many to choose at random.
            seed: decides the random choice.

        Raises:
            UsageError: a font is unknown, or none would be left to learn from.
        """
        names: tuple[str, ...]
        if wanted.isdigit():
            order = generator(seed, "held-out fonts").permutation(len(self.fonts))
            names = tuple(sorted(self.fonts[index] for index in order[: int(wanted)]))
        else:
            names = tuple(dict.fromkeys(name.strip() for name in wanted.split(",") if name.strip()))
            for name in names:
                if name not in self.fonts:
                    raise UsageError(f"the glyph stores have no font '{name}'", nearest(name, self.fonts))
        if len(names) >= len(self.fonts):
            raise UsageError(
                f"--holdout-fonts {wanted} leaves none of {len(self.fonts)} fonts to learn from",
                "Hold out fewer, or render more fonts.",
            )
        return names

    def of_fonts(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return the numbers of the glyphs of these fonts, int64."""
        return np.flatnonzero(np.isin(self.font, [self.fonts.index(name) for name in names]))
