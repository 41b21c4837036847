"""A gallery: every style of what draws, with the same words, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from handgen.checkpoints.find import run_name
from handgen.devices import resolve_device
from handgen.errors import UsageError
from handgen.files import PACKAGE
from handgen.fonts.charsets import load_charset, unique_chars
from handgen.lines.cut import composable
from handgen.report.gallery_settings import GallerySettings
from handgen.report.hands import FRESH, HEIGHT, Hand, draw_hands, word_reader
from handgen.report.pictures import Album
from handgen.sources import MODEL
from handgen.sources.base import Progress
from handgen.sources.find import choose_model, find_model, kind_of
from handgen.sources.opening import open_sources, usual_chars
from handgen.sources.spec import SourceSpec
from handgen.synthesis.prepare import resolved
from handgen.synthesis.recipe import described, find_recipe, read_recipe, shipped
from handgen.synthesis.request import Request
from handgen.synthesis.usual import restyled, usual_recipe, with_usual_sources

BUDGET = 3_600_000
"""Bytes of pictures; as text they take a third more."""
_WIDEST = 900
_SPECIMENS = ("永和九年岁在癸丑", "Quick brown fox 123", "0123456789")
_SOME = 10
_PROBES = 24
"""Characters that are read in each style, beside those of the words."""
_TOGETHER = 32
_RUNS = Path("runs")


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
    read, remark = word_reader(settings.recognizer or request.recognizer, request.device, source)
    album, walls, done = Album(BUDGET, tallest=HEIGHT * FRESH, widest=_WIDEST), [], 0
    specs = [
        (spec, told) for spec, told in zip(request.sources, described(request)["sources"], strict=True) if spec.share
    ]
    shown = shared_out([len(part.source.styles) for part in source.parts], settings.most)
    for (spec, told), part, count in zip(specs, source.parts, shown, strict=True):
        hands = []
        for first in range(0, count, _TOGETHER):
            some = range(first, min(first + _TOGETHER, count))
            found = draw_hands(part, some, text, request.seed, album, read)
            hands += found
            if len(found) < len(some):
                break
            if progress:
                progress(f"drawing {part.source.name}", done + len(hands), sum(shown))
        done += len(hands)
        told.pop("styles", None)
        walls.append(Wall(part.source.name, told, spec.styles, hands, len(part.source.styles)))
    if not any(hand.uri for wall in walls for hand in wall.hands):
        raise UsageError(f"nothing draws any of '{text}'", "Give other words with --text.")
    return Gallery(name, text, walls, request, recipe, [remark] if remark else [])


def shared_out(counts: Sequence[int], most: int) -> list[int]:
    """Return how many styles of each source are shown: all of small ones, and of the others equally many."""
    shown = [0] * len(counts)
    left = most
    for taken, number in enumerate(sorted(range(len(counts)), key=lambda each: counts[each])):
        shown[number] = min(counts[number], max(1, left // (len(counts) - taken)))
        left -= shown[number]
    return shown


def find_request(what: str | None, settings: GallerySettings) -> tuple[str, Request, bool]:
    """Return what a model, or a recipe, is called, what ``synth`` would be asked for it, and whether it is a recipe.

    ``zh`` is a model, ``zh.yaml`` the recipe of that name unless there is such a file.

    Raises:
        UsageError: there is no such model or recipe.
    """
    asked = SourceSpec(styles=settings.styles)
    device = str(resolve_device(settings.device))
    if what is None:
        meant = load_charset(settings.charset) if settings.charset else unique_chars(settings.text or "")
        choice = choose_model(None, sorted(_RUNS.glob("*/")), meant)
        packaged = PACKAGE in choice.file.resolve().parents
        what = f"{usual_recipe(choice.file)}.yaml" if packaged else str(choice.file.parent)
    found = _recipe(what)
    if found is None:
        request = Request(
            sources=(replace(asked, source=what),), charset=settings.charset, seed=settings.seed, device=device
        )
        request = resolved(request)
        file = find_model(Path(what), ())
        return (run_name(file) if kind_of(what) == MODEL else file.name), request, False
    request = read_recipe(found)
    request = replace(request, charset=settings.charset or request.charset, device=device)
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
