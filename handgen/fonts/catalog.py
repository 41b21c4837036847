"""The catalog of fonts that handgen can fetch or knows by name.

``catalog.json`` beside this file is kept by hand. ``latin.json`` holds the Latin handwriting families of npm: a script
writes it (``examples/fonts``), from what the packages hold and from kinds that were looked at.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from handgen.errors import FontError, UsageError
from handgen.registry import nearest

GROUPS = {"zh": "han", "en": "latin"}
"""What ``handgen fonts fetch`` takes besides family names: a group is the better entries of one script."""

HANDWRITTEN = frozenset({"pen", "running", "brush", "kai"})
"""Kinds that look written by hand and tell capital from small letters: the default targets.

``pen``: letters that a pen writes one by one. ``running``: joined, or strokes that run together. ``brush``: a brush or
a broad marker. ``kai``: the model hand of Chinese school books.
"""

PRINTED = frozenset({"hei", "song", "round", "sans", "serif"})
"""Kinds of type that is made for print."""

CAPITALS = "caps"
KINDS = HANDWRITTEN | PRINTED | {CAPITALS, "display"}
"""Every kind. ``caps``: handwritten, but small letters are drawn as capitals. ``display``: decoration."""

KIND_GROUPS = {"handwriting": HANDWRITTEN, "print": PRINTED}
"""Words that stand for several kinds."""

CLIENTS = ("npm", "pip", "apt")
"""Where fonts come from. Those of ``apt`` are not fetched: they are found when their Debian package is installed."""


@dataclass(frozen=True)
class Source:
    """Where a family comes from.

    Attributes:
        type: the client that brings it, one of CLIENTS.
        package: name of the package there.
        version: the one version that was tried.
        take: shell pattern of the wanted files, matched against paths inside the package;
            several WOFF2 files are slices of one font. Of ``apt``: the file's name.
        notice: the license in words, for a package that carries the font without its license file.
    """

    type: str
    package: str
    version: str
    take: str
    notice: str = ""


@dataclass(frozen=True)
class Entry:
    """One family.

    Attributes:
        family: its name.
        script: ``han`` or ``latin``.
        kind: one of KINDS; of everything but printed type it was looked at.
        license: SPDX.
        source: where it comes from.
        draws: characters with ink of their own, of the charset ``latin`` or ``gb2312``; 0 where nobody counted.
        more: a group holds it only with ``--all``.
    """

    family: str
    script: str
    kind: str
    license: str
    source: Source
    draws: int = 0
    more: bool = False

    @property
    def slug(self) -> str:
        """The family in lower case with hyphens: ``ma-shan-zheng``; names the fetched files."""
        return "-".join(self.family.casefold().split())


FILES = ("catalog.json", "latin.json")


def plain(name: str) -> str:
    """Return ``name`` reduced to its letters and digits, in lower case, for comparing font names."""
    return "".join(character for character in name.casefold() if character.isalnum())


@cache
def catalog() -> tuple[Entry, ...]:
    """Return every entry, in the order of the file.

    Raises:
        FontError: the file that was shipped is damaged.
    """
    folder = resources.files(__package__)
    return parse_catalog(*(folder.joinpath(name).read_text(encoding="utf-8") for name in FILES))


def parse_catalog(*texts: str) -> tuple[Entry, ...]:
    """Read and check catalog JSON, of one file or more.

    Raises:
        FontError: not of the expected form, or a family is listed twice.
    """
    try:
        entries = tuple(_entry(row) for text in texts for row in json.loads(text)["fonts"])
    except (ValueError, KeyError, TypeError) as error:
        raise FontError(f"the font catalog is damaged: {error}", "Install handgen again.") from error
    slugs = [entry.slug for entry in entries]
    if twice := {slug for slug in slugs if slugs.count(slug) > 1}:
        raise FontError(f"the font catalog lists {sorted(twice)} twice", "Install handgen again.")
    return entries


def _entry(row: dict[str, Any]) -> Entry:
    entry = Entry(**{**row, "source": Source(**row["source"])})
    source = entry.source
    fields = [entry.family, entry.license, source.type, source.package, source.version, source.take]
    if not all(isinstance(field, str) and field for field in fields):
        raise ValueError(f"{row}: a field is empty")
    if entry.script not in GROUPS.values() or entry.kind not in KINDS or source.type not in CLIENTS:
        raise ValueError(f"{entry.family}: unknown script, kind or source type")
    return entry


def find_entry(name: str) -> Entry | None:
    """Return the entry of a family (``Ma Shan Zheng``, ``ma-shan-zheng``), or None."""
    return _by_family().get(plain(name))


@cache
def _by_family() -> dict[str, Entry]:
    """Return the entries by their plain names; the first of those called alike."""
    return {plain(entry.family): entry for entry in reversed(catalog())}


ALIASES = {
    "heiti": "hei",
    "simhei": "hei",
    "黑体": "hei",
    "songti": "song",
    "simsun": "song",
    "宋体": "song",
    "kaiti": "kai",
    "simkai": "kai",
    "楷体": "kai",
}
"""Names that mean "any font of this kind" wherever no font is called so."""


def select(names: list[str], everything: bool = False) -> list[Entry]:
    """Return the entries of groups (``zh``, ``en``), families and aliases, each once.

    Args:
        names: groups, families, and aliases of which the first family is taken.
        everything: groups hold the entries marked ``more``, too.

    Raises:
        UsageError: a name is neither, the message suggests the nearest one; or the family comes in a Debian package.
    """
    chosen: dict[str, Entry] = {}
    for name in names:
        if name in GROUPS:
            entries = [entry for entry in fetchable(GROUPS[name]) if everything or not entry.more]
        elif found := find_entry(name):
            if found.source.type == "apt":
                raise UsageError(
                    f"'{found.family}' comes in a package of Debian", f"Get it with: {installing(found.source.package)}"
                )
            entries = [found]
        elif kind := ALIASES.get(name.casefold()):
            entries = [next(entry for entry in fetchable("han") if entry.kind == kind)]
        else:
            known = [*GROUPS, *(entry.family for entry in catalog())]
            raise UsageError(f"no font '{name}' in the catalog", nearest(name, known))
        chosen.update((entry.slug, entry) for entry in entries)
    return list(chosen.values())


def fetchable(script: str) -> list[Entry]:
    """Return the entries of a script that npm or pip brings."""
    return [entry for entry in catalog() if entry.script == script and entry.source.type != "apt"]


def installing(*packages: str) -> str:
    """Return the command that installs packages of Debian."""
    return f"sudo apt install {' '.join(dict.fromkeys(packages))}"
