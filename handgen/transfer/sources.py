"""Where the images of a training set come from. All answer to a demand, so that every set holds the same number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.degrade.pipeline import Pipeline
from handgen.errors import UsageError
from handgen.formats.base import Sample
from handgen.seeds import derive, generator
from handgen.stream import Stream
from handgen.synthesis.prepare import Prepared, prepare
from handgen.transfer.pools import Pool

_TOGETHER = 256
_PATIENCE = 8
"""A model may be asked for so many times what is wanted: a gate gives other characters than were planned."""

_OTHERS = 3
"""So many times as much as a few real images a set beside them is learned from."""

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

    def about(self) -> str:
        """Return where the images come from, for a person, where the name of the set does not say it; may be empty."""
        return ""

    def chosen(self, seed: int) -> Source:
        """Return what one repetition learns from: itself, unless the choice of images is part of the question."""
        return self


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


class Few(Pooled):
    """A few images of each character, the same ones in every set of one repetition.

    Args:
        pool: the images.
        each: of each character, 1 at least.
        facts: what tells this pool from others.

    Raises:
        UsageError: there are not so many.
    """

    def __init__(self, pool: Pool, each: int, facts: Mapping[str, Any]) -> None:
        super().__init__(pool, {**facts, "each": each})
        self._each = each
        for char, own in pool.by_char().items():
            if len(own) < each:
                raise UsageError(
                    f"the real set has {len(own)} images of '{char}' to learn from, not {each}",
                    "Lower --shots or --test-share, or leave the character out with --charset.",
                )

    def chosen(self, seed: int) -> Source:
        """Return so many images of each character."""
        own = self.pool.by_char()
        taken = [generator(seed, "few", char).permutation(rows)[: self._each] for char, rows in own.items()]
        return Pooled(self.pool.only(np.sort(np.concatenate(taken))), self._facts)


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
        about: what a person should know of where the samples come from.
    """

    def __init__(self, prepared: Prepared, about: str = "") -> None:
        self._prepared, self._about = prepared, about
        self.chars = "".join(sorted(prepared.source.chars))

    def identity(self) -> Mapping[str, Any]:
        """Return what decides the samples, but for their number and the seed."""
        whole = self._prepared.identity()
        return {name: value for name, value in whole.items() if name not in ("count", "seed", "format")}

    def about(self) -> str:
        """Return what was said of them."""
        return self._about

    @property
    def names(self) -> tuple[str, ...]:
        """The sources that draw the samples, by name."""
        return tuple(dict.fromkeys(Path(spec.source).stem for spec in self._prepared.request.sources if spec.share))

    def of(self, names: Collection[str]) -> Synthesized:
        """Return the same with these sources alone, in shares as before."""
        request = self._prepared.request
        kept = tuple(spec for spec in request.sources if spec.share and Path(spec.source).stem in names)
        return Synthesized(prepare(replace(request, sources=kept)))

    def draw(self, wanted: Demand, seed: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Yield the samples; see ``Source.draw``."""
        prepared = self._prepared.reseeded(seed)
        block = prepared.glyphs.block
        most = _PATIENCE * (sum(wanted.values()) + block) * len(self.chars) // max(1, len(wanted))
        for sample in Stream.of(prepared, epoch=most, transform=_itself):
            if wanted.get(sample.text, 0) > 0:
                yield sample.text, np.asarray(sample.image)
            if not any(wanted.values()):
                return
        lacking = "".join(char for char, count in wanted.items() if count)[:40]
        raise UsageError(f"too few drawings come of {lacking}", "Look at what the gate leaves, or at --charset.")


def _itself(sample: Sample) -> Sample:
    return sample


class Mixed(Source):
    """Equal parts of several sources, for each character of those that have it; a few real images are a quarter.

    Args:
        parts: by name, at least one.
    """

    def __init__(self, parts: Mapping[str, Source]) -> None:
        self._parts = dict(parts)
        others = sum(not isinstance(part, Few) for part in parts.values())
        self._weights = {name: others if isinstance(part, Few) else _OTHERS for name, part in parts.items()}
        self.chars = "".join(sorted({char for part in parts.values() for char in part.chars}))

    def identity(self) -> Mapping[str, Any]:
        """Return those of the parts."""
        return {"parts": [part.identity() for part in self._parts.values()]}

    def chosen(self, seed: int) -> Source:
        """Return a mixture of what one repetition learns from."""
        made = Mixed({name: part.chosen(seed) for name, part in self._parts.items()})
        made._weights = self._weights
        return made

    def draw(self, wanted: Demand, seed: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Yield the samples; see ``Source.draw``."""
        for (name, part), mine in zip(self._parts.items(), self._shares(wanted), strict=True):
            for char, image in part.draw(mine, derive(seed, "part", name) % 2**32) if mine else ():
                before = wanted[char]
                yield char, image
                mine[char] -= before - wanted[char]

    def _shares(self, wanted: Demand) -> Sequence[Demand]:
        """Part the demand; which part comes first goes round."""
        shares: list[Demand] = [{} for _ in self._parts]
        weight = [max(1, each) for each in self._weights.values()]
        for turn, (char, count) in enumerate(wanted.items()):
            able = [number for number, part in enumerate(self._parts.values()) if char in part.chars]
            weights = [weight[number] for number in able]
            turns = [
                part for lap in range(max(weights)) for part, most in zip(able, weights, strict=True) if lap < most
            ]
            for step in range(count):
                share = shares[turns[(turn + step) % len(turns)]]
                share[char] = share.get(char, 0) + 1
        return shares
