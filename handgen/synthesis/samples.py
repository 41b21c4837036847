"""The generator of samples: a plan, a source, a gate and a degradation put together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.allocator import keep_freed_memory
from handgen.degrade.pipeline import Pipeline
from handgen.formats.base import Sample
from handgen.seeds import SampleKey
from handgen.sources.base import Drawing, Source, draw_in_blocks
from handgen.synthesis.facts import facts_of_style
from handgen.synthesis.gate import Gate, Sifted
from handgen.synthesis.plan import Plan

MOST_TOGETHER = 1024
_TOGETHER, _GATED = 128, 256
"""Samples that a thread makes in one go, whole blocks: at most; without a gate; and the first ones with a gate. What
follows the network costs least for about 128. With a gate they are more, because what does not pass is drawn again
together, and few drawings cost nearly as much as many; but a short run is not to draw a thousand."""


@dataclass(frozen=True, eq=False)
class Synthesis:
    """Everything that decides what sample i is.

    Attributes:
        source: draws.
        plan: character and style of each sample.
        degrade: what happens to the drawings afterwards; nothing by default.
        gate: reads the drawings before that; nobody does by default.
    """

    source: Source
    plan: Plan
    degrade: Pipeline | None = None
    gate: Gate | None = None

    @cached_property
    def _known(self) -> list[dict[str, Any]]:
        """What to keep of each style."""
        return [style_meta(self.source, style) for style in range(len(self.source.styles))]

    @property
    def block(self) -> int:
        """How many samples are drawn together."""
        return self.source.block

    def reseeded(self, seed: int) -> Synthesis:
        """Return what a run with another seed draws, in the same styles."""
        gate = self.gate and replace(self.gate, seed=seed)
        return replace(self, plan=self.plan.reseeded(seed), gate=gate)

    def samples(self, start: int, stop: int, *, batch: int = 1024, workers: int = 1) -> Iterator[Sample]:
        """Yield the samples numbered ``start`` to ``stop``.

        Args:
            start: the first number.
            stop: one past the last.
            batch: how many may be under way at once, roughly.
            workers: blocks computed at the same time on a CPU, each by one thread.
        """
        threads = workers if self.source.parallel else 1
        with ThreadPoolExecutor(threads, initializer=_one_thread) as pool:
            under_way: deque[Future[list[Sample]]] = deque()
            try:
                first = start
                while first < stop:
                    first, count = self._group_of(first)
                    under_way.append(pool.submit(self._draw_group, first, count))
                    first += count
                    if len(under_way) >= max(threads + 1, -(-batch // count)):
                        yield from _within(under_way.popleft().result(), start, stop)
                while under_way:
                    yield from _within(under_way.popleft().result(), start, stop)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _group_of(self, index: int) -> tuple[int, int]:
        """Return the first of the samples that are made together with this one, and how many they are.

        With a gate a group is as large as all before it together, up to the largest.
        """
        few, most = (_GATED, MOST_TOGETHER) if self.gate else (_TOGETHER, _TOGETHER)
        count = self.block * max(1, few // self.block)
        while 2 * count <= min(index, most):
            count *= 2
        return index // count * count, count

    def _draw_group(self, first: int, count: int) -> list[Sample]:
        index = np.arange(first, first + count, dtype=np.int64)
        characters, styles = self.plan.at(index)
        key = SampleKey.of(self.plan.seed, index)
        if self.gate is None:
            drawn = Sifted(self.draw(characters, styles, key), characters, styles, [])
        else:
            drawn = self.gate.sift(self.draw, characters, styles, key)
        pixels = drawn.drawing.images
        metas = [self._known[int(style)] | note for style, note in zip(drawn.styles, drawn.drawing.notes, strict=True)]
        for meta, verdict in zip(metas, drawn.records, strict=bool(drawn.records)):
            meta["gate"] = verdict
            if verdict["p"] is not None:
                meta["neatness"] = round(verdict["p"], 3)
        if self.degrade is not None:
            pixels = np.empty_like(pixels)
            for start in range(0, count, _TOGETHER):
                some = slice(start, start + _TOGETHER)
                pixels[some], records = self.degrade(drawn.drawing.images[some], index[some], self.plan.seed)
                for meta, record in zip(metas[some], records, strict=True):
                    if record:
                        meta["degraded"] = record
        return [
            Sample(int(i), self.source.chars[character], image, meta)
            for i, character, image, meta in zip(index, drawn.characters, pixels, metas, strict=True)
        ]

    def draw(self, characters: NDArray[np.int64], styles: NDArray[np.int64], key: SampleKey) -> Drawing:
        """Draw as ``Source.draw`` does, a block at a time."""
        if len(self.source.parts) > 1:  # its sources have blocks of their own, and share the whole better
            return self.source.draw(characters, styles, key)
        return draw_in_blocks(self.source, characters, styles, key)


def style_meta(source: Source, style: int) -> dict[str, Any]:
    """Return what to keep of a sample's style: its name, and what is known of all its samples."""
    facts = facts_of_style(source, style, source_of(source, style).name)
    return {"style": source.styles[style].name, **facts.meta()}


def source_of(source: Source, style: int) -> Source:
    """Return the one source of a mixture that a style is drawn by."""
    return next(part.source for part in reversed(source.parts) if style >= part.first_style)


def _one_thread() -> None:
    torch.set_num_threads(1)
    keep_freed_memory()


def _within(samples: Sequence[Sample], start: int, stop: int) -> list[Sample]:
    return [sample for sample in samples if start <= sample.index < stop]
