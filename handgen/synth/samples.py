"""The generator of samples: plan, content, model and placement put together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.allocator import keep_freed_memory
from handgen.degrade.pipeline import Pipeline
from handgen.fonts.align import Alignment
from handgen.formats.base import Sample
from handgen.glyphs.records import StyleRecord
from handgen.glyphs.store import to_bytes, to_unit
from handgen.models.base import DrawnStyle, Generator
from handgen.models.styles import vectors
from handgen.seeds import derive, keys
from handgen.strokes.prompts import StrokePrompts
from handgen.strokes.restroke import Restroked
from handgen.synth.content import Content
from handgen.synth.gate import Gate, Sifted
from handgen.synth.plan import Plan
from handgen.synth.vary import of_one_hand, place

_BLOCK = {"cpu": 64}
_GPU_BLOCK = 256
"""Samples that pass the network together. The number is fixed for a kind of device and blocks
begin at its multiples, because a network's last bits may depend on how many pass together."""
_TOGETHER, _GATED = 128, 256
"""Samples that a thread makes in one go, whole blocks, without and with a gate. What follows the network costs least
for about so many; with a gate they are more, because what does not pass is drawn again at once. So they begin at
multiples of it."""
_APART = 1 << 44
"""What a further drawing adds to the number of its sample: more than there are samples."""
_STIR = 0.25
"""How strongly the source glyph is deformed for each further drawing of a sample, as ``vary`` counts."""


def alignment_of(style: DrawnStyle, records: Sequence[StyleRecord]) -> Alignment:
    """Return a style's alignment: the mean of its parents', by their share in it."""
    known = {record.name: record.alignment for record in records}
    shares = {name: share for name, share in style.weights.items() if name in known}
    if not shares:
        return Alignment()
    total = sum(shares.values())
    return Alignment(
        **{f.name: sum(getattr(known[n], f.name) * s for n, s in shares.items()) / total for f in fields(Alignment)}
    )


