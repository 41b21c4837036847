"""The records in a glyph store's manifest: how the source font was drawn, and where each style comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handgen.fonts.align import Alignment
from handgen.fonts.raster import Placement
from handgen.typed import ALSO, Record


@dataclass(frozen=True)
class Raster(Record):
    """How the glyphs of a source font are drawn.

    Attributes:
        size: side of the images in pixels; 0 if nothing is drawn from a store.
        margin: free border, as a fraction of the side.
        source: the font, written as ``FontRef.spec``; empty without a source font.
        sha256: SHA-256 of the font file.
        placement: scale and position of the glyphs; None without a source font.
        seed: seed of the sample of characters.
        drawings: number of drawings of each character of the source.
        set: settings of a training set that ``handgen transfer`` made.
    """

    size: int = 0
    margin: float = 0.0
    source: str = ""
    sha256: str = ""
    placement: Placement | None = None
    seed: int = 0
    drawings: int = 1
    set: Mapping[str, Any] = field(default_factory=dict)

    def unlike(self, other: Raster) -> str:
        """Return how the source's drawing differs from ``other``, for a message; empty if the glyphs are the same."""
        if self.sha256 != other.sha256:
            return "another source font"
        return "its source font drawn at another position or scale" if self.placement != other.placement else ""


@dataclass(frozen=True)
class Origin(Record):
    """Where the glyphs of a style come from: a font, or handwriting that was imported.

    Attributes:
        family: the font's family.
        subfamily: the font's subfamily, such as Regular.
        file: name of the font file, or of the imported file.
        path: path of the font file.
        face: number of the face in the font file.
        instance: named instance of a variable font.
        sha256: SHA-256 of the font file.
        license: license of the font: an SPDX name, or the font's own words.
        kind: kind of an import: images, gnt, idx, sheet, or the format of a dataset; empty for a font.
        folder: name of the imported folder.
        version: version of the font, in its own words.
        sheets: writing sheet -> numbers of the pages that were read.
        skipped: the first samples of an import that were skipped, with reasons.
    """

    family: str = ""
    subfamily: str = ""
    file: str = ""
    path: str = ""
    face: int = 0
    instance: str = ""
    sha256: str = ""
    license: str = field(default="", metadata={ALSO: "licence"})
    kind: str = ""
    folder: str = ""
    version: str = ""
    sheets: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    skipped: tuple[Any, ...] = ()


@dataclass(frozen=True)
class StyleRecord(Record):
    """One style of a store or of a model: a font, or a writer.

    Attributes:
        name: its name, unique in the store; ``--styles`` takes it.
        role: ``source`` (the content font), ``target``, or ``writer`` (of the pen).
        origin: where it comes from.
        alignment: how its glyphs were scaled and moved onto those of the source.
        skipped: reason -> characters that were asked for and are missing.
    """

    name: str
    role: str
    origin: Origin = Origin()
    alignment: Alignment = Alignment()  # noqa: RUF009 - frozen
    skipped: Mapping[str, str] = field(default_factory=dict)
