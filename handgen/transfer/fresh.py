"""A training set without end: other samples at every step, in place of the same ones again and again."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.glyphs.store import to_unit
from handgen.seeds import derive, generator
from handgen.training.read_glyphs import LabeledGlyphs
from handgen.transfer.sets import TrainingSet

_TOGETHER = 2048
"""About so many samples are drawn at once, of each character as many."""
_KEPT = 2

_Block = tuple[NDArray[np.uint8], NDArray[np.int64]]


class FreshGlyphs(LabeledGlyphs):
    """Samples that are drawn when a step asks for them; sample i is the same whenever a training goes on.

    A set of images at hand is gone through in a new order each time; what is drawn is drawn anew.

    Args:
        path: a glyph store of the set, some of its samples: to look at, and for the thresholds of the reader.
        made: the set; its ``count`` says nothing.
        seed: of the samples.
        images: how many are learned from in all.
    """

    def __init__(self, path: Path, made: TrainingSet, seed: int, images: int) -> None:
        super().__init__([path], made.chars)
        each = math.ceil(min(_TOGETHER, images) / len(made.chars))
        self._set, self._seed = replace(made, count=each * len(made.chars)), seed
        self._blocks: dict[int, _Block] = {}

    def batch(self, among: NDArray[np.int64], first: int, size: int, seed: int) -> tuple[Tensor, Tensor]:
        """Return the samples ``first`` to ``first + size``; see ``LabeledGlyphs.batch``."""
        numbers = np.arange(first, first + size)
        block, row = np.divmod(numbers, self._set.count)
        parts = [(self._block(int(number)), row[block == number]) for number in np.unique(block)]
        pixels = np.concatenate([images[rows] for (images, _), rows in parts])
        labels = np.concatenate([chars[rows] for (_, chars), rows in parts])
        return to_unit(pixels)[:, None], torch.from_numpy(labels)

    def _block(self, number: int) -> _Block:
        if number not in self._blocks:
            images, labels = self._set.collected(derive(self._seed, "fresh", number) % 2**32, lambda done: None)
            order = generator(self._seed, "fresh order", number).permutation(len(images))
            chars = np.array([self.charset.index(char) for char in labels], np.int64)
            if len(self._blocks) >= _KEPT:
                del self._blocks[min(self._blocks)]
            self._blocks[number] = np.stack(images)[order], chars[order]
        return self._blocks[number]
