"""Images of single characters with their labels, in batches, from a dataset of any format or from a glyph store."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handgen.check.bad import CONVERT, BadSamples, label_of
from handgen.check.report import Track
from handgen.formats.find import is_finished, one_dataset
from handgen.formats.findings import Findings
from handgen.formats.reading import Record
from handgen.glyphs.pictures import UNDECODABLE, read_fault
from handgen.glyphs.store import IMAGES, GlyphStore

_BATCH = 256
_SIDE = 64


@dataclass(frozen=True)
class Samples:
    """A batch: uint8 images ``[n, H, W]``, their n labels (one character each), names of styles, and numbers.

    Writers are the names of who wrote, where samples say it, else those of the styles.
    """

    images: NDArray[np.uint8]
    labels: list[str]
    styles: list[str]
    numbers: list[int]
    writers: list[str]


class Passed(BadSamples):
    """Also counts the samples whose label is not a single character; a recognizer of glyphs cannot read them.

    Attributes:
        lines: how many there are.
    """

    lines = 0


def samples_in(path: Path, track: Track | None = None, passed: Passed | None = None) -> Iterator[Samples]:
    """Yield the images that show one character, from a dataset or a glyph store.

    Args:
        path: the dataset or the store.
        track: shows progress.
        passed: counts the lines of text, and handles samples that cannot be read. By default the first of these raises.

    Raises:
        UsageError: ``path`` is neither a dataset nor a store, or it holds several datasets.
        DatasetError: a sample cannot be read.
    """
    if (path / IMAGES).is_file():
        yield from _of_store(GlyphStore(path))
        return
    passed = passed or Passed(remedy=CONVERT)
    found, findings = one_dataset(path), Findings()
    with found.open() as reader:
        records: Iterable[Record] = reader.records(findings)
        records = track(records, found.path, reader.total) if track else records
        yield from _batches(records, found.path, passed)
    if is_finished(found.path):  # a dataset that is still being written lacks its end
        passed.conclude(findings, found.path)


def _of_store(store: GlyphStore) -> Iterator[Samples]:
    rows = np.flatnonzero(np.isin(store.labels["style"], store.targets or store.sources))
    for start in range(0, len(rows), _BATCH):
        some = rows[start : start + _BATCH]
        labels = store.labels[some]
        styles = [store.styles[number].name for number in labels["style"]]
        yield Samples(np.array(store.images[some]), labels["char"].tolist(), styles, some.tolist(), styles)


def _batches(records: Iterable[Record], path: Path, passed: Passed) -> Iterator[Samples]:
    images: list[NDArray[np.uint8]] = []
    kept: list[tuple[str, str, int, str]] = []
    for record in records:
        character = _character(record, path, passed)
        if character is None:
            continue
        label, image = character
        if images and (image.shape != images[0].shape or len(images) == _BATCH):
            yield _batch(images, kept)
            images, kept = [], []
        images.append(image)
        style = record.style or ""
        kept.append((label, style, record.number, str((record.meta or {}).get("writer", style))))
    if images:
        yield _batch(images, kept)


def _character(record: Record, path: Path, passed: Passed) -> tuple[str, NDArray[np.uint8]] | None:
    """Return label and image of a sample that shows one character; note any other sample and return None."""
    try:
        label = label_of(record)
    except ValueError as error:
        passed.add(record, str(error), path)
        return None
    if len(label) != 1:
        passed.lines += 1
        return None
    image = decoded(record.image)
    if image is None:
        passed.add(record, read_fault(record.image or b"") or "damaged", path)
        return None
    return label, image


def _batch(images: list[NDArray[np.uint8]], kept: list[tuple[str, str, int, str]]) -> Samples:
    labels, styles, numbers, writers = (list(values) for values in zip(*kept, strict=True))
    return Samples(np.stack(images), labels, styles, numbers, writers)


def decoded(data: bytes | None) -> NDArray[np.uint8] | None:
    """Return an encoded image in gray; None if it cannot be read.

    An image that is not square is made to fit 64 x 64 pixels and centered on a square of its own paper's gray.
    """
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
