"""Draws one font for a store; the worker processes of ``handgen render`` run this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.errors import FontError
from handgen.files import sha256
from handgen.fonts.align import (
    Alignment,
    aligned_placement,
    fit_alignment,
    oversized,
    source_alignment,
    source_placement,
)
from handgen.fonts.coverage import Coverage, survey
from handgen.fonts.face import FontRef, describe
from handgen.fonts.outline import Outlines
from handgen.fonts.raster import Placement, Rasterizer
from handgen.glyphs.records import Origin
from handgen.seeds import derive, generator, keys

_BLOCK_BYTES = 4 << 20
_TRACED = 256
"""How many glyphs are traced between two messages. Tracing does about 80 per second, and a silent worker is stopped."""


@dataclass(frozen=True)
class Source:
    """What was found out about the source font."""

    coverage: Coverage
    placement: Placement
    origin: Origin


@dataclass(frozen=True)
class SourceJob:
    """The source font to examine: its face, the charset, and the side of the canvas in pixels."""

    ref: FontRef
    chars: str
    size: int


@dataclass(frozen=True)
class FontJob:
    """One font to draw.

    Attributes:
        style: its name in the store.
        ref: the face: the source font itself, or a target.
        size: side of the canvas in pixels.
        source: the source font; only characters that it draws are drawn.
        is_source: whether ``ref`` is the source font.
        count: how many characters to sample; None = all.
        seed: seed of the sample.
        align: whether a target is scaled and moved onto the source.
        drawings: drawings per character of the source; all after the first are written by the pen.
    """

    style: str
    ref: FontRef
    size: int
    source: Source
    is_source: bool = False
    count: int | None = None
    seed: int = 0
    align: bool = True
    drawings: int = 1


@dataclass(frozen=True)
class Looked:
    """The first message about a font: what it has, how it is drawn, and how many glyphs follow.

    ``oversized`` are characters whose glyphs are so large that they were ignored when the scale was chosen.
    """

    origin: Origin
    alignment: Alignment
    skipped: dict[str, str]
    count: int
    oversized: str = ""


@dataclass(frozen=True)
class Block:
    """Some of a font's glyphs: uint8 ``[n, size, size]``, their n characters, and the number of the drawing."""

    images: NDArray[np.uint8]
    chars: str
    sample: int = 0


def look_at_source(job: SourceJob) -> Iterator[Source]:
    """Survey the source font and choose its placement.

    Raises:
        FontError: the font cannot be read or draws none of the characters.
    """
    coverage = survey(job.ref, job.chars)
    if not coverage.drawn:
        raise FontError(f"it draws none of the {len(job.chars)} characters asked for")
    yield Source(coverage, source_placement(coverage.boxes, job.size), font_origin(job.ref))


def draw_font(job: FontJob) -> Iterator[Looked | Block]:
    """Yield one ``Looked``, then the font's glyphs in ``Block``s of about 4 MiB.

    Raises:
        FontError: the font cannot be read or draws none of the source's characters.
    """
    source, outlines = job.source, Outlines(job.ref)
    coverage = source.coverage if job.is_source else survey(outlines, source.coverage.drawn)
    if not coverage.drawn:
        raise FontError(f"it draws none of the {len(source.coverage.drawn)} characters of the source")
    if job.is_source:
        alignment, placement = source_alignment(source.placement, job.size), source.placement
    else:
        alignment = Alignment()
        if job.align:
            alignment = fit_alignment(source.coverage, coverage, source.placement, job.size)
        placement = aligned_placement(source.placement, alignment, job.size)
    chosen = _sample(coverage.drawn, job)
    origin = source.origin if job.is_source else font_origin(job.ref)
    yield Looked(origin, alignment, coverage.skipped, len(chosen) * job.drawings, oversized(coverage))
    rasterizer = Rasterizer(outlines, job.size, placement)
    step = max(1, min(_BLOCK_BYTES // job.size**2, _TRACED if job.drawings > 1 else _BLOCK_BYTES))
    for start in range(0, len(chosen), step):
        chars = chosen[start : start + step]
        glyphs = rasterizer.draw_all(chars)
        yield Block(glyphs, chars)
        if job.drawings > 1:
            yield from _written_anew(job, placement, chars, glyphs)


def _written_anew(job: FontJob, placement: Placement, chars: str, glyphs: NDArray[np.uint8]) -> Iterator[Block]:
    """Yield the further drawings of some glyphs; each is a function of seed, character and number."""
    from handgen.strokes.restroke import Restroked  # which needs torch

    anew = Restroked.prepare(job.ref, job.size, placement, chars, glyphs)
    rows = np.arange(len(chars))
    codes = np.array([ord(char) for char in chars], np.uint64)
    for number in range(1, job.drawings):
        # The number serves as the style, so that no two drawings have the same habits.
        some = anew(glyphs, rows, np.full(len(chars), number), keys(codes, derive(job.seed, "anew", number)), 1.0)
        yield Block(some, chars, number)


def _sample(drawn: str, job: FontJob) -> str:
    """Choose ``job.count`` of the drawn characters at random by seed and style name; keep their order."""
    if job.count is None or job.count >= len(drawn):
        return drawn
    picked = generator(job.seed, "render", job.style).choice(len(drawn), size=job.count, replace=False)
    return "".join(drawn[index] for index in sorted(picked))


def font_origin(ref: FontRef) -> Origin:
    """Return a font's record for a store's manifest."""
    info = describe(ref.path)[ref.face]
    return Origin(
        family=info.family,
        subfamily=info.subfamily,
        file=ref.path.name,
        path=str(ref.path.resolve()),
        face=ref.face,
        instance=ref.instance,
        sha256=sha256(ref.path),
        license=info.license,
        version=info.version,
    )
