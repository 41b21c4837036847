"""Labeled images in batches, from a dataset of any format or from a glyph store."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handgen.check.report import Track
from handgen.formats.find import one_dataset
from handgen.formats.findings import Findings
from handgen.formats.reading import Record
from handgen.glyphs.pictures import UNDECODABLE
from handgen.glyphs.store import IMAGES, GlyphStore

_BATCH = 256
_SIDE = 64


@dataclass(frozen=True)
class Samples:
    """A batch: uint8 images ``[n, H, W]``, their labels, styles' names, and numbers."""

    images: NDArray[np.uint8]
    labels: list[str]
    styles: list[str]
    numbers: list[int]


def samples_in(path: Path, track: Track | None = None) -> Iterator[Samples]:
    """Yield the images that show one character, from a dataset or a glyph store.

    Images that cannot be read, and lines of text, are passed over: 'handgen check' names the first,
    and no recognizer of glyphs reads the second.

    Raises:
        UsageError: it is neither, or it holds several datasets.
    """
    if (path / IMAGES).is_file():
        yield from _of_store(GlyphStore(path))
        return
    found = one_dataset(path)
    with found.open() as reader:
        records: Iterable[Record] = reader.records(Findings())
        yield from _batches(track(records, found.path, reader.total) if track else records)


def _of_store(store: GlyphStore) -> Iterator[Samples]:
    rows = np.flatnonzero(np.isin(store.labels["style"], store.targets or store.sources))
    for start in range(0, len(rows), _BATCH):
        some = rows[start : start + _BATCH]
        labels = store.labels[some]
        styles = [store.styles[number].name for number in labels["style"]]
        yield Samples(np.array(store.images[some]), labels["char"].tolist(), styles, some.tolist())


def _batches(records: Iterable[Record]) -> Iterator[Samples]:
    images: list[NDArray[np.uint8]] = []
    kept: list[tuple[str, str, int]] = []
    for record in records:
        label = (record.label or b"").decode("utf-8", errors="replace")
        image = decoded(record.image) if len(label) == 1 else None
        if image is None:
            continue
        if images and (image.shape != images[0].shape or len(images) == _BATCH):
            yield _batch(images, kept)
            images, kept = [], []
        images.append(image)
        kept.append((label, record.style or "", record.number))
    if images:
        yield _batch(images, kept)


def _batch(images: list[NDArray[np.uint8]], kept: list[tuple[str, str, int]]) -> Samples:
    labels, styles, numbers = (list(values) for values in zip(*kept, strict=True))
    return Samples(np.stack(images), labels, styles, numbers)


def decoded(data: bytes | None) -> NDArray[np.uint8] | None:
    """Return an encoded image as grays on a square of its own paper; None if it cannot be read."""
    if data is None:
        return None
    try:
        with Image.open(io.BytesIO(data)) as image:
            gray = image.convert("L")
    except UNDECODABLE:
        return None
    if gray.width == gray.height:
        return np.asarray(gray)
    gray.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    square = Image.new("L", (_SIDE, _SIDE), int(np.percentile(np.asarray(gray), 95)))
    square.paste(gray, ((_SIDE - gray.width) // 2, (_SIDE - gray.height) // 2))
    return np.asarray(square)
