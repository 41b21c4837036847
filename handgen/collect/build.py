"""The builder of imported stores: a reader's writings, normalized, and the source font beside them."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.characters import Changes
from handgen.check.bad import LEFT_OUT, json_lines
from handgen.collect.base import SEVERAL, UNKNOWN, Intake, Reader, Skip, Writing
from handgen.collect.draw import font_origin
from handgen.collect.normalize import Frames, normalize
from handgen.collect.render import save_preview
from handgen.errors import StoreError, UsageError
from handgen.files import write_text
from handgen.fonts.align import MARGIN, source_alignment, source_placement
from handgen.fonts.charsets import load_charset
from handgen.fonts.coverage import survey
from handgen.fonts.face import FontRef
from handgen.fonts.find import default_charset, resolve_font
from handgen.fonts.raster import source_glyphs
from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.source_font import find_source_font, look_of
from handgen.glyphs.store import MANIFEST, PREVIEW, GlyphStore, StoreWriter

NO_INK = "no ink"
_BLOCK = 512
_REMEMBERED = 100
"""Skips that a style's record keeps."""

MatchedSource = tuple[FontRef, Raster, str]
"""A source font, how a store or a model has it drawn, and what a user should know of it."""


@dataclass(frozen=True)
class ImportPlan:
    """Everything beside the reader that decides what an import makes.

    Attributes:
        out: folder of the store.
        font: the source font, drawn in the same store; None = real samples alone.
        raster: size of the images, and how the source is drawn.
        charset: take these characters alone; all when empty.
        per_char: samples of one character by one writer at most; None = all.
        writers: take the first so many writers; None = all.
        note: what a user should know of the source font.
        skip_bad: leave out what cannot be taken, and list it; or stop at the first.
    """

    out: Path
    font: FontRef | None
    raster: Raster
    charset: str = ""
    per_char: int | None = None
    writers: int | None = None
    note: str = ""
    skip_bad: bool = True

    @property
    def size(self) -> int:
        """Side of the images in pixels."""
        return self.raster.size


@dataclass
class Imported:
    """What an import made.

    Attributes:
        out: the store.
        styles: writer -> its glyphs.
        characters: how many different ones.
        source: characters of the source font beside them.
        no_source: reason -> characters that the source font does not draw.
        skipped: reason -> how many were not taken.
        ignored: why files beside were not read -> how many.
        changes: labels that NFC changed.
        skips: the first of them, one by one.
        pictures: what the reader shows beside the contact sheet.
        seconds: it took.
    """

    out: Path
    styles: dict[str, int] = field(default_factory=dict)
    characters: int = 0
    source: int = 0
    no_source: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)
    skips: list[Skip] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def glyphs(self) -> int:
        """Number of real samples in the store."""
        return sum(self.styles.values())

    @property
    def preview(self) -> Path:
        """The contact sheet."""
        return self.out / PREVIEW


