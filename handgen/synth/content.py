"""What synthesis writes: the characters, and their glyphs in the source font."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.errors import FontError, UsageError
from handgen.files import sha256
from handgen.fonts.charsets import load_charset
from handgen.fonts.face import FontRef
from handgen.fonts.find import resolve_font
from handgen.fonts.raster import source_glyphs


@dataclass(frozen=True)
class Content:
    """Source glyphs of the characters to write.

    Attributes:
        chars: the characters, each once.
        glyphs: uint8 ``[len(chars), size, size]``, 0 = ink.
        skipped: reason -> characters that were asked for and that the source font does not draw.
        counts: how often each character occurs in the text they come from; empty without a text.
        font: the source font.
        font_sha256: of its file.
        same_font: whether it is the very file that the model was trained with.
    """

    chars: str
    glyphs: NDArray[np.uint8]
    skipped: dict[str, str]
    counts: tuple[int, ...]
    font: FontRef
    font_sha256: str
    same_font: bool


def load_content(
    facts: Mapping[str, Any], *, charset: str | None = None, text: Path | None = None, font: str | None = None
) -> Content:
    """Draw the characters to write.

    Args:
        facts: of the model's checkpoint: its characters, held-out ones too, and how its source was drawn.
        charset: a name, a file or the characters, as ``load_charset`` has it.
        text: a UTF-8 file whose characters to write.
        font: the source font; the one recorded in the checkpoint by default.

    Raises:
        UsageError: both charset and text are given, or the font is nowhere.
        FontError: the font draws none of the characters.
    """
    if charset and text:
        raise UsageError("--charset and --text exclude each other", "Give one of them.")
    counts: Counter[str] = Counter()
    if text is not None:
        wanted = load_charset(str(_existing(text)))
        counts.update(text.read_text(encoding="utf-8-sig"))
    else:
        wanted = load_charset(charset) if charset else "".join(sorted(facts["charset"] + facts["held_out"]))
    raster = facts["raster"]
    ref = _source_font(raster, font)
    glyphs, drawn, skipped = source_glyphs(ref, raster, wanted)
    if not drawn:
        raise FontError(f"{ref.path.name} draws none of the {len(wanted)} characters", "Give another --charset.")
    digest = sha256(ref.path)
    kept = tuple(max(1, counts[char]) for char in drawn) if text else ()
    recorded = FontRef.parse(raster["source"])
    same = digest == raster["sha256"] and (ref.face, ref.instance) == (recorded.face, recorded.instance)
    return Content(drawn, glyphs, skipped, kept, ref, digest, same)


def _existing(text: Path) -> Path:
    if not text.is_file():
        raise UsageError(f"no text file at {text}", "Check --text.")
    return text


def _source_font(raster: Mapping[str, Any], font: str | None) -> FontRef:
    """The font asked for, else the recorded one, else one of the same file name wherever fonts are."""
    if font:
        return resolve_font(font)
    recorded = FontRef.parse(raster["source"])
    if recorded.path.is_file():
        return recorded
    try:
        return replace(recorded, path=resolve_font(recorded.path.name).path)
    except UsageError:
        raise UsageError(
            f"the source font {recorded.path} that this model was trained with is not there", "Give it with --font."
        ) from None
