"""What a trained model is given of characters: glyphs of its source font, numbers, or strokes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.checkpoints.facts import ModelFacts
from handgen.errors import FontError, UsageError
from handgen.fonts.face import FontRef
from handgen.fonts.raster import source_glyphs
from handgen.glyphs.source_font import find_source_font
from handgen.models.base import CHARACTERS, GLYPHS, STROKES, PromptKind
from handgen.sources.prompts import CharacterPrompts, GlyphPrompts, Prompts, StrokePrompts
from handgen.strokes import library

_SHOWN = 60
"""Characters that a message lists at most."""


@dataclass(frozen=True, eq=False)
class Content:
    """The characters that a model can draw, and its prompts.

    Attributes:
        chars: the characters, each once.
        prompts: of these.
        skipped: reason -> characters that were asked for and that cannot be drawn.
        font: the source font; None for a model that draws characters by their number.
        font_sha256: of its file; empty without one.
        font_name: name of its file, as the model recorded it if it is that very file; empty without one.
        font_note: what a user should know of it if it is another file; else empty.
    """

    chars: str
    prompts: Prompts
    skipped: Mapping[str, str]
    font: FontRef | None = None
    font_sha256: str = ""
    font_name: str = ""
    font_note: str = ""

    @property
    def glyphs(self) -> NDArray[np.uint8] | None:
        """The characters in the source font, uint8 ``[len(chars), size, size]``, 0 = ink; None without one."""
        return self.prompts.glyphs if isinstance(self.prompts, GlyphPrompts) else None

    def facts(self) -> dict[str, Any]:
        """Return where strokes come from, if these are the prompts."""
        prompts = self.prompts
        return prompts.facts() if isinstance(prompts, StrokePrompts) else {}

    def identity(self) -> dict[str, Any]:
        """Return what decides the prompts."""
        font = self.font
        strokes = self.prompts.table if isinstance(self.prompts, StrokePrompts) else None
        return {
            "content_font": replace(font, path=Path(self.font_name)).spec if font else None,
            "content_font_sha256": self.font_sha256 or None,
            **({"strokes": library.digest(strokes)} if strokes else {}),
        }


def load_content(facts: ModelFacts, kind: PromptKind, chars: str, font: str | None, device: torch.device) -> Content:
    """Make the prompts of characters, drawn in the source font if the model needs one.

    Args:
        facts: of the model's checkpoint.
        kind: what the model is given.
        chars: the characters, each once.
        font: the source font; the one recorded in the checkpoint by default.
        device: where the model is.

    Raises:
        UsageError: the font is nowhere, or the model takes none; the model knows none of the characters.
        FontError: the font draws none of the characters.
    """
    make = {CHARACTERS: _by_number, STROKES: _by_stroke, GLYPHS: _by_glyph}[kind]
    return make(facts, chars, font, device)


def _by_stroke(facts: ModelFacts, chars: str, font: str | None, device: torch.device) -> Content:
    found = library.find_strokes(chars, library.parse_order(facts.config["strokes"]), font)
    name = found.font.path.name if found.font else ""
    return Content(found.table.chars, StrokePrompts(found.table), found.skipped, found.font, found.font_sha256, name)


def _by_glyph(facts: ModelFacts, chars: str, font: str | None, device: torch.device) -> Content:
    raster = facts.raster
    found = find_source_font(raster, facts.source_look, font)
    ref = found.ref
    assert raster.placement is not None
    glyphs, drawn, skipped = source_glyphs(ref, raster.size, raster.placement, chars)
    if not drawn:
        raise FontError(f"{ref.path.name} draws none of the {len(chars)} characters", "Give another --charset.")
    # The same file has one name wherever it lies, so that a dataset is the same there.
    name = FontRef.parse(raster.source).path.name if found.same else ref.path.name
    return Content(drawn, GlyphPrompts(glyphs, device), _in_font(skipped), ref, found.sha256, name, found.note)


def _in_font(skipped: Mapping[str, str]) -> dict[str, str]:
    return {f"{reason} in the source font": chars for reason, chars in skipped.items()}


def _by_number(facts: ModelFacts, chars: str, font: str | None, device: torch.device) -> Content:
    if font:
        raise UsageError(f"a {facts.model} draws without a source font", "Leave out --font.")
    number_of = {char: number for number, char in enumerate(facts.charset)}
    drawn = "".join(char for char in chars if char in number_of)
    if not drawn:
        known = facts.charset
        shown = known if len(known) <= _SHOWN else known[:_SHOWN] + "…"
        raise UsageError(
            f"the model has learned none of the {len(chars)} characters", f"Give a --charset of these: {shown}"
        )
    lacking = "".join(char for char in chars if char not in number_of)
    numbers = np.array([number_of[char] for char in drawn], np.int64)
    return Content(drawn, CharacterPrompts(numbers, device), {"not learned by the model": lacking} if lacking else {})
