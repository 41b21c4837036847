"""Where fonts come from and their licenses: from a user's table, the catalog of fonts, or the font itself."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from handgen.errors import UsageError
from handgen.fonts.catalog import Entry, find_entry
from handgen.fonts.find import UNKNOWN, short_license
from handgen.glyphs.records import Origin

COLUMNS = ("style", "family", "license", "from")


@dataclass(frozen=True)
class Provenance:
    """The origin of a style, for the model card.

    Attributes:
        family: name of the font, or of the data of a writer.
        license: an SPDX identifier if it is known.
        where: how to get it; empty if it is not known.
    """

    family: str
    license: str
    where: str


def read_table(path: Path) -> dict[str, Provenance]:
    """Read a CSV file of fonts that are not in the catalog, with the columns ``COLUMNS``.

    Returns:
        Style name -> its origin.

    Raises:
        UsageError: there is no such file, or it has other columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
            return {row["style"]: Provenance(row["family"], row["license"], row["from"]) for row in rows}
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        raise UsageError(f"{path} is no table of fonts ({error})", f"Its columns are {', '.join(COLUMNS)}.") from error


def provenance(style: str, origin: Origin, table: Mapping[str, Provenance]) -> Provenance:
    """Return the origin of a style: from the table, or else the catalog, or else the font.

    Args:
        style: its name.
        origin: its origin in the glyph store.
        table: the result of ``read_table``.
    """
    if style in table:
        return table[style]
    family = origin.family or origin.folder or origin.file or style
    entry = find_entry(family) or find_entry(style)
    if entry:
        return Provenance(entry.family, entry.license, _fetched(entry))
    return Provenance(family, short_license(origin.license) or UNKNOWN, "")


def _fetched(entry: Entry) -> str:
    source = entry.source
    return f"`handgen fonts fetch '{entry.family}'` ({source.type}: {source.package} {source.version})"
