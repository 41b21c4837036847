"""The page: what it shows, and how that becomes HTML in which nothing but its own script can run."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from handgen.files import write_text
from handgen.report.text import plain
from handgen.report.typeface import typeface
from handgen.version import __version__

_LONGEST = 400
"""Characters of a setting that are shown: style vectors and charsets have thousands."""


@dataclass(frozen=True)
class Card:
    """One sample.

    Attributes:
        uri: of its picture; None if there is none to show.
        style: name of its style; empty if it has none.
        label: what it should show.
        note: a line under it.
    """

    uri: str | None
    style: str
    label: str
    note: str = ""


@dataclass(frozen=True)
class Grid:
    """Samples of every style, a row for each.

    Attributes:
        characters: those of the columns, where all styles show the same; else none.
        rows: a style's name, and label and picture of its samples; no picture where it has no such sample.
        styles: how many styles there are, shown or not.
    """

    characters: Sequence[str]
    rows: Sequence[tuple[str, Sequence[tuple[str, str | None]]]]
    styles: int


@dataclass(frozen=True)
class Table:
    """Numbers, with a sentence on each column but the first."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Chart:
    """A drawing with a title and a sentence."""

    title: str
    svg: Markup
    word: str = ""


@dataclass(frozen=True)
class Comparison:
    """What a page shows beside something else.

    Attributes:
        title: of the section.
        word: a sentence on what is compared.
        strips: a caption, and pictures.
        table: numbers of both.
        charts: a drawing for each row of the table.
    """

    title: str
    word: str
    strips: Sequence[tuple[str, Sequence[str]]]
    table: Table
    charts: Sequence[Chart]


@dataclass
class Page:
    """All that a page shows; what is empty is left out."""

    title: str
    kind: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    beside: Comparison | None = None
    grid: Grid | None = None
    sheets: list[tuple[str, str]] = field(default_factory=list)
    samples: list[Card] = field(default_factory=list)
    worst: list[Card] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    settings: list[tuple[str, str]] = field(default_factory=list)

    @property
    def styles(self) -> list[str]:
        """The styles that samples can be filtered by."""
        rows = [name for name, _ in self.grid.rows] if self.grid else []
        names = [*rows, *(card.style for card in (*self.samples, *self.worst))]
        return [name for name in dict.fromkeys(names) if name]


def save(page: Page, path: Path) -> None:
    """Write the page, whole or not at all.

    Raises:
        HandgenError: the disk is full or may not be written.
    """
    write_text(path, render(page))


def render(page: Page) -> str:
    """Return the page as HTML; see ``fill``."""
    return fill("page.html", ["page.css"], "page.js", page=page)


def fill(template: str, styles: Sequence[str], script: str, **facts: Any) -> str:
    """Return a template as HTML that is whole in itself.

    Everything is escaped, and the page's own policy allows only its one script, by its hash.

    Args:
        template: its name.
        styles: names of its CSS files.
        script: name of its JavaScript file; ``theme.js`` goes before it.
        facts: what the template shows.
    """
    loader = PackageLoader("handgen.report", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["plain"] = plain
    environment.filters["plain_lines"] = lambda text: "\n".join(map(plain, text.split("\n")))

    def source(*names: str) -> str:
        return "".join(loader.get_source(environment, name)[0] for name in names)

    code = source("theme.js", script)
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode("ascii")
    facts |= {"script": Markup(code), "style": Markup(source(*styles)), "digest": digest, "version": __version__}
    page = environment.get_template(template)
    face = typeface(page.render(**facts, typeface=""))
    return page.render(**facts, typeface=Markup(face))


def settings_of(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Flatten JSON to (name, value) for the table of settings; long values are cut."""
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, dict) and value:
            rows += settings_of(value, f"{prefix}{key}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            rows.append(
                (prefix + key, text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)")
            )
    return rows
