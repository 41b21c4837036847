"""A glyph store as a source: its images, such as real handwriting, every writer a style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.errors import UsageError
from handgen.fonts.find import known_license
from handgen.glyphs.store import GlyphStore, is_store, to_bytes, to_unit
from handgen.models.base import DrawnStyle
from handgen.seeds import SampleKey, uniforms_of
from handgen.sources.base import Drawing, Opening, Rows, Source, no_notes
from handgen.sources.deform import deform, people_of
from handgen.sources.spec import SourceSpec, some_names

_BLOCK = 128


@dataclass(frozen=True, eq=False)
class StoreSource(Source):
    """Images of a glyph store; where a style has several of a character, any of these.

    Attributes:
        store: the glyph store.
        numbers: of each style in the store.
        rows: int64, rows of the store, sorted by style and character.
        first: int64 ``[styles, chars]``, where the images of each begin in ``rows``.
        count: int64 ``[styles, chars]``, how many there are.
        vary: how much each drawing differs from the image, 0 to 1.

    The others are those of ``Source``.
    """

    options: ClassVar = frozenset({"styles", "vary", "data"})

    store: GlyphStore
    numbers: Sequence[int]
    rows: Rows
    first: Rows
    count: Rows
    vary: float

    @classmethod
    def open(cls, spec: SourceSpec, chars: str, how: Opening) -> StoreSource:
        """Sort the images; see ``Source.open``."""
        store = _open(spec)
        by_name = {store.styles[number].name: number for number in store.targets or store.sources}
        names = some_names(spec.styles, list(by_name))
        numbers = [by_name[name] for name in names]
        shown = np.isin(store.labels["style"], numbers)
        present = set(np.unique(store.labels["char"][shown]).tolist())
        able = "".join(char for char in chars if char in present)
        if not able:
            raise UsageError(
                f"the glyph store {store.path} shows none of the {len(chars):,} characters", "Give another --charset."
            )
        rows, first, count = _sorted(store, numbers, able)
        has = count.sum(1) > 0
        kept = [number for number, some in zip(range(len(names)), has, strict=True) if some]
        lacking = "".join(char for char in chars if char not in present)
        styles = [DrawnStyle(names[number], torch.zeros(0), {names[number]: 1.0}) for number in kept]
        skipped = {"not in the store": lacking} if lacking else {}
        return cls(
            store.path.name, able, store.size, styles, skipped, _BLOCK, True, store,
            [numbers[number] for number in kept], rows, first[kept], count[kept], spec.vary,
        )  # fmt: skip

    @classmethod
    def usual_chars(cls, spec: SourceSpec) -> str:
        """Return the characters of its styles, sorted."""
        store = _open(spec)
        return "".join(
            sorted(set(store.labels["char"][np.isin(store.labels["style"], store.targets or store.sources)].tolist()))
        )

    @classmethod
    def own_size(cls, spec: SourceSpec) -> int | None:
        """Return the side of its images."""
        return _open(spec).size

    @classmethod
    def list_styles(cls, spec: SourceSpec) -> list[dict[str, Any]]:
        """Return its styles."""
        store = _open(spec)
        found = [store.styles[number] for number in store.targets or store.sources]
        return [{"name": style.name, "role": style.role, "origin": style.origin.to_json()} for style in found]

    def draw(self, characters: Rows, styles: Rows, key: SampleKey) -> Drawing:
        """Choose an image of each, put it into its own frame and deform it a little; see ``Source.draw``."""
        first, count = self.first[styles, characters], self.count[styles, characters]
        chosen = first + (uniforms_of(key.keys("row"), 1)[:, 0] * count).astype(np.int64)
        order = np.argsort(self.rows[chosen])  # as they lie on the disk
        images = np.empty((len(chosen), self.size, self.size), np.uint8)
        images[order] = self.store.images[self.rows[chosen][order]]
        alignments = [self.store.styles[self.numbers[style]].alignment for style in styles.tolist()]
        deformed = deform(to_unit(images)[:, None], alignments, people_of(key, characters), self.vary)
        images = to_bytes(deformed)[:, 0].numpy()
        return Drawing(images, no_notes(len(images)))

    def identity(self) -> dict[str, Any]:
        """Return the fingerprint of the store."""
        return {
            "model": "store",
            "store": self.store.fingerprint(),
            "size": self.size,
            "styles": [style.name for style in self.styles],
            "vary": self.vary,
        }

    def describe(self, style: int) -> dict[str, Any]:
        """Return where a style comes from."""
        return {"origin": self.store.styles[self.numbers[style]].origin.to_json()}

    def licenses(self) -> dict[str, str]:
        """Return style -> license; that of imported handwriting is known to who imported it alone."""
        styles = [self.store.styles[number] for number in self.numbers]
        return {style.name: known_license(style.origin.license, style.origin.family, style.name) for style in styles}

    @property
    def coverage(self) -> NDArray[np.bool_] | None:
        """Which style has which character."""
        has: NDArray[np.bool_] = self.count > 0
        return None if has.all() else has


def _open(spec: SourceSpec) -> GlyphStore:
    path = Path(spec.source)
    if is_store(path):
        if spec.data:
            raise UsageError(f"--data says nothing to {path}, which is a glyph store", "Leave it out.")
        return GlyphStore(path)
    if spec.data is None:
        raise UsageError("no glyph store is named to take images from", "Name it with --data.")
    return GlyphStore(spec.data)


def _sorted(store: GlyphStore, numbers: Sequence[int], chars: str) -> tuple[Rows, Rows, Rows]:
    """Return the rows of some styles and characters sorted by these, and first and count of each pair."""
    number_of = {char: number for number, char in enumerate(chars)}
    style_of = {number: row for row, number in enumerate(numbers)}
    labels = store.labels
    style = np.array([style_of.get(number, -1) for number in range(len(store.styles))])[labels["style"]]
    unique, inverse = np.unique(labels["char"], return_inverse=True)
    char = np.array([number_of.get(each, -1) for each in unique.tolist()])[inverse]
    here = np.flatnonzero((style >= 0) & (char >= 0))
    pair = style[here] * len(chars) + char[here]
    order = np.argsort(pair, kind="stable")
    count = np.bincount(pair, minlength=len(numbers) * len(chars)).astype(np.int64)
    first = np.cumsum(count) - count
    shape = (len(numbers), len(chars))
    return here[order], first.reshape(shape), count.reshape(shape)
