"""Pairs of source and target glyphs from a store, split by character."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.errors import StoreError, UsageError
from handgen.glyphs.store import GlyphStore, to_unit
from handgen.models.base import Batch
from handgen.registry import nearest
from handgen.seeds import generator


@dataclass(frozen=True)
class Split:
    """Which characters are learnt from and which are only measured on."""

    train: str
    held_out: str


def split_characters(store: GlyphStore, share: float, seed: int, seen: str = "") -> Split:
    """Split the characters that have a source and a target; ``share`` of them are held out.

    At least one is held out unless ``share`` is 0 or there is but one. The choice is a function
    of the characters, the share and the seed.

    Args:
        store: where the glyphs are.
        share: of the characters, 0 to below 1.
        seed: the run's.
        seen: what the weights to begin with were trained on: held out only when nothing else is left.

    Raises:
        StoreError: the store has no source or no target, or they share no character.
    """
    remedy = "Make one with 'handgen render --font SOURCE --target HAND'."
    if not store.sources or not store.targets:
        missing = "target" if store.sources else "source"
        raise StoreError(f"the glyph store {store.path} has no {missing} style", remedy)
    chars = [set(store.labels["char"][np.isin(store.labels["style"], s)]) for s in (store.sources[:1], store.targets)]
    common = sorted(str(c) for c in chars[0] & chars[1])
    if not common:
        raise StoreError(f"source and targets of the glyph store {store.path} have no character in common", remedy)
    count = min(len(common) - 1, max(1, round(len(common) * share))) if share else 0
    order = [common[i] for i in generator(seed, "split").permutation(len(common))]
    held = sorted(sorted(order, key=lambda char: char in seen)[:count])
    return Split("".join(sorted(set(common) - set(held))), "".join(held))


class Pairs:
    """Rows of a store that show one character in the source and in a target style.

    Args:
        store: where the glyphs are.
        chars: the characters to use.
        styles: names of the target styles, in the model's order.
        only: use these styles alone; all of ``styles`` when empty.

    Raises:
        UsageError: a style is not in the store.
        StoreError: there is no pair.
    """

    def __init__(self, store: GlyphStore, chars: str, styles: Sequence[str], only: Sequence[str] = ()) -> None:
        names = [style.name for style in store.styles]
        for name in only:
            if name not in styles or name not in names:
                known = [style for style in styles if style in names]
                raise UsageError(f"the glyph store {store.path} has no target style '{name}'", nearest(name, known))
        self._store = store
        wanted = set(chars)
        source_rows = store.rows(store.sources[0])
        source_of = {str(store.labels["char"][row]): int(row) for row in source_rows}
        sources, targets, numbers = [], [], []
        for number, name in enumerate(styles):
            if name not in names or (only and name not in only):
                continue
            for row in store.rows(names.index(name)):
                char = str(store.labels["char"][row])
                if char in wanted and char in source_of:
                    sources.append(source_of[char])
                    targets.append(int(row))
                    numbers.append(number)
        if not targets:
            raise StoreError(f"the glyph store {store.path} has no pairs for this run", "Render more characters.")
        self.source = np.array(sources, np.int64)
        self.target = np.array(targets, np.int64)
        self.style = np.array(numbers, np.int64)
        self._order = functools.lru_cache(2)(self._shuffled)

    def __len__(self) -> int:
        return len(self.target)

    def batch(self, which: NDArray[np.int64], device: torch.device) -> Batch:
        """Return the pairs numbered ``which``."""
        images = self._store.images

        def load(rows: NDArray[np.int64]) -> torch.Tensor:
            pixels = torch.from_numpy(images[rows]).to(device)
            return to_unit(pixels)[:, None].contiguous(memory_format=torch.channels_last)

        style = torch.from_numpy(self.style[which]).to(device)
        return Batch(load(self.source[which]), load(self.target[which]), style)

    def drawn(self, first: int, count: int, seed: int) -> NDArray[np.int64]:
        """Return the pair numbers of images ``first`` to ``first + count`` of a run.

        Every pair comes once in each pass over the data, in an order of that pass's own; what
        comes at a place depends on the seed and the place alone, so a resumed run goes on exactly.
        """
        places = np.arange(first, first + count)
        which = np.empty(count, np.int64)
        for turn in np.unique(places // len(self)):
            here = places // len(self) == turn
            which[here] = self._order(seed, int(turn))[places[here] % len(self)]
        return which

    def _shuffled(self, seed: int, turn: int) -> NDArray[np.int64]:
        return generator(seed, "pass", turn).permutation(len(self))

    def sample(self, per_style: int, seed: int) -> NDArray[np.int64]:
        """Return a fixed choice of up to ``per_style`` pairs of each style."""
        chosen = []
        for number in np.unique(self.style):
            rows = np.flatnonzero(self.style == number)
            chosen.append(generator(seed, "sample", int(number)).permutation(rows)[:per_style])
        return np.concatenate(chosen)
