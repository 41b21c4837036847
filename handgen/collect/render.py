"""Renders fonts into a glyph store: makes a plan, has worker processes draw it, and writes the store."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handgen.collect.draw import Block, FontJob, Looked, Source, SourceJob, draw_font, look_at_source
from handgen.collect.settings import RenderSettings
from handgen.errors import FontError, UsageError
from handgen.fonts.align import MARGIN
from handgen.fonts.charsets import load_charset
from handgen.fonts.face import FONT_SUFFIXES, FontRef, open_face
from handgen.fonts.find import default_charset, is_printed, resolve_font, suitable_targets
from handgen.glyphs.contact_sheet import save_sheet
from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.store import PREVIEW, GlyphStore, StoreWriter
from handgen.registry import nearest
from handgen.seeds import generator
from handgen.workers import STALL_SECONDS, Failed, Finished, Pool, cores

PREVIEW_COLUMNS = 20
_PREVIEW_CELL = 96
_PREVIEW_ROWS = 48

Progress = Callable[[str, int, int], None]
"""Called with a style's name, the number of glyphs drawn so far, and the number expected in all."""


@dataclass(frozen=True)
class Target:
    """A target font of a plan: its style name, its face, and how many characters to sample (None = all)."""

    style: str
    ref: FontRef
    count: int | None = None


@dataclass(frozen=True)
class Plan:
    """Everything that decides what ``render`` draws.

    Attributes:
        source: the content font; it is drawn for every character.
        targets: the fonts to learn.
        charset: the charset as the user named it.
        chars: the characters.
        size: side of the images in pixels.
        out: folder of the store.
        seed: seed of the samples of characters.
        align: scale and move every target onto the source, see ``fonts.align``.
        workers: number of processes; 0 = one for each core. The result does not depend on it.
        drawings: drawings per character of the source: the font's own glyph, and others that the pen writes.
        note: a note for the user about the targets; may be empty.
    """

    source: Target
    targets: tuple[Target, ...]
    charset: str
    chars: str
    size: int
    out: Path
    seed: int = 0
    align: bool = True
    workers: int = 0
    drawings: int = 1
    note: str = ""


@dataclass(frozen=True)
class RenderedStyle:
    """A style that was drawn: its number of glyphs, and reason -> characters that were not drawn.

    ``oversized`` are characters whose glyphs are far larger than the others; they are drawn at a smaller scale.
    """

    style: str
    role: str
    count: int
    skipped: dict[str, str]
    oversized: str = ""


@dataclass
class Rendered:
    """The result of ``render``: the store, its styles, the fonts that failed and why, and the time it took."""

    out: Path
    styles: list[RenderedStyle] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def glyphs(self) -> int:
        """Number of images in the store."""
        return sum(style.count for style in self.styles)

    @property
    def preview(self) -> Path:
        """The contact sheet."""
        return self.out / PREVIEW


def make_plan(settings: RenderSettings) -> Plan:
    """Turn a user's options into fonts, characters and counts.

    Raises:
        UsageError: something does not exist.
        FontError: a font cannot be read.
    """
    source = resolve_font(settings.font)
    open_face(source)
    charset = settings.charset if settings.charset is not None else default_charset(source)
    chars = load_charset(charset)
    targets = settings.targets
    refs = _without(source, [ref for text in targets for ref in _expand(text)])
    if not targets:
        refs = _without(source, suitable_targets(chars, source))
    if not refs:
        named = f"no font other than the source in {', '.join(targets)}" if targets else "no target font was found"
        raise UsageError(named, "Name fonts with --target FONT|DIR, or get some with 'handgen fonts fetch zh' (or en).")
    names = _style_names([source, *refs])
    found = [Target(name, ref, settings.per_font) for name, ref in zip(names[1:], refs, strict=True)]
    return Plan(
        source=Target(names[0], source),
        targets=tuple(_take(found, settings.take)),
        charset=charset,
        chars=chars,
        size=settings.size,
        out=settings.out,
        seed=settings.seed,
        align=settings.align,
        workers=settings.workers,
        drawings=settings.drawings,
        note=_printed_note(found, charset),
    )


