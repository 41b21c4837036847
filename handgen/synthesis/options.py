"""From options by name, as the command line and the Python API have them, to a request."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from pathlib import Path
from typing import Any

from handgen.errors import UsageError
from handgen.pages.settings import PageRequest
from handgen.registry import nearest
from handgen.settings import Settings
from handgen.sources.spec import OWN, SourceSpec
from handgen.synthesis.recipe import find_recipe, read_recipe
from handgen.synthesis.request import NESTED, OFF, LineRequest, Request


def names_of(kind: type[Settings], but: Collection[str] = ()) -> set[str]:
    """Return the names of settings, less some."""
    return {field.name for field in dataclasses.fields(kind)} - set(but)  # type: ignore[arg-type]


def make_request(
    *models: str | Path,
    recipe: Path | None = None,
    lines: LineRequest | bool = False,
    pages: PageRequest | bool = False,
    **options: Any,
) -> Request:
    """Return what is asked for: what a recipe says, if one is named, and before that what the options say.

    Args:
        models: what draws: paths, or ``MODEL`` or ``MODEL=SHARE``; the recipe's by default, or else the usual one.
        recipe: a YAML file, or the name of a recipe that comes with handgen.
        lines: lines of text instead of single characters; with these settings, or as a recipe says.
        pages: pages of lines; likewise.
        options: values of settings of ``Request``, ``LineRequest``, ``PageRequest`` and ``SourceSpec``, by name; those
            of a source hold for all sources.

    Raises:
        UsageError: an option is unknown, out of range or excluded by another; the recipe is missing or wrong.
    """
    of_source, of_request, of_lines = names_of(SourceSpec, OWN), names_of(Request, NESTED), names_of(LineRequest)
    of_pages = names_of(PageRequest)
    known = of_source | of_request | of_lines | of_pages
    for name in options:
        if name not in known:
            raise UsageError(f"unknown option '{name}'", nearest(name, sorted(known)))
    base = Request()
    if recipe is not None:
        path = find_recipe(recipe)
        base = dataclasses.replace(read_recipe(path), out=Path("datasets") / path.stem)
        if options.get("gate") == OFF:
            base = dataclasses.replace(base, recognizer=None)
    page_request = pages if isinstance(pages, PageRequest) else base.pages or (PageRequest() if pages else None)
    line_request = base.lines or (LineRequest() if lines or page_request else None)
    line_request = lines if isinstance(lines, LineRequest) else line_request
    for_pages = {name: options[name] for name in options if name in of_pages}
    if for_pages and page_request is None:
        raise UsageError(f"--{next(iter(for_pages)).replace('_', '-')} is an option of pages", "Add --pages.")
    for_lines = {name: options[name] for name in options if name in of_lines}
    if for_lines and line_request is None:
        raise UsageError("--corpus and the options of lines say nothing of single characters", "Add --lines.")
    for_sources = {name: options[name] for name in options if name in of_source}
    sources = tuple(map(parse_model, models)) if models else base.sources
    return dataclasses.replace(
        base,
        sources=tuple(dataclasses.replace(spec, **for_sources) for spec in sources),
        lines=dataclasses.replace(line_request, **for_lines) if line_request else None,
        pages=dataclasses.replace(page_request, **for_pages) if page_request else None,
        **{name: options[name] for name in options if name in of_request},
    )


def parse_model(model: str | Path) -> SourceSpec:
    """Return the source that a path, ``MODEL`` or ``MODEL=SHARE`` means.

    Raises:
        UsageError: the share is no number from 0.
    """
    text = str(model)
    name, equals, share = text.rpartition("=")
    if not equals or isinstance(model, Path) or Path(text).exists():
        return SourceSpec(source=text)
    try:
        number = float(share)
    except ValueError:
        raise UsageError(f"--model {text}: '{share}' is no share", "Write it as --model zh=2.") from None
    if not number >= 0 or not name:
        raise UsageError(f"--model {text} is not possible", "Write a name and a share from 0, as --model zh=2.")
    return SourceSpec(source=name, share=number)