def make_import_plan(
    reader: Reader,
    *,
    out: Path,
    font: str | None = "Heiti",
    match: Path | MatchedSource | None = None,
    charset: str | None = None,
    size: int = 64,
    per_char: int | None = None,
    writers: int | None = None,
    replace_store: bool = False,
    skip_bad: bool = True,
) -> ImportPlan:
    """Resolve what a user typed.

    The source is drawn as ``render`` draws it for the charset given; without one, for Chinese if the
    font has it, and for Latin where the reader knows that nothing else comes. So the store can be
    trained together with the one that ``render`` made with the same font and charset.

    Args:
        reader: what will be read.
        out: folder of the store.
        font: the source font; None = none.
        match: a glyph store whose source, its drawing and its size to use instead of ``font`` and ``size``; or these.
        charset: take these characters alone.
        size: side of the images in pixels.
        per_char: see ``ImportPlan``.
        writers: see ``ImportPlan``.
        replace_store: replace a store that is there.
        skip_bad: see ``ImportPlan``.

    Raises:
        UsageError, FontError: something asked for does not exist or cannot be read; there is a store already.
    """
    if (out / MANIFEST).is_file() and not replace_store:
        raise UsageError(f"{out} holds a glyph store already", "Choose another --out, or replace it with --replace.")
    chars = load_charset(charset) if charset else ""
    limits: dict[str, Any] = {"charset": chars, "per_char": per_char, "writers": writers, "skip_bad": skip_bad}
    if match is not None:
        ref, raster, note = _drawn_as(match) if isinstance(match, Path) else match
        return ImportPlan(out, ref, raster, note=note, **limits)
    if font is None:
        return ImportPlan(out, None, Raster(size=size, margin=MARGIN), **limits)
    ref = resolve_font(font)
    drawn_for = chars or (load_charset("latin62") if _is_ascii(reader.chars) else load_charset(default_charset(ref)))
    coverage = survey(ref, drawn_for)
    if not coverage.drawn:
        raise UsageError(f"the source font {ref.spec} draws none of the characters", "Use another --font.")
    raster = Raster(
        size=size,
        margin=MARGIN,
        source=replace(ref, path=ref.path.resolve()).spec,
        sha256=font_origin(ref).sha256,
        placement=source_placement(coverage.boxes, size),
    )
    return ImportPlan(out, ref, raster, **limits)


def _is_ascii(chars: str) -> bool:
    return bool(chars) and chars.isascii()


def _drawn_as(path: Path) -> MatchedSource:
    """Return the source font of a store, and how it is drawn."""
    store = GlyphStore(path)
    if not store.raster.source:
        raise UsageError(f"the glyph store {path} has no source font to match", "Name a font with --font.")
    found = find_source_font(store.raster, look_of(store))
    return found.ref, replace(store.raster, size=store.size, source=found.ref.spec), found.note


def import_store(reader: Reader, plan: ImportPlan, watch: Callable[[int], None] = lambda done: None) -> Imported:
    """Read everything, write the store, and picture it.

    Args:
        reader: yields what was written.
        plan: from ``make_import_plan``.
        watch: called with how far the reader is.

    Raises:
        StoreError: nothing could be taken; what was skipped is said.
        DatasetError: something could not be taken, without ``skip_bad``.
        UsageError: the folder cannot be written or holds something else.
        HandgenError: the disk is full.
    """
    started = time.monotonic()
    intake = Intake(plan.charset, plan.per_char, plan.writers, watch, strict=not plan.skip_bad)
    result = Imported(plan.out)
    frames = Frames(plan.size, plan.font, plan.raster.placement)
    with StoreWriter(plan.out, size=plan.size, charset="", raster=plan.raster) as writer:
        if plan.font:
            writer.add_style(StyleRecord(plan.font.style_name, "source"))
        styles = _write(reader, intake, frames, writer)
        if not intake.taken:
            raise _nothing(reader, intake)
        chars = "".join(sorted({char for _, char in intake.taken}))
        writer.charset = chars
        if plan.font:
            result.source, result.no_source = _write_source(plan.font, plan.raster, chars, writer)
        skipped = _by_style(intake)
        for name, number in styles.items():
            origin = replace(reader.origin(name), skipped=tuple(skipped[name][1]))
            writer.replace_style(number, replace(writer.styles[number], origin=origin, skipped=skipped[name][0]))
    (plan.out / LEFT_OUT).unlink(missing_ok=True)
    if intake.skips:
        write_text(plan.out / LEFT_OUT, json_lines(vars(skip) for skip in intake.skips))
    save_preview(plan.out, 0)
    result.pictures = reader.pictures(plan.out)
    counts: Counter[str] = Counter()
    for (style, _), count in intake.taken.items():
        counts[style] += count
    result.styles, result.characters = {name: counts[name] for name in styles}, len(chars)
    result.skipped, result.skips = _by_reason(intake), intake.skips
    result.ignored, result.changes = dict(reader.ignored), intake.changes
    result.seconds = time.monotonic() - started
    return result


