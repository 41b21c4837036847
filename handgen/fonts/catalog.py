"""The catalog of fonts that handgen can fetch, shipped as ``catalog.json`` beside this file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from handgen.errors import FontError, UsageError
from handgen.registry import nearest

GROUPS = {"zh": "han", "en": "latin"}
"""What ``handgen fonts fetch`` takes besides family names: a group is every entry of one script."""

HANDWRITTEN = frozenset({"handwriting", "brush", "kai", "script"})
"""Kinds that look written by hand and tell capital from small letters: the default targets."""

KINDS = HANDWRITTEN | {"caps", "hei", "song", "round", "sans", "serif", "display"}
"""Every kind. ``caps``: handwritten, but small letters are drawn as capitals."""


@dataclass(frozen=True)
class Source:
    """Where a family comes from.

    Attributes:
        type: the client that brings it: ``npm`` or ``pip``.
        package: name of the package there.
        version: the one version that was tried.
        take: shell pattern of the wanted files, matched against paths inside the package;
            several WOFF2 files are slices of one font.
    """

    type: str
    package: str
    version: str
    take: str


@dataclass(frozen=True)
class Entry:
    """One family: its name, script (``han``, ``latin``), kind (one of KINDS), SPDX license and source."""

    family: str
    script: str
    kind: str
    license: str
    source: Source

    @property
    def slug(self) -> str:
        """The family in lower case with hyphens: ``ma-shan-zheng``; names the fetched files."""
        return "-".join(self.family.casefold().split())


def plain(name: str) -> str:
    """Return ``name`` reduced to its letters and digits, in lower case, for comparing font names."""
    return "".join(character for character in name.casefold() if character.isalnum())


@cache
def catalog() -> tuple[Entry, ...]:
    """Return every entry, in the order of the file.

    Raises:
        FontError: the file that was shipped is damaged.
    """
    text = resources.files(__package__).joinpath("catalog.json").read_text(encoding="utf-8")
    return parse_catalog(text)


def parse_catalog(text: str) -> tuple[Entry, ...]:
    """Read and check catalog JSON.

    Raises:
        FontError: not of the expected form, or a family is listed twice.
    """
    try:
        entries = tuple(_entry(row) for row in json.loads(text)["fonts"])
    except (ValueError, KeyError, TypeError) as error:
        raise FontError(f"the font catalog is damaged: {error}", "Install handgen again.") from error
    slugs = [entry.slug for entry in entries]
    if twice := {slug for slug in slugs if slugs.count(slug) > 1}:
        raise FontError(f"the font catalog lists {sorted(twice)} twice", "Install handgen again.")
    return entries


def _entry(row: dict[str, Any]) -> Entry:
    entry = Entry(**{**row, "source": Source(**row["source"])})
    fields = [entry.family, entry.license, *vars(entry.source).values()]
    if not all(isinstance(field, str) and field for field in fields):
        raise ValueError(f"{row}: a field is empty")
    if entry.script not in GROUPS.values() or entry.kind not in KINDS or entry.source.type not in ("npm", "pip"):
        raise ValueError(f"{entry.family}: unknown script, kind or source type")
    return entry


def find_entry(name: str) -> Entry | None:
    """Return the entry of a family (``Ma Shan Zheng``, ``ma-shan-zheng``), or None."""
    return next((entry for entry in catalog() if plain(entry.family) == plain(name)), None)


def select(names: list[str]) -> list[Entry]:
    """Return the entries of groups (``zh``, ``en``) and families, each once.

    Raises:
        UsageError: a name is neither; the message suggests the nearest one.
    """
    chosen: dict[str, Entry] = {}
    for name in names:
        if name in GROUPS:
            entries = [entry for entry in catalog() if entry.script == GROUPS[name]]
        elif found := find_entry(name):
            entries = [found]
        else:
            known = [*GROUPS, *(entry.family for entry in catalog())]
            raise UsageError(f"no font '{name}' in the catalog", nearest(name, known))
        chosen.update((entry.slug, entry) for entry in entries)
    return list(chosen.values())
