"""Compares the ink of a dataset with that of real handwriting: several measures of each image, and their distances.

Ink and paper are told apart in each image on its own, so sets may differ in size, polarity and contrast.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import max_pool2d

from handgen.check.report import Track
from handgen.degrade.real_ink import line_widths
from handgen.errors import UsageError
from handgen.formats.find import one_dataset
from handgen.formats.findings import Findings
from handgen.formats.reading import Record
from handgen.glyphs.ink import Box, Ink, gray_of, ink_box, ink_within_border
from handgen.glyphs.pictures import UNDECODABLE
from handgen.glyphs.store import IMAGES, GlyphStore
from handgen.seeds import generator

MOST = 2000
"""The most images of a set that are measured."""
_LEAST, _ENOUGH = 20, 200
"""The fewest images of a set. If both sets have at least the second number of images of common characters, only those
are compared."""
_SHORT_SIDE = 128
"""Larger images are scaled down to this length of the shorter side, in pixels."""
_FAINT, _PAPER = 0.25, 0.1
"""The box contains the pixels with at least the first share of ink; pixels with less than the second are paper."""
_AROUND = 3
"""The grain is measured in the box and this many pixels around it."""

Gray = NDArray[np.uint8]
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """An image, separated into ink and paper.

    Attributes:
        levels: float32 ``[H, W]``, gray levels from 0 to 255, ink darker than paper.
        ink: ``[H, W]``, the share of ink in each pixel, 0 to 1.
        box: the box around the ink.
        chars: the number of characters in the image.
    """

    levels: Ink
    ink: Ink
    box: Box
    chars: int

    @property
    def inside(self) -> Ink:
        """The ink within the box."""
        return self.ink[self.box.top : self.box.bottom, self.box.left : self.box.right]


@dataclass(frozen=True)
class Measure:
    """A measure of the ink of one image.

    Attributes:
        name: its name.
        word: a description of the number.
        more: an adjective for sets with higher numbers.
        less: an adjective for sets with lower numbers.
        moved_by: the options of ``handgen synth`` that change it.
        least: the least standard deviation of real images by which distances are divided.
        of: returns the number of an image; NaN if it cannot be measured.
    """

    name: str
    word: str
    more: str
    less: str
    moved_by: str
    least: float
    of: Callable[[Seen], float]


def _width(seen: Seen) -> float:
    width, side = line_widths(torch.from_numpy(1 - seen.inside[None]))
    return float(width[0] / side[0]) if side[0] else math.nan


def _paper(seen: Seen) -> float:
    paper = seen.levels[seen.ink < _PAPER]
    return float(np.median(paper)) / 255 if len(paper) else math.nan


def _margin(seen: Seen) -> float:
    high, wide = seen.ink.shape
    return float((high - seen.box.height + wide - seen.box.width) / 4 / high)


def _grain(seen: Seen) -> float:
    """Measure near the ink only, since scanners clip empty paper to white, but not next to it, where edges are soft."""
    box, (high, wide) = seen.box, seen.ink.shape
    rows = slice(max(0, box.top - _AROUND), min(high, box.bottom + _AROUND))
    columns = slice(max(0, box.left - _AROUND), min(wide, box.right + _AROUND))
    beside = max_pool2d(torch.from_numpy(seen.ink[rows, columns])[None], 3, 1, 1)[0].numpy()
    paper = beside < _FAINT
    apart = np.diff(seen.levels[rows, columns], axis=1)[paper[:, 1:] & paper[:, :-1]]
    return math.sqrt(float(np.square(apart).mean()) / 2) / 255 if len(apart) else math.nan


MEASURES = (
    Measure(
        "coverage", "Share of the box around the ink that is ink.", "fuller", "emptier",
        "--degrade with real_ink (width) or pen_width; and which characters there are: --charset",
        0.01, lambda seen: float(seen.inside.mean()),
    ),
    Measure(
        "stroke width", "Width of lines against the longer side of a character, or the height of a line.",
        "wider", "thinner", "--degrade with real_ink: {width: ...}, 1 = as on scans", 0.005, _width,
    ),
    Measure(
        "ink gray", "Median gray of the ink, 0 = black, 1 = white.", "paler", "darker",
        "--degrade with ink or pencil (paler), or real_ink: {least: ...} (darker)",
        0.02, lambda seen: float(np.median(seen.levels[seen.ink > 0.5])) / 255,
    ),
    Measure(
        "paper gray", "Median gray of the paper, 0 = black, 1 = white.", "lighter", "darker",
        "--degrade with paper: {darkest: ...} or lighting: {dim: ...}", 0.02, _paper,
    ),
    Measure(
        "aspect", "Width of the box around the ink by its height, and by the number of characters.", "broader",
        "narrower", "--vary and --degrade with aspect: {stretch: ...}; and other --fonts", 0.05,
        lambda seen: seen.box.width / seen.box.height / seen.chars,
    ),
    Measure(
        "margin", "Paper around the ink, the mean of four sides, against the height of the image.", "wider",
        "narrower", "--degrade with size: {change: ...}", 0.02, _margin,
    ),
    Measure(
        "grain", "Deviation of neighboring pixels of paper around the ink, 1 = from black to white.", "more", "less",
        "--degrade grain, or a file with noise: {deviation: ...}", 0.005, _grain,
    ),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Likeness:
    """One measure of a dataset and of real handwriting.

    Attributes:
        measure: the measure.
        ours: its numbers in the dataset, sorted.
        real: its numbers in real handwriting, sorted.
        distance: the Wasserstein distance, in standard deviations of the real numbers.
        within: the distance between two halves of the real handwriting, that is, the effect of chance.
    """

    measure: Measure
    ours: Values
    real: Values
    distance: float
    within: float

    def sentence(self) -> str:
        """Return a sentence that says how the dataset differs, and which options change it."""
        word = self.measure.more if np.median(self.ours) > np.median(self.real) else self.measure.less
        medians = f"{np.median(self.ours):.3g}, real {np.median(self.real):.3g}"
        return f"{self.measure.name}, {self.distance:.2f} deviations: {word} ({medians}). {self.measure.moved_by}"


@dataclass(frozen=True)
class Compared:
    """The comparison of a dataset with real handwriting.

    Attributes:
        measures: the results of those ``MEASURES`` that can be measured in both sets.
        ours: some images of the dataset.
        real: some images of real handwriting.
        images: how many images of each were measured.
        chars: the common characters, if only these were compared; empty if all images were.
    """

    measures: Sequence[Likeness]
    ours: Sequence[Gray]
    real: Sequence[Gray]
    images: tuple[int, int]
    chars: str

    @property
    def in_order(self) -> list[Likeness]:
        """The measures, the one with the largest distance first."""
        return sorted(self.measures, key=lambda each: -each.distance)

    @property
    def largest(self) -> Likeness:
        """The measure in which the dataset is farthest from real handwriting."""
        return self.in_order[0]

    def as_json(self) -> dict[str, Any]:
        """Return the distances, and the 5th, 50th and 95th percentile of each set."""
        measured = {
            each.measure.name: {
                "distance": round(each.distance, 4),
                "by_chance": round(each.within, 4),
                "ours": np.percentile(each.ours, (5, 50, 95)).round(5).tolist(),
                "real": np.percentile(each.real, (5, 50, 95)).round(5).tolist(),
            }
            for each in self.in_order
        }
        return {"images": list(self.images), "characters": self.chars, "measures": measured}


@dataclass(frozen=True)
class _Some:
    """Images and their labels."""

    images: list[Gray]
    labels: list[str]

    def only(self, chars: set[str]) -> _Some:
        kept = [row for row, label in enumerate(self.labels) if label in chars]
        return _Some([self.images[row] for row in kept], [self.labels[row] for row in kept])


def compare(path: Path, like: Path, track: Track | None = None, shown: int = 24) -> Compared:
    """Compare a dataset or a glyph store with real handwriting.

    Args:
        path: the dataset.
        like: a dataset or a glyph store of real handwriting.
        track: shows progress.
        shown: the number of images of each set in the result.

    Raises:
        UsageError: there is no dataset, or too few images have ink; or one set has lines, the other characters.
        StoreError, DatasetError: a file is damaged.
    """
    both = [_some(each, track) for each in (path, like)]
    lines = [float(np.median([len(label) for label in some.labels] or [0])) > 1 for some in both]
    if lines[0] != lines[1]:
        kinds = ["lines of text" if each else "single characters" for each in lines]
        raise UsageError(f"{path} holds {kinds[0]}, {like} {kinds[1]}", "Compare what is alike.")
    common = set(both[0].labels) & set(both[1].labels) if not any(lines) else set()
    alike = [some.only(common) for some in both]
    chars = "".join(sorted(common)) if min(len(some.images) for some in alike) >= _ENOUGH else ""
    seen = [
        [each for row, image in enumerate(some.images) if (each := take_apart(image, len(some.labels[row])))]
        for some in (alike if chars else both)
    ]
    for name, some in zip((path, like), seen, strict=True):
        if len(some) < _LEAST:
            raise UsageError(
                f"{name} has {len(some)} images with ink that could be measured", f"At least {_LEAST} are needed."
            )
    measured = [_measured(measure, *seen) for measure in MEASURES]
    first, second = (some.images[:shown] for some in (alike if chars else both))
    return Compared([each for each in measured if each], first, second, (len(seen[0]), len(seen[1])), chars)


def take_apart(image: Gray, chars: int = 1) -> Seen | None:
    """Separate ink and paper; return None if there is no ink.

    Args:
        image: uint8 ``[H, W]``.
        chars: the number of characters in it.
    """
    levels = image.astype(np.float32)
    ink = ink_within_border(levels)
    box = ink_box(ink, _FAINT)
    if box is None or not (ink > 0.5).any():
        return None
    paper = levels[ink < _PAPER]
    if len(paper) and float(np.median(paper)) < float(np.median(levels[ink > 0.5])):
        levels = 255 - levels
    return Seen(levels, ink, box, max(1, chars))


def distance(ours: Values, real: Values, least: float) -> float:
    """Return the Wasserstein distance of two sets of numbers, in standard deviations of the second.

    It is the area between the two cumulative distributions.

    Args:
        ours: numbers, sorted.
        real: numbers, sorted.
        least: the least standard deviation to divide by.
    """
    at = np.sort(np.concatenate([ours, real]))
    below = [np.searchsorted(values, at[:-1], side="right") / len(values) for values in (ours, real)]
    area = float((np.abs(below[0] - below[1]) * np.diff(at)).sum())
    return area / max(float(real.std()), least)


def _measured(measure: Measure, ours: Sequence[Seen], real: Sequence[Seen]) -> Likeness | None:
    one, other = (np.array([measure.of(each) for each in some], np.float64) for some in (ours, real))
    one, other = one[np.isfinite(one)], other[np.isfinite(other)]
    if min(len(one), len(other)) < _LEAST:
        return None
    halves = np.sort(other[0::2]), np.sort(other[1::2])  # they come in random order
    ours_sorted, real_sorted = np.sort(one), np.sort(other)
    far = distance(ours_sorted, real_sorted, measure.least)
    return Likeness(measure, ours_sorted, real_sorted, far, distance(*halves, measure.least))


def _some(path: Path, track: Track | None) -> _Some:
    """Return a random choice of at most ``MOST`` images of a set, in random order."""
    random = generator(0, "likeness")
    if (path / IMAGES).is_file():
        store = GlyphStore(path)
        rows = np.flatnonzero(np.isin(store.labels["style"], store.targets or store.sources))
        rows = random.permutation(rows)[:MOST]
        return _Some([np.array(store.images[int(row)]) for row in rows], store.labels["char"][rows].tolist())
    kept: list[Record] = []
    found = one_dataset(path)
    with found.open() as reader:
        records: Iterator[Record] = reader.records(Findings())
        for number, record in enumerate(track(records, path, reader.total) if track else records):
            if len(kept) < MOST:  # Vitter 1985, algorithm R
                kept.append(record)
            elif (slot := int(random.integers(number + 1))) < MOST:
                kept[slot] = record
        texts: Mapping[int, str] = {record.number: reader.label(record.number) for record in kept}
    pairs = [(image, texts[kept[row].number]) for row in random.permutation(len(kept)) if (image := _gray(kept[row]))]
    return _Some([np.asarray(image) for image, _ in pairs], [text for _, text in pairs])


def _gray(record: Record) -> Image.Image | None:
    """Return the image of a sample in gray, scaled to at most ``_SHORT_SIDE``; None if there is no decodable image."""
    if record.image is None:
        return None
    try:
        with Image.open(io.BytesIO(record.image)) as image:
            gray = Image.fromarray(np.round(gray_of(image, None)).astype(np.uint8))
    except UNDECODABLE:
        return None
    scale = _SHORT_SIDE / min(gray.size)
    if scale < 1:
        gray = gray.resize((round(gray.width * scale), round(gray.height * scale)), Image.Resampling.BOX)
    return gray