def _printed_note(targets: Sequence[Target], charset: str) -> str:
    """Return a note if all targets are type for print; else ""."""
    if not all(_is_printed(target.ref) for target in targets):
        return ""
    names = ", ".join(target.style for target in targets[:3]) + (", ..." if len(targets) > 3 else "")
    group = "en" if load_charset(charset).isascii() else "zh"
    return f"no target looks written by hand, only print ({names}); get hands with: handgen fonts fetch {group}"


def _is_printed(ref: FontRef) -> bool:
    try:
        return is_printed(ref)
    except (FontError, IndexError):
        return False  # its fault is reported when it is drawn


def _expand(text: str) -> list[FontRef]:
    """Return the font called ``text``, or all fonts in the folder ``text``, sorted by path."""
    folder = Path(text)
    if not folder.is_dir():
        return [resolve_font(text)]
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in FONT_SUFFIXES)
    if not files:
        raise UsageError(f"no font in the folder {text}", f"handgen looks for {', '.join(FONT_SUFFIXES)}.")
    return [FontRef(path) for path in files]


def _without(source: FontRef, refs: Sequence[FontRef]) -> list[FontRef]:
    """Return ``refs`` without the source font and without duplicates."""
    unique = {replace(ref, path=ref.path.resolve()): ref for ref in reversed(refs)}
    unique.pop(replace(source, path=source.path.resolve()), None)
    return list(reversed(unique.values()))


def _style_names(refs: Sequence[FontRef]) -> list[str]:
    """Return a unique name for each font; fonts with the same name get -2, -3, ..."""
    names: list[str] = []
    for ref in refs:
        name, number = ref.style_name, 1
        while name in names:
            number += 1
            name = f"{ref.style_name}-{number}"
        names.append(name)
    return names


def _take(targets: list[Target], take: Sequence[str]) -> list[Target]:
    """Set the counts that ``--take FONT=N`` gives.

    Raises:
        UsageError: a text is not of that form, or no target has that name.
    """
    for text in take:
        font, _, number = text.rpartition("=")
        if not font or not number.isdecimal() or int(number) < 1:
            raise UsageError(
                f"--take {text} is not of the form FONT=N", "Give a whole number from 1, as in caveat=500."
            )
        called = [i for i, target in enumerate(targets) if font in (target.style, target.ref.path.name)]
        if not called:
            raise UsageError(f"--take: no target is called '{font}'", nearest(font, [t.style for t in targets]))
        for i in called:
            targets[i] = replace(targets[i], count=int(number))
    return targets


def render(
    plan: Plan, progress: Progress = lambda style, done, total: None, *, stall: float = STALL_SECONDS
) -> Rendered:
    """Draw every font of the plan into a glyph store with a preview.

    A target that is damaged, draws nothing, crashes or hangs is left out and reported. Targets are
    drawn only for characters that the source draws: others would have no content image.

    Args:
        plan: what to draw, from ``make_plan``.
        progress: see ``Progress``.
        stall: seconds without a message after which a font counts as hanging.

    Raises:
        FontError: the source failed, or every target did.
        UsageError: the folder cannot be written or holds something else.
        HandgenError: the disk is full.
    """
    started = time.monotonic()
    rendered = Rendered(plan.out)
    workers = min(plan.workers or cores(), 1 + len(plan.targets))
    with Pool(workers, stall) as pool:
        source = _look(pool, plan)
        raster = Raster(
            size=plan.size,
            margin=MARGIN,
            source=replace(plan.source.ref, path=plan.source.ref.path.resolve()).spec,
            sha256=source.origin.sha256,
            placement=source.placement,
            seed=plan.seed,
            drawings=plan.drawings,
        )
        with StoreWriter(plan.out, size=plan.size, charset=plan.chars, raster=raster) as writer:
            _draw(pool, plan, source, writer, rendered, progress)
            if not any(style.role == "target" for style in rendered.styles):
                reasons = "; ".join(f"{style}: {reason}" for style, reason in rendered.failed.items())
                raise FontError(f"no target font could be drawn ({reasons})", "Name others with --target.")
    save_preview(plan.out, plan.seed)
    rendered.seconds = time.monotonic() - started
    return rendered


