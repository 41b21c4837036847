"""What draws where nobody says it: the latest finished run, else a recipe that comes with handgen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from handgen.checkpoints.files import peek
from handgen.errors import UsageError
from handgen.files import PACKAGE
from handgen.fonts.charsets import load_charset, unique_chars
from handgen.lines.corpus import first_file
from handgen.lines.sources import find_source
from handgen.ocr.reader import find_recognizer
from handgen.sources.find import choose_model
from handgen.sources.opening import source_class
from handgen.sources.spec import SourceSpec, asked_styles
from handgen.synthesis.recipe import read_recipe, shipped
from handgen.synthesis.request import OFF, Request
from handgen.weights import FIRST

NONE = "none"
"""The degradation that does nothing."""
_LATIN = "latin"
_OF_LINES = "-lines"
"""Ends the name of a recipe for lines."""
_RUNS = Path("runs")
_LOOKED_AT = 1 << 16
"""Bytes of a text that tell which script it is in."""
_FOR_ALL = frozenset({"styles", "vary", "size", "cursiveness"})
"""Options that say something to the sources of a recipe; others are meant for one model."""


def with_usual_sources(request: Request) -> tuple[Request, str]:
    """Return a request whose sources are all named, and what was taken instead of names, and why; else ``""``.

    Raises:
        UsageError: there is nothing that could be taken.
    """
    if all(spec.source for spec in request.sources):
        return _without_absent(request)
    choice = choose_model(None, sorted(_RUNS.glob("*/")), _meant(request))
    unnamed = request.sources[0]
    alone = replace(
        request, sources=tuple(replace(spec, source=spec.source or str(choice.file)) for spec in request.sources)
    )
    if PACKAGE not in choice.file.resolve().parents or not _suits_recipe(request.sources):
        return alone, choice.why
    name = usual_recipe(choice.file)
    of_lines = bool(request.lines) and name + _OF_LINES in shipped()
    drawn = name + _OF_LINES if of_lines else name
    recipe = read_recipe(shipped()[drawn])
    taken = replace(
        request,
        sources=recipe.sources,
        charset=request.charset or (None if request.text or request.lines else recipe.charset),
        degrade=request.degrade or (NONE if request.lines and not of_lines else recipe.degrade),
        out=request.out or usual_out(name, request),
        recognizer=request.recognizer or _reader_of(recipe, request),
    )
    try:
        taken, absent = _without_absent(taken)
    except UsageError as error:
        return alone, f"{choice.why}; of the recipe {drawn} {error.message}"
    taken = replace(taken, sources=restyled(taken.sources, unnamed))
    _, _, runs = choice.why.partition("; ")
    why = "; ".join(part for part in (f"the recipe {drawn}, which comes with handgen", absent, runs) if part)
    return taken, why


def _reader_of(recipe: Request, request: Request) -> Path | None:
    """Return the recognizer that a recipe names; None if there is to be no gate, or it knows none of the characters."""
    if request.gate == OFF or recipe.recognizer is None:
        return None
    known = peek(find_recognizer(recipe.recognizer)).facts["charset"]
    meant = _meant(request)
    return recipe.recognizer if not meant or set(meant) & set(known) else None


def usual_out(name: str, request: Request) -> Path:
    """Return where a dataset goes by default: lines and pages beside characters that the same sources draw."""
    kind = "-pages" if request.pages else "-lines" if request.lines else ""
    return Path("datasets") / f"{name.removesuffix(kind)}{kind}"


def usual_recipe(weights: Path) -> str:
    """Return the name of the recipe that is taken where shipped weights would be, the file of these being given."""
    return weights.parent.name if weights.parent.name == FIRST else _LATIN


def _suits_recipe(sources: tuple[SourceSpec, ...]) -> bool:
    """Tell whether all that is asked of the one unnamed source can be asked of every source of a recipe."""
    (first, *others) = sources
    if others or not set(first.given()) <= _FOR_ALL:
        return False
    return not first.styles or isinstance(_number(first.styles), int)


def _number(styles: str) -> int | None:
    try:
        asked = asked_styles(styles)
    except UsageError:
        return None
    return asked if isinstance(asked, int) else None


def restyled(sources: tuple[SourceSpec, ...], asked: SourceSpec) -> tuple[SourceSpec, ...]:
    """Return the sources of a recipe with what was asked of all of them; a number of styles is shared out."""
    given = {name: getattr(asked, name) for name in asked.given()}
    count = _number(str(given.pop("styles", "")))
    total = sum(spec.share for spec in sources)
    made = []
    for spec in sources:
        options = source_class(spec).options
        own = {name: value for name, value in given.items() if name in options}
        if count:
            own["styles"] = str(max(1, round(count * spec.share / total)))
        made.append(replace(spec, **own))
    return tuple(made)


def _without_absent(request: Request) -> tuple[Request, str]:
    """Leave out the optional sources that cannot be had; return what is left, and what was left out and why.

    Raises:
        UsageError: none is left.
    """
    # Lines without a charset are of the characters of their texts.
    chars = load_charset(request.charset) if request.charset else _meant(request) if request.lines else ""
    absent = {
        spec.source: why for spec in request.sources if spec.optional and (why := source_class(spec).lack(spec, chars))
    }
    left = tuple(spec for spec in request.sources if spec.source not in absent)
    if not left:
        raise UsageError(f"none of the sources can be had: {'; '.join(absent.values())}", "Name another --model.")
    reasons = dict.fromkeys(absent.values())
    said = [f"without {' and '.join(name for name, each in absent.items() if each == why)}: {why}" for why in reasons]
    return replace(request, sources=left), "; ".join(said).rstrip(".")


def _meant(request: Request) -> str:
    """Return the characters that are asked for, as far as that tells which weights and which recipe suit."""
    corpus = first_file(Path(request.lines.corpus)) if request.lines and request.lines.corpus else None
    meant = characters_meant(request.charset, request.text or corpus)
    if request.lines and request.lines.corpus and not meant and not Path(request.lines.corpus).exists():
        return find_source(request.lines.corpus).chars
    return meant


def characters_meant(charset: str | None, text: Path | None) -> str:
    """Return the characters that a user asks for, as far as that tells which shipped weights suit.

    Args:
        charset: as for ``load_charset``.
        text: a UTF-8 file, or anything else, which tells nothing.

    Raises:
        UsageError: there is no such charset.
    """
    if charset:
        return load_charset(charset)
    if text is None or not text.is_file():
        return ""
    with text.open("rb") as stream:
        return unique_chars(stream.read(_LOOKED_AT).decode("utf-8", errors="ignore"))
