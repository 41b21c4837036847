"""Several glyph stores used as one, for instance fonts and real writers in one training run; nothing is copied."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from handgen.errors import StoreError, quoted
from handgen.glyphs.records import StyleRecord
from handgen.glyphs.store import LABEL, GlyphStore


def open_stores(folders: Path | Sequence[Path]) -> GlyphStore:
    """Open one glyph store, or several as one.

    Raises:
        UsageError: a store is missing.
        StoreError: a store is damaged, or the stores differ in size or in how their source is drawn.
    """
    several = [folders] if isinstance(folders, Path) else list(dict.fromkeys(folders))
    stores = [GlyphStore(folder) for folder in several]
    return stores[0] if len(stores) == 1 else StoresTogether(stores)


def recorded_stores(data: str | Sequence[str]) -> GlyphStore:
    """Open the stores that a run's config.json names as its data.

    Raises:
        UsageError, StoreError: as ``open_stores``.
    """
    return open_stores([Path(data)] if isinstance(data, str) else [Path(folder) for folder in data])


class StoresTogether(GlyphStore):
    """Several stores as one store. They have one size; styles with the same name become one style.

    All stores that have a source must have the same font, drawn in the same way. A store of real samples may have no
    source. The characters of the common source are those of all stores.

    Args:
        stores: two or more opened stores.

    Raises:
        StoreError: the stores do not fit together.
    """

    def __init__(self, stores: Sequence[GlyphStore]) -> None:
        self._stores = tuple(stores)
        drawn = next((store for store in stores if store.sources), stores[0])
        _refuse_unlike(stores, drawn)
        self.path = stores[0].path
        self.raster = drawn.raster
        self.charset = "".join(dict.fromkeys("".join(store.charset for store in stores)))
        self.styles, numbers = _merged(stores, drawn)
        parts = []
        for store, number in zip(stores, numbers, strict=True):
            labels = store.labels.copy()
            labels["style"] = np.array(number, LABEL["style"])[labels["style"]]
            parts.append(labels)
        self.labels = np.concatenate(parts)
        # The images stay in the stores' files: together they may be larger than the memory.
        self.images = cast("NDArray[np.uint8]", _Rows([store.images for store in stores]))

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of the stores, in order."""
        return tuple(store.path for store in self._stores)

    def fingerprint(self) -> str:
        """Return a digest of all manifests."""
        return hashlib.sha256("".join(store.fingerprint() for store in self._stores).encode()).hexdigest()


def _refuse_unlike(stores: Sequence[GlyphStore], drawn: GlyphStore) -> None:
    for store in stores:
        if store.size != drawn.size:
            raise StoreError(
                f"the glyph stores {drawn.path} and {store.path} differ in size ({drawn.size} and {store.size} pixels)",
                f"Make one again with --size {drawn.size}.",
            )
        if store.sources and (what := store.raster.unlike(drawn.raster)):
            raise StoreError(
                f"the glyph store {store.path} has {what} than {drawn.path}",
                f"Make it again: 'handgen import ... --match {quoted(drawn.path)}', or 'handgen render' with "
                "the same --font and --charset.",
            )


def _merged(stores: Sequence[GlyphStore], drawn: GlyphStore) -> tuple[tuple[StyleRecord, ...], list[list[int]]]:
    """Return the styles of all stores, and for each store the new numbers of its styles."""
    source = drawn.styles[drawn.sources[0]] if drawn.sources else None
    styles: dict[str, StyleRecord] = {}
    numbers = []
    for store in stores:
        own = []
        for style in store.styles:
            if style.role == "source" and source is not None:
                style = source  # stores may have different names for the same font
            known = styles.setdefault(style.name, style)
            if known.role != style.role:
                raise StoreError(
                    f"'{style.name}' is the source in one of the glyph stores and a hand to learn in another",
                    "Give the hand another name with --style, or leave out that store.",
                )
            own.append(list(styles).index(style.name))
        numbers.append(own)
    return tuple(styles.values()), numbers


class _Rows:
    """The images of several stores as one array that can be indexed by rows; indexing returns a copy.

    Args:
        parts: uint8 ``[n, size, size]`` each.
    """

    def __init__(self, parts: Sequence[NDArray[np.uint8]]) -> None:
        self._parts = parts
        self._starts = np.cumsum([0, *map(len, parts)])
        self.shape = (int(self._starts[-1]), *parts[0].shape[1:])
        self.dtype, self.ndim = parts[0].dtype, parts[0].ndim
        self.nbytes = sum(part.nbytes for part in parts)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, rows: Any) -> NDArray[np.uint8]:
        wanted = np.arange(*rows.indices(len(self))) if isinstance(rows, slice) else np.asarray(rows)
        flat = np.atleast_1d(wanted).ravel()
        found = np.empty((len(flat), *self.shape[1:]), np.uint8)
        of = np.searchsorted(self._starts, flat, side="right") - 1
        for number in np.unique(of):
            here = of == number
            found[here] = self._parts[number][flat[here] - self._starts[number]]
        return found.reshape(*wanted.shape, *self.shape[1:])
