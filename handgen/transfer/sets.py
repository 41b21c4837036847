"""A training set on disk: so many images of each character, brought to the same form as the test's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handgen.collect.normalize import USUAL, Frame, extract_ink, normalize, place_ink
from handgen.errors import HandgenError, StoreError, UsageError
from handgen.glyphs.ink import Box, Ink
from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.store import GlyphStore, StoreWriter
from handgen.seeds import derive, generator
from handgen.transfer.pools import Pool
from handgen.transfer.sources import Demand, Source

_MEASURED = 500
"""Images that the resolution of a real set is measured on."""
_COARSE = 40
"""Pixels of an image on which grain is no longer taken for ink, and lines still are."""
_TURNS = 4
"""How often a source is asked again for images instead of those without ink."""


@dataclass(frozen=True)
class Evened:
    """Brings images of any origin to one form, so that only the writing differs.

    The ink's middle goes to the middle of the canvas and its longer side to the same length, whatever the
    character is: a label must not show in the size of its image. Polarity, paper and contrast are evened as
    ``handgen import`` does. Before that, ink of more pixels than ``resolution`` is brought down to it, for a
    recognizer could tell a sharp training set from a coarse test, and would be lost in the latter.

    Attributes:
        size: side of the canvas in pixels.
        resolution: longer side of the ink in pixels.
    """

    size: int
    resolution: int

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Return uint8 ``[size, size]``, 0 = ink, 255 = paper, of a gray image; None if there is no ink."""
        found = self._ink(image)
        if found is None:
            return None
        frame = Frame(self.size / 2, self.size / 2, USUAL * self.size)
        if _longer(found[1]) <= self.resolution:
            return place_ink(*found, frame, self.size)
        side = self.resolution + 2 * (self.resolution // 4 + 2)  # the same paper on both sides: no half pixels
        small = place_ink(*found, Frame(side / 2, side / 2, self.resolution), side)
        return normalize(small, frame, self.size, paper=255)

    def _ink(self, image: NDArray[np.uint8]) -> tuple[Ink, Box] | None:
        """Return the ink and its box, as ``extract_ink`` does, but for specks of grain beside pale characters.

        Grain is averaged first where the ink is brought down to less than half anyway; else for its box alone.
        """
        times = max(image.shape) // _COARSE
        coarse = extract_ink(_averaged(image, times)) if times > 1 else None
        finer = int(_longer(coarse[1]) * times / self.resolution / 2) if coarse else 1
        found = extract_ink(_averaged(image, finer))
        if coarse is None or found is None or finer > 1:
            return found
        ink, box = found
        (high, wide), (rows, columns), rough = ink.shape, coarse[0].shape, coarse[1]
        left, right = max(box.left, rough.left * wide // columns), min(box.right, -(-rough.right * wide // columns))
        top, bottom = max(box.top, rough.top * high // rows), min(box.bottom, -(-rough.bottom * high // rows))
        return (ink, Box(left, top, right, bottom)) if left < right and top < bottom else found


def _averaged(image: NDArray[np.uint8], times: int) -> NDArray[np.uint8]:
    """Return an image so many times smaller, each pixel the mean over its area."""
    if times <= 1:
        return image
    height, width = (max(1, round(side / times)) for side in image.shape)
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))


def _longer(box: Box) -> int:
    return max(box.width, box.height)


def resolution_of(pool: Pool, seed: int) -> int:
    """Return the median of the longer side of the ink of some images, in pixels.

    Raises:
        UsageError: there is no ink.
    """
    some = generator(seed, "resolution").permutation(len(pool))[:_MEASURED]
    inks = (extract_ink(np.asarray(pool.images[int(row)])) for row in pool.rows[some])
    found = [ink[1] if ink else None for ink in inks]
    extents = [_longer(box) for box in found if box]
    if not extents:
        raise UsageError("the images of the real set show no ink", "Look at them, or import them with handgen import.")
    return int(np.median(extents))


@dataclass(frozen=True)
class Exam:
    """What every recognizer is asked to read.

    Attributes:
        images: uint8 ``[n, size, size]``, evened.
        labels: int64 ``[n]``, numbers in ``chars``.
        chars: the characters, sorted.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    chars: str

    @classmethod
    def of(cls, pool: Pool, chars: str, even: Evened) -> Exam:
        """Even the images of a pool; those without ink are left out."""
        made = [even(np.asarray(pool.images[int(row)])) for row in pool.rows]
        kept = [number for number, image in enumerate(made) if image is not None]
        labels = [chars.index(char) for char in pool.chars[kept].tolist()]
        return cls(np.stack([image for image in made if image is not None]), np.array(labels, np.int64), chars)

    def keys(self) -> frozenset[bytes]:
        """Return what tells its images from all others."""
        return frozenset(image.tobytes() for image in self.images)


@dataclass(frozen=True)
class TrainingSet:
    """A training set to be made: its name, where its images come from, and what it may not hold.

    Attributes:
        name: of the set.
        source: gives the images.
        chars: the characters.
        count: images, as many of each character as of any other, give or take one.
        even: brings them to one form.
        test: keys of the images that are tested on.
        apart: whether images of the test may be among those that come, to be passed over; else they are an error.
    """

    name: str
    source: Source
    chars: str
    count: int
    even: Evened
    test: frozenset[bytes]
    apart: bool = False

    def quota(self) -> Demand:
        """Return how many images of each character there are to be."""
        each, more = divmod(self.count, len(self.chars))
        return {char: each + (number < more) for number, char in enumerate(self.chars) if each or number < more}

    def write(self, path: Path, seed: int, facts: dict[str, Any], watch: Callable[[int], None]) -> GlyphStore:
        """Make the set as a glyph store, or open the one that an earlier run made.

        Args:
            path: folder of the store.
            seed: of the choice of images.
            facts: what decides what is in it, as JSON; a store that was made with others is made again.
            watch: told how many images there are.

        Raises:
            UsageError: an image of the test is among them.
            StoreError: too many images show no ink.
        """
        raster = Raster(size=self.even.size, set=facts, seed=seed)
        try:
            store = GlyphStore(path)
            if store.raster == raster:
                return store
        except HandgenError:
            pass
        images, labels = self.collected(seed, watch)
        with StoreWriter(path, size=self.even.size, charset=self.chars, raster=raster) as writer:
            style = writer.add_style(StyleRecord(self.name, "target"))
            writer.append(np.stack(images), labels, style, list(range(len(images))))
        return GlyphStore(path)

    def collected(self, seed: int, watch: Callable[[int], None]) -> tuple[list[NDArray[np.uint8]], list[str]]:
        """Return images, uint8 ``[size, size]``, and what they show; see ``write``.

        Raises:
            UsageError, StoreError: as ``write`` does.
        """
        wanted, images, labels = self.quota(), [], []
        for turn in range(_TURNS):
            for char, image in self.source.draw(wanted, derive(seed, "turn", turn) % 2**32 if turn else seed):
                evened = self.even(image)
                if evened is not None and self._allowed(evened, char):
                    wanted[char] -= 1
                    images.append(evened)
                    labels.append(char)
                    watch(len(images))
            if not any(wanted.values()):
                return images, labels
        raise StoreError(f"too many images of the set '{self.name}' show no ink", "Look at where they come from.")

    def _allowed(self, evened: NDArray[np.uint8], char: str) -> bool:
        if evened.tobytes() not in self.test:
            return True
        if self.apart:
            return False
        raise UsageError(
            f"the set '{self.name}' holds an image of '{char}' that it would be tested on",
            "Take the test's images out of it; the set 'real' does that by itself.",
        )


def different(images: NDArray[np.uint8] | Iterable[NDArray[np.uint8]]) -> int:
    """Return how many of these images differ from one another."""
    return len({np.asarray(image).tobytes() for image in images})
