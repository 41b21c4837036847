"""Labeled images at hand: of a glyph store, of any dataset, or of scikit-learn; and a real set parted in two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from handgen.check.samples import samples_in
from handgen.errors import UsageError
from handgen.extras import load_extra
from handgen.glyphs.store import IMAGES, GlyphStore
from handgen.seeds import generator
from handgen.transfer.settings import DIGITS

EXTRA = "bench"
_MOST = 200_000
"""Samples that are read of a dataset; of a store all can be had, for nothing is read before it is wanted."""
_MARGIN = 2


@dataclass(frozen=True)
class Pool:
    """Labeled images; which of them count is said by ``rows``.

    Attributes:
        images: gray, uint8 ``[H, W]`` each, of any size, maybe still on disk.
        rows: int64 ``[n]``, rows of ``images``.
        chars: str ``[n]``, what they show.
        writers: int64 ``[n]``, numbers of who wrote them.
    """

    images: Sequence[NDArray[np.uint8]]
    rows: NDArray[np.int64]
    chars: NDArray[np.str_]
    writers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def charset(self) -> str:
        """The characters, sorted."""
        return "".join(np.unique(self.chars).tolist())

    def by_char(self) -> dict[str, NDArray[np.int64]]:
        """Return the numbers of each character's samples, in order."""
        order = np.argsort(self.chars, kind="stable")
        chars, first = np.unique(self.chars[order], return_index=True)
        return dict(zip(chars.tolist(), np.split(order, first[1:]), strict=True))

    def only(self, which: NDArray[Any]) -> Pool:
        """Return the samples of these numbers, or where the mask says so."""
        return replace(self, rows=self.rows[which], chars=self.chars[which], writers=self.writers[which])

    def of(self, chars: str) -> Pool:
        """Return the samples of these characters."""
        return self.only(np.isin(self.chars, list(chars)))

    def evenly(self, most: int, seed: int) -> Pool:
        """Return at most so many samples, of each character as many as of any other, one at least."""
        if len(self) <= most:
            return self
        own = self.by_char()
        each, random = max(1, most // len(own)), generator(seed, "evenly")
        taken = [random.permutation(numbers)[:each] for numbers in own.values()]
        return self.only(np.sort(np.concatenate(taken)))


def read_pool(path: Path) -> Pool:
    """Read a glyph store or a dataset; of a dataset at most the first 200,000 samples.

    Raises:
        UsageError: it is neither, or has no sample of a single character.
        StoreError: it is damaged.
    """
    if (path / IMAGES).is_file():
        return pool_of(GlyphStore(path))
    images, chars, names = [], [], []
    for batch in samples_in(path):
        images += list(batch.images)
        chars += batch.labels
        names += batch.writers
        if len(images) >= _MOST:
            break
    if not images:
        raise UsageError(f"no sample of {path} shows a single character", "Give a set of characters, not of lines.")
    number = {name: index for index, name in enumerate(dict.fromkeys(names))}
    return Pool(images, np.arange(len(images)), np.array(chars), np.array([number[name] for name in names]))


def pool_of(store: GlyphStore) -> Pool:
    """Return the hands of a glyph store, or its source if it has nothing else."""
    rows = np.flatnonzero(np.isin(store.labels["style"], store.targets or store.sources))
    labels = store.labels[rows]
    images = cast("Sequence[NDArray[np.uint8]]", store.images)
    return Pool(images, rows, labels["char"].astype(np.str_), labels["style"].astype(np.int64))


def open_real(path: str) -> Pool:
    """Return the real set: ``digits``, or what ``read_pool`` reads.

    Raises:
        UsageError: there is none.
        HandgenError: scikit-learn is not installed.
    """
    return _digits() if path == DIGITS else read_pool(Path(path))


def _digits() -> Pool:
    """Return scikit-learn's digits: 1,797 of 8 x 8 pixels in 17 grays, from the UCI repository's test set.

    Writers are not named. A margin of paper tells ink from paper, for the ink reaches the border.
    """
    found = load_extra("sklearn.datasets", EXTRA).load_digits()
    gray = np.round(255 - found.images * (255 / 16)).astype(np.uint8)
    padded = np.pad(gray, ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN)), constant_values=255)
    chars = np.array([str(digit) for digit in found.target.tolist()])
    return Pool(list(padded), np.arange(len(padded)), chars, np.zeros(len(padded), np.int64))


def parted(pool: Pool, share: float) -> tuple[Pool, Pool]:
    """Part a real set in what may be learned from and what is tested on.

    Several writers are on one side or the other, the last ones in the test. One writer's samples are
    parted in their order, for each character: neighbors are often by one hand, at one sitting.

    Args:
        pool: the set.
        share: of it to test on, 0 to 1.

    Returns:
        What is left to learn from, which may be nothing, and the test.
    """
    writers = list(dict.fromkeys(pool.writers.tolist()))
    if len(writers) > 1 and share < 1:
        tested = min(len(writers) - 1, max(1, round(share * len(writers))))
        test = np.isin(pool.writers, writers[len(writers) - tested :])
    else:
        test = np.zeros(len(pool), np.bool_)
        for own in pool.by_char().values():
            test[own[len(own) - max(1, round(share * len(own))) :]] = True
    return pool.only(~test), pool.only(test)
