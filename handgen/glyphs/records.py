"""What a glyph store says of itself: how its source was drawn, and where each style comes from."""

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
        size: side of the images in pixels; 0 = of what is not drawn from a store.
        margin: free border, as a fraction of the side.
        source: the font, as ``FontRef.spec`` has it; empty without one.
        sha256: of the font's file.
        placement: where its glyphs go; None without a font.
        seed: of the sample of characters.
        drawings: of each character of the source.
        set: what decides what is in a training set of ``handgen transfer``.
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
        """Return what differs in how the source is drawn, for a message; empty if the glyphs are the same."""
        if self.sha256 != other.sha256:
            return "another source font"
        return "its source font drawn at another position or scale" if self.placement != other.placement else ""


@dataclass(frozen=True)
class Origin(Record):
    """Where the glyphs of a style come from: a font, or handwriting that was imported.

    Attributes:
        family: of a font.
        subfamily: of a font, such as Regular.
        file: name of the font file, or of the imported file.
        path: where the font file lay.
        face: number of the face in the font file.
        instance: of a variable font.
        sha256: of the font file.
        license: of a font, SPDX or as the font says it.
        kind: of an import: images, gnt, idx, sheet, or the format of a dataset; empty for a font.
        folder: name of the imported folder.
        version: of a font, as it says it.
        sheets: writing sheet -> pages that were read.
        skipped: the first of what was not taken, one by one.
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
        name: what a person calls it, unique in the store; used by ``--styles``.
        role: ``source`` (the content font), ``target``, or ``writer`` (of the pen).
        origin: where it comes from.
        alignment: how it was moved onto the source.
        skipped: reason -> characters that were asked for and not drawn.
    """

    name: str
    role: str
    origin: Origin = Origin()
    alignment: Alignment = Alignment()  # noqa: RUF009 - frozen
    skipped: Mapping[str, str] = field(default_factory=dict)