def _look(pool: Pool, plan: Plan) -> Source:
    job = SourceJob(plan.source.ref, plan.chars, plan.size)
    source: Source | None = None
    for _, message in pool.stream(look_at_source, [job]):
        if isinstance(message, Failed):
            raise _source_error(plan, message)
        if isinstance(message, Source):
            source = message
    assert source is not None
    return source


def _source_error(plan: Plan, failed: Failed) -> FontError:
    return FontError(
        f"the source font {plan.source.ref.spec} cannot be used: {failed.reason}",
        "Try 'handgen fonts check' on it, or use another --font or --charset.",
    )


def _draw(pool: Pool, plan: Plan, source: Source, writer: StoreWriter, rendered: Rendered, progress: Progress) -> None:
    """Have all fonts drawn, and write them in the order of the plan."""
    fonts = [plan.source, *plan.targets]
    jobs = [
        FontJob(font.style, font.ref, plan.size, source, font is plan.source, font.count, plan.seed, plan.align)
        for font in fonts
    ]
    jobs[0] = replace(jobs[0], drawings=plan.drawings)
    room = len(source.coverage.drawn)
    expected = [min(font.count or room, room) for font in fonts]
    done = [0] * len(fonts)
    style, looked = 0, None
    for number, message in pool.stream(draw_font, jobs):
        name, role = fonts[number].style, "source" if number == 0 else "target"
        if isinstance(message, Looked):
            looked, expected[number] = message, message.count
            style = writer.add_style(StyleRecord(name, role, message.origin, message.alignment, message.skipped))
        elif isinstance(message, Block):
            writer.append(message.images, message.chars, style, [message.sample] * len(message.chars))
            done[number] += len(message.chars)
        elif isinstance(message, Finished) and looked:
            rendered.styles.append(RenderedStyle(name, role, done[number], looked.skipped, looked.oversized))
            looked = None
        elif isinstance(message, Failed):
            if number == 0:
                raise _source_error(plan, message)
            if looked:
                writer.drop_last_style()
            rendered.failed[name] = message.reason
            looked, expected[number], done[number] = None, 0, 0
        progress(name, sum(done), sum(expected))


def save_preview(path: Path, seed: int, columns: int = PREVIEW_COLUMNS) -> None:
    """Save a contact sheet of the store at ``path``: one row per style, the source first, at most 48 styles.

    The columns are characters that most styles have, chosen by ``seed``; a style that lacks one shows another of its
    own. A source with several drawings has a second row with one of them.
    """
    store = GlyphStore(path)
    found = [row for style in range(min(len(store.styles), _PREVIEW_ROWS)) for row in _rows(store, style)]
    shared = Counter(char for _, rows in found for char in rows)
    order = generator(seed, "preview").permutation(len(store.charset))
    chars = [store.charset[i] for i in order]
    best = sorted(sorted(chars, key=lambda char: -shared[char])[:columns], key=store.charset.index)
    save_sheet(
        path / PREVIEW,
        [(caption, _pick(store, rows, best, chars)) for caption, rows in found],
        cell=min(store.size, _PREVIEW_CELL),
    )


def _rows(store: GlyphStore, style: int) -> list[tuple[str, dict[str, int]]]:
    """Return the rows of a style: caption, and character -> row of the store; the first of several samples counts."""
    name, images = store.styles[style].name, store.rows(style)
    first = images[np.argsort(store.labels["sample"][images], kind="stable")][::-1]  # the first sample wins in the dict
    rows = [(name, dict(zip(store.labels["char"][first].tolist(), first.tolist(), strict=True)))]
    second = images[store.labels["sample"][images] == 1]
    if style in store.sources and len(second):
        rows.append((f"{name}, anew", dict(zip(store.labels["char"][second].tolist(), second.tolist(), strict=True))))
    return rows


def _pick(store: GlyphStore, found: dict[str, int], best: list[str], others: list[str]) -> NDArray[np.uint8]:
    """Return a style's images of the characters ``best``; others of its own replace those that it lacks."""
    spare = iter([char for char in others if char in found and char not in best])
    shown = [char if char in found else next(spare, None) for char in best]
    images: NDArray[np.uint8] = store.images[[found[char] for char in shown if char is not None]]
    return images
