"""Builds a glyph store from a reader's writings, normalized, and the same characters of the source font."""

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
"""How many skips a style's record lists."""

MatchedSource = tuple[FontRef, Raster, str]
"""A source font, how a store or a model draws it, and a note for the user."""


@dataclass(frozen=True)
class ImportPlan:
    """Everything that decides what an import makes, besides the reader.

    Attributes:
        out: folder of the store.
        font: the source font, which is drawn into the same store; None = only real samples.
        raster: size of the images, and how the source is drawn.
        charset: take only these characters; all when empty.
        per_char: at most this many samples of one character by one writer; None = all.
        writers: take only the first so many writers; None = all.
        note: a note for the user about the source font.
        skip_bad: skip and list samples that cannot be taken; else stop at the first.
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
    """The result of an import.

    Attributes:
        out: folder of the store.
        styles: writer -> number of glyphs.
        characters: number of different characters.
        source: number of characters drawn with the source font.
        no_source: reason -> characters that the source font does not draw.
        skipped: reason -> number of skipped samples.
        ignored: why other files in the folder were not read -> how many files.
        changes: labels that NFC changed.
        skips: the first skipped samples, one by one.
        pictures: further pictures that the reader saved.
        seconds: how long the import took.
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
    """Turn a user's options into a plan.

    The source is drawn exactly as ``render`` draws it for the same font and charset, so that both stores can be trained
    on together. Without a charset, that is the one for ASCII if the reader yields nothing else, or else the font's
    default charset.

    Args:
        reader: the reader.
        out: folder of the store.
        font: the source font; None = none.
        match: a glyph store, or what was read from one or from a model: its source font, the way it is drawn and its
            size are used instead of ``font`` and ``size``.
        charset: take only these characters.
        size: side of the images in pixels.
        per_char: see ``ImportPlan``.
        writers: see ``ImportPlan``.
        replace_store: whether an existing store may be replaced.
        skip_bad: see ``ImportPlan``.

    Raises:
        UsageError: something does not exist or has a wrong value, or there is a store already.
        FontError: a font cannot be read.
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
    """Return the source font of a store, how it is drawn, and a note about it."""
    store = GlyphStore(path)
    if not store.raster.source:
        raise UsageError(f"the glyph store {path} has no source font to match", "Name a font with --font.")
    found = find_source_font(store.raster, look_of(store))
    return found.ref, replace(store.raster, size=store.size, source=found.ref.spec), found.note


def import_store(reader: Reader, plan: ImportPlan, watch: Callable[[int], None] = lambda done: None) -> Imported:
    """Read all writings, write the store, and draw its contact sheet.

    Args:
        reader: yields the writings.
        plan: from ``make_import_plan``.
        watch: called with the progress of the reader.

    Raises:
        StoreError: not one sample could be taken; the message says what was skipped.
        DatasetError: a sample could not be taken, without ``skip_bad``.
        UsageError: the folder cannot be written, or holds something else.
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
    """Write the wanted glyphs; return writer -> number of the style."""
    numbers: dict[str, int] = {}
    waiting: list[tuple[int, str, int, NDArray[np.uint8]]] = []
    for writing, char, image in _glyphs(reader, intake, frames):
        name = writing.style
        if name not in numbers:
            taken = any(style.name == name for style in writer.styles[:1])  # the source font is the first style
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
    """Yield the wanted writings, each with its character and its normalized image."""
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
    """Draw ``chars`` with the source font; return how many were drawn, and reason -> characters that were not."""
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
    """Return style -> (reason -> the characters of the skipped samples, the first skips as text)."""
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
