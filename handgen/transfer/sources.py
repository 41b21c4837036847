"""Where the images of a training set come from. All answer to a demand, so that every set holds the same number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.degrade.pipeline import Pipeline
from handgen.errors import UsageError
from handgen.seeds import derive, generator
from handgen.synthesis.prepare import Prepared
from handgen.transfer.pools import Pool

_TOGETHER = 256
_PATIENCE = 8
"""A model may be asked for so many times what is wanted: a gate gives other characters than were planned."""

Demand = dict[str, int]
"""Character -> images still wanted. Who takes an image counts it down; one that is refused stays wanted."""


class Source(ABC):
    """Gives labeled images, as many as are wanted.

    Attributes:
        chars: those it can give, of the ones it was asked for.
    """

    chars: str

    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """Return what decides which images come, as JSON."""

    @abstractmethod
    def draw(self, wanted: Demand, seed: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Yield characters and their images, uint8 ``[H, W]``, until nothing is wanted.

        Args:
            wanted: characters of ``chars``.
            seed: of the choice, and of what is random in the images.

        Raises:
            UsageError: no image of a character is taken, however many are offered.
        """


class Pooled(Source):
    """Images at hand: each of a character once, in random order, before any comes again.

    Args:
        pool: the images.
        facts: what tells this pool from others.
    """

    def __init__(self, pool: Pool, facts: Mapping[str, Any]) -> None:
        self.pool, self._facts = pool, facts
        self.chars = pool.charset

    def identity(self) -> Mapping[str, Any]:
        """Return the facts, and how many images there are."""
        return {**self._facts, "pool": len(self.pool)}

    def draw(self, wanted: Demand, seed: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Yield the images; see ``Source.draw``."""
        own = self.pool.by_char()
        for char in list(wanted):
            random = generator(seed, "pool", char)
            before = -1
            while wanted[char] > 0:
                if wanted[char] == before:
                    raise UsageError(
                        f"every image of '{char}' that the set has is one of those it is tested on",
                        "Leave that set out, or give other samples.",
                    )
                before = wanted[char]
                for number in random.permutation(own[char]).tolist():
                    if wanted[char] > 0:
                        yield char, self.image(number)

    def image(self, number: int) -> NDArray[np.uint8]:
        """Return an image of the pool."""
        return np.asarray(self.pool.images[int(self.pool.rows[number])])


class Degraded(Source):
    """Images of another source, of one size, with the effects of a preset on them.

    Args:
        source: gives the images.
        pipeline: effects that leave them gray.
    """

    def __init__(self, source: Source, pipeline: Pipeline) -> None:
        self._source, self._pipeline = source, pipeline
        self.chars = source.chars

    def identity(self) -> Mapping[str, Any]:
        """Return that of the source, and the effects."""
        return {"of": self._source.identity(), "degrade": self._pipeline.spec()}

    def draw(self, wanted: Demand, seed: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Yield the images; see ``Source.draw``."""
        mine, some, first = dict(wanted), [], 0
        for char, image in self._source.draw(mine, seed):
            mine[char] -= 1
            some.append((char, image))
            if len(some) == _TOGETHER:
                yield from self._degraded(some, first, seed)
                first, some = first + len(some), []
        yield from self._degraded(some, first, seed)

    def _degraded(
        self, some: Sequence[tuple[str, NDArray[np.uint8]]], first: int, seed: int
    ) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        if some:
            images, _ = self._pipeline(
                np.stack([image for _, image in some]), np.arange(first, first + len(some)), seed
            )
            yield from zip([char for char, _ in some], images, strict=True)


class Synthesized(Source):
    """Samples that ``handgen synth`` would write.

    Args:
        prepared: a run of it made ready; its seed does not count.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self.chars = "".join(sorted(prepared.source.chars))

    def identity(self) -> Mapping[str, Any]:
        """Return what decides the samples, but for their number and the seed."""
        whole = self._prepared.identity()
        return {name: value for name, value in whole.items() if name not in ("count", "seed", "format")}

    def draw(self, wanted: Demand, seed: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Yield the samples; see ``Source.draw``."""
        glyphs = self._prepared.glyphs.reseeded(seed)
        most = _PATIENCE * (sum(wanted.values()) + glyphs.block) * len(self.chars) // max(1, len(wanted))
        for sample in glyphs.samples(0, most, batch=1):
            if wanted.get(sample.text, 0) > 0:
                yield sample.text, np.asarray(sample.image)
            if not any(wanted.values()):
                return
        lacking = "".join(char for char, count in wanted.items() if count)[:40]
        raise UsageError(f"too few drawings come of {lacking}", "Look at what the gate leaves, or at --charset.")


class Mixed(Source):
    """Equal parts of several sources, for each character of those that have it.

    Args:
        parts: by name, at least one.
    """

    def __init__(self, parts: Mapping[str, Source]) -> None:
        self._parts = dict(parts)
        self.chars = "".join(sorted({char for part in parts.values() for char in part.chars}))

    def identity(self) -> Mapping[str, Any]:
        """Return those of the parts."""
        return {"parts": [part.identity() for part in self._parts.values()]}

    def draw(self, wanted: Demand, seed: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Yield the samples; see ``Source.draw``."""
        for (name, part), mine in zip(self._parts.items(), self._shares(wanted), strict=True):
            for char, image in part.draw(mine, derive(seed, "part", name) % 2**32) if mine else ():
                before = wanted[char]
                yield char, image
                mine[char] -= before - wanted[char]

    def _shares(self, wanted: Demand) -> Sequence[Demand]:
        """Part the demand; which part gets one more of a character goes round."""
        shares: list[Demand] = [{} for _ in self._parts]
        for turn, (char, count) in enumerate(wanted.items()):
            able = [share for share, part in zip(shares, self._parts.values(), strict=True) if char in part.chars]
            for number, share in enumerate(able):
                own = count // len(able) + ((number - turn) % len(able) < count % len(able))
                if own:
                    share[char] = own
        return shares
