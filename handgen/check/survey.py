"""One pass over a dataset: every image is decoded, every label is read, and then the dataset is judged as a whole.

Only three numbers are kept of each sample, so memory hardly grows with the dataset.
"""

from __future__ import annotations

import io
import unicodedata
from array import array
from collections import Counter
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handgen.characters import nfc
from handgen.check.fog import Fog
from handgen.check.labels import Fault, Labels
from handgen.formats.base import CONTROL
from handgen.formats.findings import Findings, visible
from handgen.formats.reading import Record, Records
from handgen.glyphs.pictures import UNDECODABLE, decoding_error

INK = 16
"""An image is blank if its brightest and darkest gray (0 to 255) differ by less than this."""

_UNEVEN = 2
"""Images of lines may differ in height by up to this factor; images of columns, in width."""


class Survey:
    """Judges records one by one, then the dataset as a whole.

    Args:
        findings: takes all that is wrong.
        charset: the characters that labels may have, besides the space; None = any.
        labels: counts all labels and the faults of their samples, if given.
    """

    def __init__(self, findings: Findings, charset: str | None, labels: Labels | None = None) -> None:
        self._findings = findings
        self._taken_down = labels
        self._charset = None if charset is None else frozenset(charset) | {" "}
        self._numbers, self._labels, self._images = array("Q"), array("Q"), array("Q")
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.modes: Counter[str] = Counter()
        self.styles: Counter[str] = Counter()
        self.characters: Counter[str] = Counter()
        self.samples = 0
        self._longest = 0
        self._fog = Fog()

    def add(self, record: Record) -> None:
        """Judge one sample."""
        self.samples += 1
        label = self._read_label(record)
        pixels, fault = self._read_image(record, label)
        if self._taken_down is not None:
            self._taken_down.add(record, label, fault)
        if record.style is not None:
            self.styles[record.style] += 1
        if label is not None:
            self._longest = max(self._longest, len(label))
            self.characters.update(label)
            self._numbers.append(record.number)
            self._labels.append(_digest(label.encode("utf-8", "surrogatepass")))
            self._images.append(pixels)

    def _read_label(self, record: Record) -> str | None:
        number, add = record.number, self._findings.add
        if record.label is None:
            add("no-label", number, detail=_where(record))
            return None
        try:
            label = record.label.decode("utf-8")
        except UnicodeDecodeError:
            add("label-not-utf8", number, detail=repr(record.label[:20]))
            return None
        if not label:
            add("label-empty", number, detail=record.name)
        if nfc(label) != label:
            add("label-not-nfc", number, label)
        kinds = {unicodedata.category(char) for char in label}
        if kinds & CONTROL:
            add("label-control", number, label)
        if "Cf" in kinds:
            add("label-invisible", number, label)
        if label != label.strip() or "  " in label or any(c != " " for c in label if unicodedata.category(c) == "Zs"):
            add("label-space", number, label)
        if self._charset is not None and not self._charset.issuperset(label):
            outside = "".join(dict.fromkeys(char for char in label if char not in self._charset))
            add("label-charset", number, label, detail=f"outside: {visible(outside)}")
        return label

    def _read_image(self, record: Record, label: str | None) -> tuple[int, Fault | None]:
        """Judge the image; return a digest of its pixels, or 0 if there is no ink, and its fault, if it has one."""
        number, add = record.number, self._findings.add
        if record.image is None:
            add("no-image", number, label, _where(record))
            return 0, Fault.NO_IMAGE
        try:
            with Image.open(io.BytesIO(record.image)) as image:
                image.load()
                gray = image if image.mode == "L" else image.convert("L")
                low, high = gray.getextrema()
                pixels = _digest(f"{image.size}{image.mode}".encode() + image.tobytes())
        except UNDECODABLE as error:
            add(
                "image-unreadable",
                number,
                label,
                f"{record.name}: {decoding_error(error, record.image)}".removeprefix(": "),
            )
            return 0, Fault.BAD_IMAGE
        self.sizes[image.size] += 1
        self.modes[image.mode] += 1
        if record.size not in (None, image.size):
            add("wrong-size-key", number, label)
        if isinstance(low, int) and isinstance(high, int) and high - low < INK:
            deep = image.mode.startswith(("I", "F"))
            add("image-blank", number, label, f"mode {image.mode}: trainers that use Pillow see only white" * deep)
            return 0, None
        self._fog.add(gray, number, label)
        return pixels, None

    def conclude(self, reader: Records) -> None:
        """Judge the dataset as a whole."""
        if not self.samples and "damaged" not in self._findings:
            self._findings.add("empty")
        # Lines of text differ in length, and somewhat in height if they were cut out of pages.
        uneven = self.sizes and all(max(sides) > _UNEVEN * min(sides) for sides in zip(*self.sizes, strict=True))
        if uneven if self._longest > 1 else len(self.sizes) > 1:
            detail = ", ".join(f"{w}x{h}: {n:,}" for (w, h), n in self.sizes.most_common(4))
            self._findings.add("mixed-sizes", detail=detail, count=len(self.sizes))
        if len(self.modes) > 1:
            detail = ", ".join(f"{mode}: {n:,}" for mode, n in self.modes.most_common())
            self._findings.add("mixed-modes", detail=detail, count=len(self.modes))
        self._fog.conclude(self._findings)
        self._find_duplicates(reader)

    def _find_duplicates(self, reader: Records) -> None:
        images, labels, numbers = (_numbers(a) for a in (self._images, self._labels, self._numbers))
        order = np.argsort(images, kind="stable")
        order = order[images[order] != 0]
        found, first = np.unique(images[order], return_index=True)
        original = order[first][np.searchsorted(found, images[order])]
        again = np.flatnonzero(original != order)
        for i in again[np.argsort(order[again])]:
            here, there = order[i], original[i]
            number, before = int(numbers[here]), int(numbers[there])
            if labels[here] == labels[there]:
                self._findings.add("duplicate", number, reader.label(number), f"as #{before}")
            else:
                detail = f"as #{before} '{visible(reader.label(before))}'"
                self._findings.add("two-labels", number, reader.label(number), detail)

    def histogram(self, reader: Records) -> dict[str, Any]:
        """Return statistics of the labels: how many differ, how often they occur, and the most and least frequent."""
        labels, numbers = _numbers(self._labels), _numbers(self._numbers)
        _, first, counts = np.unique(labels, return_index=True, return_counts=True)
        if not len(counts):
            return {"different": 0}
        order = np.lexsort((first, counts))

        def named(rows: NDArray[np.int64]) -> dict[str, int]:
            return {reader.label(int(numbers[first[row]])): int(counts[row]) for row in rows}

        return {
            "different": len(counts),
            "least": int(counts.min()),
            "median": float(np.median(counts)),
            "most": int(counts.max()),
            "most_frequent": named(np.lexsort((first, -counts))[:5]),
            "least_frequent": named(order[:5]),
            "longest": self._longest,
        }


def _where(record: Record) -> str:
    return record.fault or record.name


def _digest(data: bytes) -> int:
    """Return 64 bits that stand for ``data``; never 0."""
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little") or 1


def _numbers(values: array[int]) -> NDArray[np.uint64]:
    return np.frombuffer(values, np.uint64) if values else np.zeros(0, np.uint64)