@dataclass(frozen=True)
class Synthesis:
    """Everything that decides what sample i is.

    Attributes:
        model: in evaluation mode, on its device.
        content: the characters, and what the model is told of them.
        styles: the styles to draw in.
        alignments: of each style.
        plan: character and style of each sample.
        vary: strength of the deformation of each sample, 0 to 1.
        device: where the model is.
        degrade: what happens to the drawings afterwards; nothing by default.
        gate: reads the drawings before that; nobody does by default.
        restroke: writes the source glyphs anew for each sample; they are the font's own by default.
    """

    model: Generator
    content: Content
    styles: Sequence[DrawnStyle]
    alignments: Sequence[Alignment]
    plan: Plan
    vary: float
    device: torch.device
    degrade: Pipeline | None = None
    gate: Gate | None = None
    restroke: Restroked | None = None

    @property
    def block(self) -> int:
        """How many samples pass the network together."""
        return self.model.block or _BLOCK.get(self.device.type, _GPU_BLOCK)

    def samples(self, start: int, stop: int, *, batch: int = 1024, workers: int = 1) -> Iterator[Sample]:
        """Yield the samples numbered ``start`` to ``stop``.

        Args:
            start: the first number.
            stop: one past the last.
            batch: how many may be under way at once, roughly.
            workers: blocks computed at the same time on a CPU, each by one thread.
        """
        group = self.block * max(1, (_GATED if self.gate else _TOGETHER) // self.block)
        threads = workers if self.device.type == "cpu" else 1
        ahead = max(threads + 1, -(-batch // group))
        with ThreadPoolExecutor(threads, initializer=_one_thread) as pool:
            under_way: deque[Future[list[Sample]]] = deque()
            try:
                for number in range(start // group, -(-stop // group)):
                    under_way.append(pool.submit(self._draw_group, number * group, group))
                    if len(under_way) >= ahead:
                        yield from _within(under_way.popleft().result(), start, stop)
                while under_way:
                    yield from _within(under_way.popleft().result(), start, stop)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _draw_group(self, first: int, count: int) -> list[Sample]:
        index = np.arange(first, first + count, dtype=np.int64)
        characters, styles = self.plan.at(index)
        if self.gate is None:
            drawn = Sifted(*self._in_blocks(index, characters, styles), characters, styles, [])
        else:
            drawn = self.gate.sift(self._in_blocks, index, characters, styles)
        pixels, characters, styles = drawn.images, drawn.characters, drawn.styles
        metas = [style_meta(self.styles[style], vector) for style, vector in zip(styles, drawn.vectors, strict=True)]
        if self.gate is not None:
            for meta, verdict in zip(metas, drawn.records, strict=True):
                meta["gate"] = verdict
        if self.degrade is not None:
            pixels, records = self.degrade(pixels, index, self.plan.seed)
            for meta, record in zip(metas, records, strict=True):
                if record:
                    meta["degraded"] = record
        return [
            Sample(int(i), self.content.chars[character], image, meta)
            for i, character, image, meta in zip(index, characters, pixels, metas, strict=True)
        ]

    def _in_blocks(
        self,
        index: NDArray[np.int64],
        characters: NDArray[np.int64],
        styles: NDArray[np.int64],
        *,
        attempt: int = 0,
    ) -> tuple[NDArray[np.uint8], Tensor]:
        """Draw as ``draw`` does, a block at a time."""
        parts = [slice(start, start + self.block) for start in range(0, len(index), self.block)]
        drawn = [self.draw(index[part], characters[part], styles[part], attempt=attempt) for part in parts]
        return np.concatenate([images for images, _ in drawn]), torch.cat([codes for _, codes in drawn])

    @torch.inference_mode()
    def draw(
        self,
        index: NDArray[np.int64],
        characters: NDArray[np.int64],
        styles: NDArray[np.int64],
        *,
        hands: NDArray[np.int64] | None = None,
        attempt: int | NDArray[np.int64] = 0,
    ) -> tuple[NDArray[np.uint8], Tensor]:
        """Draw samples in one pass of the network.

        Args:
            index: int64 ``[n]``, their numbers: what is random in them follows from these.
            characters: int64 ``[n]``, places in ``content.chars``.
            styles: int64 ``[n]``, places in ``styles``.
            hands: int64 ``[n]``: samples with the same number share what is random in a style, as the
                characters of a line do; ``index`` by default.
            attempt: another number makes other drawings of the same samples, from 0; one for all, or of each.

        Returns:
            Images uint8 ``[n, size, size]``, and the vectors of their styles, float32 ``[n, dim]``.
        """
        seed = self.plan.seed
        attempts = np.broadcast_to(np.asarray(attempt, np.int64), index.shape)
        index = index + attempts * _APART
        style_vectors = vectors([self.styles[style] for style in styles], index if hands is None else hands, seed)
        if self.model.draws == "strokes":  # what writes varies it, too; pixels move to a style's own frame alone
            sample = keys(index, derive(seed, "pen"))
            assert self.content.book is not None
            strokes = StrokePrompts(self.content.book, characters, sample, self.vary)
            written = self.model.generate(strokes, style_vectors).float()
            placed = place(written, [self.alignments[style] for style in styles], index, seed, 0.0)
            return to_bytes(placed)[:, 0].numpy(), style_vectors
        told = self._told(characters)
        if self.restroke is not None:
            sample, glyphs = keys(index, derive(seed, "content")), self.content.glyphs[characters]
            varied = to_unit(self.restroke(glyphs, characters, styles, sample, self.vary))[:, None]
            told = varied.to(self.device, memory_format=torch.channels_last)
        again = np.flatnonzero(attempts)
        if len(again) and self.model.draws != "character":
            stirred = place(told[again].cpu(), [Alignment()] * len(again), index[again], derive(seed, "source"), _STIR)
            told[again] = stirred.to(self.device)
        drawn = self.model.generate(told, style_vectors.to(self.device)).float().cpu()
        who = None if hands is None else of_one_hand(index, hands, characters, seed)
        placed = place(drawn, [self.alignments[style] for style in styles], index, seed, self.vary, who)
        return to_bytes(placed)[:, 0].numpy(), style_vectors

    def _told(self, characters: NDArray[np.int64]) -> Tensor:
        """Return what the model is told to draw."""
        if self.model.draws == "character":
            return torch.from_numpy(self.content.numbers[characters]).to(self.device)
        glyphs = to_unit(self.content.glyphs[characters])[:, None]
        return glyphs.to(self.device, memory_format=torch.channels_last)


def style_meta(style: DrawnStyle, vector: Tensor) -> dict[str, Any]:
    """Return what to keep of a sample's style: its name, and its latent if no other sample has it."""
    meta: dict[str, Any] = {"style": style.name}
    if style.fresh and style.fresh == len(vector):
        meta["latent"] = [round(value, 4) for value in vector.tolist()]
    return meta


def _one_thread() -> None:
    torch.set_num_threads(1)
    keep_freed_memory()


def _within(samples: list[Sample], start: int, stop: int) -> list[Sample]:
    return [sample for sample in samples if start <= sample.index < stop]
