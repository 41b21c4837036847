"""The catalog of fonts that handgen can fetch or knows by name.

``catalog.json`` is edited by hand. ``latin.json`` has the Latin handwriting families of npm; the script
``examples/fonts`` writes it from the contents of the packages and from a list of kinds that a person chose.
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
"""Group that ``handgen fonts fetch`` takes besides family names -> script. A group has the better fonts of a script."""

HANDWRITTEN = frozenset({"pen", "running", "brush", "kai"})
"""Kinds that look handwritten and have both capital and small letters. They are the default targets.

``pen``: separate letters of a pen. ``running``: joined letters, or strokes that run together. ``brush``: a brush or a
broad marker. ``kai``: the model hand of Chinese school books.
"""

PRINTED = frozenset({"hei", "song", "round", "sans", "serif"})
"""Kinds of type for print."""

CAPITALS = "caps"
KINDS = HANDWRITTEN | PRINTED | {CAPITALS, "display"}
"""All kinds. ``caps``: handwritten, but small letters look like capitals. ``display``: decorative."""

KIND_GROUPS = {"handwriting": HANDWRITTEN, "print": PRINTED}
"""Names of groups of kinds."""

CLIENTS = ("npm", "pip", "apt")
"""Package managers that have fonts. Fonts of ``apt`` are not fetched; they are found when the package is installed."""


@dataclass(frozen=True)
class Source:
    """Where a family comes from.

    Attributes:
        type: the package manager, one of CLIENTS.
        package: name of the package.
        version: the version that was tested.
        take: shell pattern of the wanted files, matched against paths inside the package;
            several WOFF2 files are slices of one font. For ``apt``: name of the file.
        notice: text of the license notice, if the package has the font without its license file.
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
        family: name of the family.
        script: ``han`` or ``latin``.
        kind: one of KINDS; a person chose it, except for type for print.
        license: SPDX identifier.
        source: where it comes from.
        draws: number of characters of the charset ``latin`` or ``gb2312`` that it really draws; 0 = not counted.
        more: whether its group has it only with ``--all``.
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
    """Return all entries, in the order of the files.

    Raises:
        FontError: a file of handgen is damaged.
    """
    folder = resources.files(__package__)
    return parse_catalog(*(folder.joinpath(name).read_text(encoding="utf-8") for name in FILES))


def parse_catalog(*texts: str) -> tuple[Entry, ...]:
    """Read and check one or more catalogs in JSON.

    Raises:
        FontError: a catalog has a wrong form, or a family is listed twice.
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
    """Return plain name of a family -> entry; the first one, if names are equal."""
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
"""Name -> kind. Such a name means any font of that kind, unless a font has this name."""


def select(names: list[str], everything: bool = False) -> list[Entry]:
    """Return the entries of groups (``zh``, ``en``), families and aliases, each once.

    Args:
        names: groups, families, and aliases; an alias stands for the first family of its kind.
        everything: whether groups have the entries marked ``more`` too.

    Raises:
        UsageError: a name is unknown (the message suggests a similar one), or the family is in a Debian package.
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
    """Return the entries of a script that npm or pip can fetch."""
    return [entry for entry in catalog() if entry.script == script and entry.source.type != "apt"]


def installing(*packages: str) -> str:
    """Return the command that installs Debian packages."""
    return f"sudo apt install {' '.join(dict.fromkeys(packages))}"
