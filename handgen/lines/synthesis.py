"""The generator of lines: texts, a style for each, a drawing of every character, and composition."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.degrade.pipeline import Pipeline, Record
from handgen.errors import DatasetError
from handgen.formats.base import Sample
from handgen.glyphs.ink import inked
from handgen.lines.boxes import moved_boxes
from handgen.lines.compose import Box, Line, compose
from handgen.lines.cut import LONGEST
from handgen.lines.gated import sifted
from handgen.seeds import SampleKey
from handgen.strokes.ends import Ends, ends_together

_NO_GLYPHS = np.empty((0, 16, 16), np.uint8)


@dataclass(frozen=True)
class LineGlyphs:
    """Drawn characters of lines.

    Attributes:
        images: uint8 ``[n, side, side]``, side >= 16, 0 = ink, each where it belongs in its em box.
        notes: of each, what is worth keeping of who wrote it; those of a line are alike.
        records: what a gate found of each (``synth.gate.Sifted``); empty if nobody read them.
        ends: where a pen enters and leaves each; None if no pen drew them.
    """

    images: NDArray[np.uint8]
    notes: list[dict[str, Any]]
    records: list[dict[str, Any]]
    ends: Ends | None = None


class DrawGlyphs(Protocol):
    """Draws glyphs; called by several threads at once, each time with as many as one pass holds."""

    def __call__(self, chars: Sequence[str], styles: NDArray[np.int64], key: SampleKey, /) -> LineGlyphs:
        """Draw n glyphs.

        Args:
            chars: ``[n]``.
            styles: ``[n]``, numbers of their styles.
            key: ``[n]``: a sample is a line, and positions count from 1.
        """
        ...


class LinePlan(Protocol):
    """What is written in which style."""

    def text(self, index: int) -> str:
        """Return the text of line ``index``: clean, of characters that its style can draw."""
        ...

    def style(self, index: int) -> int:
        """Return the number of the style that line ``index`` is in."""
        ...


class DrawLine(Protocol):
    """Draws whole lines of one style; see ``shaped.LineFont.draw``. Called by several threads at once."""

    def __call__(
        self, text: str, /, *, height: int, seed: int, line: int, vertical: bool, writer: int | None = None
    ) -> Line:
        """Draw a line."""
        ...


@dataclass(frozen=True)
class LineJob:
    """A line to draw.

    Attributes:
        index: its number, which what is random in it follows from.
        text: what is written.
        style: the number of its style.
        writer: the number of who writes it, and other lines much alike; None = nobody else's line is. A style that is
            another one in each sample is the same in all lines of a writer.
    """

    index: int
    text: str
    style: int
    writer: int | None = None


@dataclass(frozen=True)
class LineSynthesis:
    """Everything that decides what line i is.

    A line is in one style. Lines are drawn in blocks that begin at
    multiples of ``glyphs_per_pass``, and the glyphs of a block, in order, pass the network so
    many at a time, the last pass filled up with its last glyph. So which glyphs go together
    follows from the line's number, and not one bit of a line depends on where a run began, on
    ``batch`` or on ``workers``.

    Attributes:
        plan: text and style of each line.
        styles: of each style, what to keep of it in a line's meta: its name under ``style``.
        draw: draws glyphs.
        seed: of the run.
        height: of a line in pixels; its width where it is vertical.
        vertical: write from top to bottom.
        boxes: keep each character's box in ``meta["boxes"]``, see ``compose.Line``.
        drops: of each style, see ``compose.compose``.
        whole: of each style, what draws its lines as a whole; None where they are put together of glyphs.
        glyphs_per_pass: how many glyphs pass the network together, and lines there are in a block.
        degrade: what happens to each line afterwards.
        keep_rejected: leave glyphs that do not read as their characters in their line, and say so, rather than
            writing it without them.
    """

    plan: LinePlan
    styles: Sequence[Mapping[str, Any]]
    draw: DrawGlyphs
    seed: int
    height: int = 48
    vertical: bool = False
    boxes: bool = False
    drops: Callable[[int], Mapping[str, float]] | None = None
    whole: Callable[[int], DrawLine | None] | None = None
    glyphs_per_pass: int = 64
    degrade: Pipeline | None = None
    keep_rejected: bool = False

    @property
    def block(self) -> int:
        """How many lines are drawn together."""
        return self.glyphs_per_pass

    def samples(self, start: int, stop: int, *, batch: int = 1024, workers: int = 1) -> Iterator[Sample]:
        """Yield the lines numbered ``start`` to ``stop``.

        Args:
            start: the first number.
            stop: one past the last.
            batch: how many may be under way at once; rounded up to whole blocks.
            workers: blocks made at the same time, each by one thread.

        Raises:
            DatasetError: the model drew no ink for a whole line.
        """
        ahead = max(workers, -(-batch // self.block))
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            under_way: deque[Future[list[Sample]]] = deque()
            try:
                for number in range(start // self.block, -(-stop // self.block)):
                    first = number * self.block
                    lines = range(max(first, start), min(first + self.block, stop))
                    under_way.append(pool.submit(self._make_block, number, lines))
                    if len(under_way) >= ahead:
                        yield from under_way.popleft().result()
                while under_way:
                    yield from under_way.popleft().result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _make_block(self, number: int, wanted: range) -> list[Sample]:
        """Draw a whole block, and compose the wanted lines of it."""
        lines = range(number * self.block, (number + 1) * self.block)
        return self.write([LineJob(line, self.plan.text(line), self.plan.style(line)) for line in lines], wanted)

    def write(self, jobs: Sequence[LineJob], wanted: Container[int] | None = None) -> list[Sample]:
        """Draw lines, together.

        Args:
            jobs: the lines.
            wanted: the numbers of those to compose; all by default.

        Raises:
            DatasetError: the model drew no ink for a whole line.
        """
        whole = [self.whole(job.style) if self.whole else None for job in jobs]
        counts = [0 if drawer else len(job.text) - job.text.count(" ") for job, drawer in zip(jobs, whole, strict=True)]
        key = SampleKey.of(
            self.seed,
            np.repeat([job.index if job.writer is None else job.writer for job in jobs], counts),
            np.concatenate(
                [_first_position(job) + np.arange(n, dtype=np.int64) for job, n in zip(jobs, counts, strict=True)]
            ),
        )
        chars = [char for job, count in zip(jobs, counts, strict=True) if count for char in job.text if char != " "]
        styles = np.repeat([job.style for job in jobs], counts)
        drawn = self._draw(chars, styles, key) if chars else LineGlyphs(_NO_GLYPHS, [], [])
        ends = np.cumsum(counts).tolist()
        return [
            self._whole(job, drawer) if drawer else self._compose(job, _taken(drawn, end - count, end))
            for job, drawer, end, count in zip(jobs, whole, ends, counts, strict=True)
            if wanted is None or job.index in wanted
        ]

    def _whole(self, job: LineJob, draw: DrawLine) -> Sample:
        line = draw(
            job.text, height=self.height, seed=self.seed, line=job.index, vertical=self.vertical, writer=job.writer
        )
        blank = "".join(dict.fromkeys(char for char in job.text if char not in line.text))
        meta = {**self.styles[job.style], **line.notes} | ({"blank": blank} if blank else {})
        return self._finished(job, line, meta)

    def _draw(self, chars: list[str], styles: NDArray[np.int64], key: SampleKey) -> LineGlyphs:
        step, count = self.glyphs_per_pass, len(chars)
        passes = np.minimum(np.arange(-(-count // step) * step), count - 1).reshape(-1, step)
        drawn = [self.draw([chars[row] for row in rows], styles[rows], key[rows]) for rows in passes]
        return LineGlyphs(
            np.concatenate([part.images for part in drawn])[:count],
            [note for part in drawn for note in part.notes][:count],
            [record for part in drawn for record in part.records][:count],
            ends_together([part.ends for part in drawn]),
        )

    def _compose(self, job: LineJob, drawn: LineGlyphs) -> Sample:
        text, glyphs = job.text, drawn.images
        chars = text.replace(" ", "")
        blank = "".join(char for char, here in zip(chars, inked(glyphs, 1, 2), strict=True) if not here)
        glyphs, verdict = sifted(glyphs, text, drawn.records, keep=self.keep_rejected)
        line = compose(
            glyphs,
            text,
            height=self.height,
            seed=self.seed,
            line=job.index,
            vertical=self.vertical,
            drops=self.drops(job.style) if self.drops else None,
            writer=job.writer,
            ends=drawn.ends,
        )
        meta = {**self.styles[job.style], **drawn.notes[0], **line.notes}
        meta |= ({"gate": verdict} if verdict else {}) | ({"blank": blank} if blank else {})
        if read := [p for p in verdict.get("p", ()) if p is not None]:
            meta["neatness"] = round(sum(read) / len(read), 3)
        return self._finished(job, line, meta)

    def _finished(self, job: LineJob, line: Line, meta: dict[str, Any]) -> Sample:
        """Degrade a line, and make it a sample.

        Raises:
            DatasetError: the line has no ink.
        """
        if not line.text:
            raise DatasetError(
                f"style {self.styles[job.style]['style']} has no ink for any character of line {job.index} "
                f"('{job.text}')",
                "Train the model for longer, or leave the style out.",
            )
        image, boxes = line.image, line.boxes
        if self.degrade:
            # One pen and one paper for all lines of a page.
            number = job.index if job.writer is None else job.writer
            image, boxes, record = self._degraded(number, line, self.degrade)
            meta |= {"degraded": record} if record else {}
        return Sample(job.index, line.text, image, meta | ({"boxes": boxes} if self.boxes else {}))

    def _degraded(
        self, index: int, line: Line, degrade: Pipeline
    ) -> tuple[NDArray[np.uint8], list[Box | None], Record]:
        """Degrade one line, as widths differ; a vertical one lies on its side meanwhile, as lengths are in heights."""
        clean = np.ascontiguousarray(line.image.T if self.vertical else line.image)[None]
        done, (record,) = degrade(clean, np.array([index], np.int64), self.seed)
        boxes = line.boxes
        if self.boxes:
            origin = degrade.origins(clean, [record])[0]
            boxes = moved_boxes(boxes, clean[0], origin, turned=self.vertical)
        image = done[0].swapaxes(0, 1) if self.vertical else done[0]
        return np.ascontiguousarray(image), boxes, record


def _first_position(job: LineJob) -> int:
    """Return the position of a line's first glyph: from 1 on, in other lines of its writer from another one on."""
    return 1 if job.writer is None else 1 + job.index * LONGEST


def _taken(drawn: LineGlyphs, start: int, stop: int) -> LineGlyphs:
    ends = None if drawn.ends is None else drawn.ends[start:stop]
    return LineGlyphs(drawn.images[start:stop], drawn.notes[start:stop], drawn.records[start:stop], ends)