def _write(reader: Reader, intake: Intake, frames: Frames, writer: StoreWriter) -> dict[str, int]:
    """Write what is taken; return the number of each style."""
    numbers: dict[str, int] = {}
    waiting: list[tuple[int, str, int, NDArray[np.uint8]]] = []
    for writing, char, image in _glyphs(reader, intake, frames):
        name = writing.style
        if name not in numbers:
            taken = any(style.name == name for style in writer.styles[:1])  # by the source font
            numbers[name] = writer.add_style(StyleRecord(f"{name}-2" if taken else name, "target"))
        waiting.append((numbers[name], char, intake.take(name, char), image))
        if len(waiting) == _BLOCK:
            _flush(waiting, writer)
    _flush(waiting, writer)
    return numbers


def _flush(waiting: list[tuple[int, str, int, NDArray[np.uint8]]], writer: StoreWriter) -> None:
    for number, group in groupby(waiting, key=itemgetter(0)):
        _, chars, samples, images = zip(*group, strict=True)
        writer.append(np.stack(images), chars, number, samples)
    waiting.clear()


def _glyphs(reader: Reader, intake: Intake, frames: Frames) -> Iterator[tuple[Writing, str, NDArray[np.uint8]]]:
    """Yield what is wanted, with its character and its normalized image."""
    for writing in reader.writings(intake):
        char = intake.char(writing.char, writing.where, writing.style)
        if not char or not intake.wants(writing.style, char):
            continue
        image = normalize(writing.image, frames.of(char), frames.size, writing.paper)
        if image is None:
            intake.skip(NO_INK, writing.where, writing.style, char)
            continue
        yield writing, char, image


def _write_source(ref: FontRef, raster: Raster, chars: str, writer: StoreWriter) -> tuple[int, dict[str, str]]:
    """Draw the source's glyphs of ``chars``; return how many there are, and reason -> those that are not."""
    assert raster.placement is not None
    images, drawn, skipped = source_glyphs(ref, raster.size, raster.placement, chars)
    if not drawn:
        raise StoreError(
            f"the source font {ref.path.name} draws none of the {len(chars)} characters that were read",
            "Name another with --font, or import without one: --no-font.",
        )
    writer.append(images, drawn, 0, [0] * len(drawn))
    alignment = source_alignment(raster.placement, raster.size)
    writer.replace_style(0, StyleRecord(ref.style_name, "source", font_origin(ref), alignment, skipped))
    return len(drawn), skipped


def _by_style(intake: Intake) -> defaultdict[str, tuple[dict[str, str], list[str]]]:
    """Return of each style: reason -> characters skipped, one for each sample; and the first skips."""
    found: defaultdict[str, tuple[dict[str, str], list[str]]] = defaultdict(lambda: ({}, []))
    for (reason, style, char), count in intake.skipped.items():
        chars, _ = found[style]
        chars[reason] = chars.get(reason, "") + (char or UNKNOWN) * count
    for skip in intake.skips:
        _, first = found[skip.style]
        if len(first) < _REMEMBERED:
            first.append(f"{skip.reason}: {skip.where}" + (f" ({skip.cause})" if skip.cause else ""))
    return found


def _by_reason(intake: Intake) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for (reason, _, _), count in intake.skipped.items():
        counts[reason] += count
    return dict(counts)


def _nothing(reader: Reader, intake: Intake) -> StoreError:
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in _by_reason(intake).items())
    first = f", the first at {intake.skips[0].where}" if intake.skips else ""
    remedy = f"See 'handgen import {reader.kind} --help' for what it reads."
    if not reasons and intake.filters:
        remedy = "Nothing was damaged: look at --charset."
    elif _by_reason(intake).keys() == {SEVERAL}:
        remedy = "It takes one character an image; datasets of lines are read by 'handgen check' and 'handgen convert'."
    return StoreError(f"not one character could be taken ({reasons or 'nothing skipped'}{first})", remedy)
