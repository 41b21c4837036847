"""A gallery: every style of what draws, with the same words, and what is known of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handgen.checkpoints.find import run_name
from handgen.devices import resolve_device
from handgen.errors import DatasetError, UsageError
from handgen.files import PACKAGE
from handgen.fonts.catalog import find_entry
from handgen.fonts.charsets import load_charset, unique_chars
from handgen.lines.cut import composable
from handgen.lines.synthesis import LineGlyphs, LineJob, LineSynthesis
from handgen.report.gallery_settings import GallerySettings
from handgen.report.pictures import Album
from handgen.seeds import SampleKey
from handgen.sources import MODEL
from handgen.sources.base import Part, Progress, Source, draw_in_blocks
from handgen.sources.find import choose_model, find_model, kind_of
from handgen.sources.opening import open_sources, usual_chars
from handgen.sources.spec import SourceSpec
from handgen.synthesis.facts import facts_of_style
from handgen.synthesis.gate import find_reader
from handgen.synthesis.prepare import resolved
from handgen.synthesis.recipe import described, find_recipe, read_recipe, shipped
from handgen.synthesis.request import MARK, Request
from handgen.synthesis.usual import restyled, usual_recipe, with_usual_sources

BUDGET = 3_600_000
"""Bytes of pictures; as text they take a third more."""
HEIGHT = 64
"""Of the pictures of a line in pixels; shown at half of that or more, so that they are sharp on any screen."""
_WIDEST = 900
_SPECIMENS = ("永和九年岁在癸丑", "Quick brown fox 123", "0123456789")
_SOME = 10
_PROBES = 24
"""Characters that are read in each style, beside those of the words."""
_FRESH = 3
"""Lines that are shown of a style that is another one in each sample."""
_TOGETHER = 32
_RUNS = Path("runs")
PRINT, PARTLY, RUNNING, UNKNOWN = "print", "partly joined", "running", "unknown"
_CURSIVENESS = ((0.3, PRINT), (0.6, PARTLY), (1.01, RUNNING))
"""Below which number a writer writes how."""
_OF_KIND = {"running": 0.8, "brush": 0.45, "pen": 0.15, "kai": 0.1}
"""About how cursive fonts of a kind are; others are print."""


@dataclass(frozen=True)
class Hand:
    """One style on the page.

    Attributes:
        name: what a dataset calls it.
        chosen: what ``--styles`` is given for it.
        kind: trained style, mixture, latent, writer, font or handwriting.
        licenses: of what it is drawn from, each once.
        cursiveness: one of ``PRINT``, ``PARTLY``, ``RUNNING`` and ``UNKNOWN``.
        legible: share of its characters that the recognizer reads, 0 to 1; None if nobody read them.
        notes: what else is known.
        uri: its picture; None if it draws nothing of the words, or there is no room.
        width: of the picture in pixels.
        height: of the picture in pixels.
    """

    name: str
    chosen: str
    kind: str
    licenses: tuple[str, ...]
    cursiveness: str
    legible: float | None
    notes: tuple[str, ...]
    uri: str | None
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Wall:
    """The styles of one source.

    Attributes:
        name: of the source.
        settings: of the source in a recipe, but for its styles.
        styles: what was asked of them; empty = every one.
        hands: those that are shown.
        count: how many there are.
    """

    name: str
    settings: Mapping[str, Any]
    styles: str
    hands: Sequence[Hand]
    count: int


@dataclass(frozen=True)
class Gallery:
    """What the page shows.

    Attributes:
        name: of the model or the recipe.
        text: the words.
        walls: the styles of each source.
        request: what draws, as ``synth`` would be asked for it.
        recipe: whether what was selected is told by a recipe; else by ``--styles``.
        remarks: what a reader should know.
    """

    name: str
    text: str
    walls: Sequence[Wall]
    request: Request
    recipe: bool
    remarks: Sequence[str]


def make_gallery(what: str | None, settings: GallerySettings, progress: Progress | None = None) -> Gallery:
    """Draw a gallery.

    Args:
        what: a model or a recipe; None = what ``synth`` takes.
        settings: what to show.
        progress: called with what takes long, how much of it is done, and how much there is.

    Raises:
        UsageError, HandgenError: there is no such thing, or it draws none of the words.
    """
    name, request, recipe = find_request(what, settings)
    charset = load_charset(request.charset) if request.charset else usual_chars(request.sources)
    text = " ".join(settings.text.split()) if settings.text else _usual_text(charset)
    probes = _spread(charset, _PROBES)
    still = [replace(spec, vary=0.0) for spec in request.sources if spec.share]
    source = open_sources(
        still, unique_chars(text + probes), seed=request.seed, device=request.device, progress=progress, suit=charset
    )
    read, remark = _reader(settings, request.device, source)
    total = len(source.styles)
    album, walls = Album(BUDGET, tallest=HEIGHT * _FRESH, widest=_WIDEST), []
    done = 0
    specs = [
        (spec, told) for spec, told in zip(request.sources, described(request)["sources"], strict=True) if spec.share
    ]
    for (spec, told), part in zip(specs, source.parts, strict=True):
        count = len(part.source.styles)
        shown = min(count, max(1, settings.most * count // total)) if total > settings.most else count
        hands = []
        for first in range(0, shown, _TOGETHER):
            some = range(first, min(first + _TOGETHER, shown))
            hands += _hands(part, some, text, request.seed, album, read)
            if progress:
                progress(f"drawing {part.source.name}", done + len(hands), min(total, settings.most))
        done += len(hands)
        told.pop("styles", None)
        walls.append(Wall(part.source.name, told, spec.styles, hands, count))
    if not any(hand.uri for wall in walls for hand in wall.hands):
        raise UsageError(f"nothing draws any of '{text}'", "Give other words with --text.")
    return Gallery(name, text, walls, request, recipe, [remark] if remark else [])


def find_request(what: str | None, settings: GallerySettings) -> tuple[str, Request, bool]:
    """Return what a model, or a recipe, is called, what ``synth`` would be asked for it, and whether it is a recipe.

    ``zh`` is a model, ``zh.yaml`` the recipe of that name unless there is such a file.

    Raises:
        UsageError: there is no such model or recipe.
    """
    asked = SourceSpec(styles=settings.styles)
    given = {"seed": settings.seed, "device": str(resolve_device(settings.device))}
    if what is None:
        meant = load_charset(settings.charset) if settings.charset else unique_chars(settings.text or "")
        choice = choose_model(None, sorted(_RUNS.glob("*/")), meant)
        packaged = PACKAGE in choice.file.resolve().parents
        what = f"{usual_recipe(choice.file)}.yaml" if packaged else str(choice.file.parent)
    found = _recipe(what)
    if found is None:
        request = Request(sources=(replace(asked, source=what),), charset=settings.charset, **given)
        request = resolved(request)
        file = find_model(Path(what), ())
        return (run_name(file) if kind_of(what) == MODEL else file.name), request, False
    request = read_recipe(found)
    request = replace(request, charset=settings.charset or request.charset, device=given["device"])
    request, _ = with_usual_sources(replace(request, seed=settings.seed or request.seed))
    return found.stem, resolved(replace(request, sources=restyled(request.sources, asked))), True


def _recipe(what: str) -> Path | None:
    """Return the file of a recipe; None if a model is meant."""
    path = Path(what)
    if path.suffix.lower() in (".yaml", ".yml"):
        return path if path.is_file() else find_recipe(Path(path.stem))
    try:
        find_model(path, ())
    except UsageError:
        if what not in shipped():
            raise
        return shipped()[what]
    return None


def _usual_text(charset: str) -> str:
    known = {*charset, " "}
    fits = next((text for text in _SPECIMENS if known.issuperset(text)), None)
    return fits or "".join(filter(composable, charset))[:_SOME]


def _spread(charset: str, count: int) -> str:
    """Return so many characters, evenly over a charset."""
    return "".join(charset[int(row)] for row in np.linspace(0, len(charset) - 1, min(count, len(charset))))


Read = Callable[[NDArray[np.uint8], Sequence[str]], "NDArray[np.float64]"]
"""Tells of images and their characters whether each is read: 1, 0, or nan where the reader does not know it."""


def _reader(settings: GallerySettings, device: str, source: Source) -> tuple[Read | None, str]:
    """Return who reads, and what to know of that."""
    facts = source.gate_facts()
    try:
        found, _ = find_reader(
            MARK, settings.recognizer, resolve_device(device), source.chars, facts.recognizer, facts.owed
        )
    except UsageError as error:
        if settings.recognizer is not None:
            raise
        return None, f"How legible the styles are is not shown, as nobody read them: {error.message}. {error.remedy}"
    assert found is not None
    reader = found[0]

    def read(images: NDArray[np.uint8], chars: Sequence[str]) -> NDArray[np.float64]:
        labels = np.array([reader.number(char) for char in chars])
        first = reader.read(images, top=1).chars[:, 0]
        return np.where(labels < 0, np.nan, first == labels)

    return read, ""


def _hands(part: Part, styles: range, text: str, seed: int, album: Album, read: Read | None) -> list[Hand]:
    source = part.source
    legible = _legible(source, styles, seed, read) if read else [None] * len(styles)
    made = []
    for style, lines, share in zip(styles, _lines(source, styles, text, seed), legible, strict=True):
        drawn = source.styles[style]
        told, facts = source.describe(style), facts_of_style(source, style, source.name)
        found = facts.license.split(", ") if facts.license else source.licenses().values()
        picture = _stacked(lines) if lines else None
        notes = [f"{pen} pen" for pen in [facts.pen] if pen] + [font for font in [facts.font] if font]
        notes += ["+".join(f"{name} {weight:.0%}" for name, weight in drawn.weights.items())] * (len(drawn.weights) > 1)
        made.append(
            Hand(
                drawn.name,
                drawn.name.partition("(")[0] if len(drawn.weights) > 1 else drawn.name,
                _kind(source, style, told),
                tuple(sorted(set(found))),
                _cursiveness(drawn.weights, facts.cursiveness),
                share,
                tuple(notes),
                album.add(_png(picture)) if picture is not None else None,
                *(picture.shape[::-1] if picture is not None else (0, 0)),
            )
        )
    return made


def _kind(source: Source, style: int, told: Mapping[str, Any]) -> str:
    drawn = source.styles[style]
    if drawn.fresh:
        return "another in every sample"
    if "writer" in told:
        return "writer"
    if "origin" in told:
        return "handwriting" if told["origin"].get("kind") else "font"
    return "trained style" if len(drawn.weights) == 1 else "mixture" if drawn.weights else "latent"


def _cursiveness(weights: Mapping[str, float], known: float | None) -> str:
    """Say how cursive a style is: as its writer is, else as the fonts of the catalog are that it is made of."""
    if known is None:
        entries = {name: find_entry(name.partition("-wght")[0]) for name in weights}
        if not weights or not all(entries.values()):
            return UNKNOWN
        kinds = [(_OF_KIND.get(entry.kind, 0.0), weights[name]) for name, entry in entries.items() if entry]
        known = sum(value * weight for value, weight in kinds) / sum(weights.values())
    return next(name for least, name in _CURSIVENESS if known < least)


def _legible(source: Source, styles: range, seed: int, read: Read) -> list[float | None]:
    """Return of each style the share of its characters that are read."""
    chars = np.arange(len(source.chars))
    style, char = np.repeat(np.array(styles), len(chars)), np.tile(chars, len(styles))
    able = np.ones(len(style), bool) if source.coverage is None else source.coverage[style, char]
    style, char = style[able], char[able]
    drawn = draw_in_blocks(source, char, style, SampleKey.of(seed, char)).images
    right = read(drawn, [source.chars[number] for number in char.tolist()])
    known = ~np.isnan(right)
    return [float(right[own].mean()) if (own := known & (style == number)).any() else None for number in styles]


def _lines(source: Source, styles: range, text: str, seed: int) -> list[list[NDArray[np.uint8]]]:
    """Write the words in each style: one line, several of a style that is another one each time, none without ink."""
    number_of = {char: number for number, char in enumerate(source.chars)}

    def draw(chars: Sequence[str], of: NDArray[np.int64], key: SampleKey) -> LineGlyphs:
        drawn = source.draw(np.array([number_of[char] for char in chars], np.int64), of, key)
        return LineGlyphs(drawn.images, drawn.notes, [])

    def whole(style: int) -> Any:
        font = source.line_font(style)
        return font.draw if font else None

    writing = LineSynthesis(
        _NoPlan(), [{"style": style.name} for style in source.styles], draw, seed, height=HEIGHT,
        drops=source.drops, whole=whole, glyphs_per_pass=source.block,
    )  # fmt: skip
    jobs = [
        LineJob(line, own, style)
        for style in styles
        if (own := text if source.line_font(style) else _drawable(source, style, text))
        for line in range(_FRESH if source.styles[style].fresh else 1)
    ]
    found: dict[int, list[NDArray[np.uint8]]] = {}
    for job, image in zip(jobs, _written(writing, jobs), strict=True):
        if image is not None:
            found.setdefault(job.style, []).append(image)
    return [found.get(style, []) for style in styles]


def _written(writing: LineSynthesis, jobs: Sequence[LineJob]) -> list[NDArray[np.uint8] | None]:
    """Write lines together; where one has no ink, one by one."""
    try:
        return [np.asarray(sample.image) for sample in writing.write(jobs)] if jobs else []
    except DatasetError:
        if len(jobs) == 1:
            return [None]
        return [image for job in jobs for image in _written(writing, [job])]


class _NoPlan:
    """No line has a text or a style of its own: jobs say them."""

    def text(self, index: int) -> str:
        """Refuse."""
        raise NotImplementedError

    def style(self, index: int) -> int:
        """Refuse."""
        raise NotImplementedError


def _drawable(source: Source, style: int, text: str) -> str:
    has = source.coverage
    able = {char for number, char in enumerate(source.chars) if has is None or has[style, number]}
    kept = "".join(char for char in text if char == " " or (char in able and composable(char)))
    return " ".join(kept.split())


def _stacked(lines: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    width = max(line.shape[1] for line in lines)
    return np.concatenate([np.pad(line, ((0, 0), (0, width - line.shape[1])), constant_values=255) for line in lines])


def _png(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=1)
    return file.getvalue()
