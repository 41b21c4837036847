"""What synthesis writes: the characters, and what a model is told of each: a source glyph, or its number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.checkpoints.files import usual_characters
from handgen.errors import FontError, UsageError
from handgen.files import sha256
from handgen.fonts.charsets import load_charset
from handgen.fonts.face import FontRef
from handgen.fonts.find import resolve_font
from handgen.fonts.raster import source_glyphs
from handgen.glyphs.records import Raster
from handgen.models import MODELS
from handgen.sources import GENERATORS
from handgen.strokes.base import Book
from handgen.strokes.library import find_strokes, parse_order

_SHOWN = 60
"""Characters that a message lists at most."""


@dataclass(frozen=True)
class Content:
    """The characters to write.

    Attributes:
        chars: the characters, each once.
        numbers: int64 ``[len(chars)]``, in the model's charset; -1 = not in it.
        glyphs: in the source font, uint8 ``[len(chars), size, size]``, 0 = ink; empty without one.
        skipped: reason -> characters that were asked for and that cannot be drawn.
        counts: how often each character occurs in the text they come from; empty without a text.
        font: the source font; None for a model that draws characters by their number.
        font_sha256: of its file; empty without one.
        same_font: whether it is the very file that the model was trained with, if there is one.
        book: the strokes of the characters, for what writes strokes.
    """

    chars: str
    numbers: NDArray[np.int64]
    glyphs: NDArray[np.uint8]
    skipped: dict[str, str]
    counts: tuple[int, ...]
    font: FontRef | None = None
    font_sha256: str = ""
    same_font: bool = True
    book: Book | None = None


def load_content(
    facts: Mapping[str, Any],
    *,
    charset: str | None = None,
    text: Path | None = None,
    font: str | None = None,
    chars: str | None = None,
) -> Content:
    """Find the characters to write, and draw them in the source font if the model needs one.

    Args:
        facts: of the model's checkpoint: its characters, held-out ones too, and how its source was drawn.
        charset: a name, a file or the characters, as ``load_charset`` has it.
        text: a UTF-8 file whose characters to write.
        font: the source font; the one recorded in the checkpoint by default.
        chars: the characters themselves, each once; no other name for them is looked at.

    Raises:
        UsageError: both charset and text are given; the font is nowhere, or the model takes none;
            the model draws by number and knows none of the characters.
        FontError: the font draws none of the characters.
    """
    if charset and text:
        raise UsageError("--charset and --text exclude each other", "Give one of them.")
    counts: Counter[str] = Counter()
    if chars is not None:
        wanted = chars
    elif text is not None:
        wanted = load_charset(str(_existing(text)))
        counts.update(text.read_text(encoding="utf-8-sig"))
    else:
        wanted = load_charset(charset) if charset else usual_characters(facts)
    content = {"character": _by_number, "strokes": _by_stroke, "glyph": _by_glyph}[_draws(facts)](facts, wanted, font)
    return replace(content, counts=tuple(max(1, counts[char]) for char in content.chars) if text else ())


def _draws(facts: Mapping[str, Any]) -> str:
    registry = GENERATORS if facts["model"] in GENERATORS else MODELS
    draws = str(registry.load(facts["model"]).draws)
    return "glyph" if draws == "nothing" else draws


def _by_stroke(facts: Mapping[str, Any], wanted: str, font: str | None) -> Content:
    found = find_strokes(wanted, parse_order(facts["config"]["strokes"]), font)
    nothing = np.empty((0, facts["size"], facts["size"]), np.uint8)
    chars, book = found.book.chars, found.book
    return Content(chars, _numbers(facts, chars), nothing, found.skipped, (), found.font, found.font_sha256, True, book)


def _by_glyph(facts: Mapping[str, Any], wanted: str, font: str | None) -> Content:
    raster = Raster.from_json(facts["raster"], "raster")
    ref = source_font(raster, font)
    assert raster.placement is not None
    glyphs, drawn, skipped = source_glyphs(ref, raster.size, raster.placement, wanted)
    if not drawn:
        raise FontError(f"{ref.path.name} draws none of the {len(wanted)} characters", "Give another --charset.")
    digest = sha256(ref.path)
    recorded = FontRef.parse(raster.source)
    same = digest == raster.sha256 and (ref.face, ref.instance) == (recorded.face, recorded.instance)
    return Content(drawn, _numbers(facts, drawn), glyphs, skipped, (), ref, digest, same)


def _by_number(facts: Mapping[str, Any], wanted: str, font: str | None) -> Content:
    if font:
        raise UsageError(f"a {facts['model']} draws without a source font", "Leave out --font.")
    numbers = _numbers(facts, wanted)
    drawn = "".join(char for char, number in zip(wanted, numbers, strict=True) if number >= 0)
    if not drawn:
        known = facts["charset"]
        shown = known if len(known) <= _SHOWN else known[:_SHOWN] + "…"
        raise UsageError(
            f"the model has learned none of the {len(wanted)} characters", f"Give a --charset of these: {shown}"
        )
    lacking = "".join(char for char in wanted if char not in drawn)
    nothing = np.empty((0, facts["size"], facts["size"]), np.uint8)
    return Content(drawn, numbers[numbers >= 0], nothing, {"not learned": lacking} if lacking else {}, ())


def _numbers(facts: Mapping[str, Any], chars: str) -> NDArray[np.int64]:
    number_of = {char: number for number, char in enumerate(facts["charset"])}
    return np.array([number_of.get(char, -1) for char in chars], np.int64)


def _existing(text: Path) -> Path:
    if not text.is_file():
        raise UsageError(f"no text file at {text}", "Check --text.")
    return text


def source_font(raster: Raster, font: str | None = None) -> FontRef:
    """Return the font asked for, else the one that ``raster`` records, else one of its file name wherever fonts are.

    Raises:
        UsageError: there is none.
    """
    if font:
        return resolve_font(font)
    recorded = FontRef.parse(raster.source)
    if recorded.path.is_file():
        return recorded
    try:
        return replace(recorded, path=resolve_font(recorded.path.name).path)
    except UsageError:
        raise UsageError(
            f"the source font {recorded.path} that this model was trained with is not there", "Give it with --font."
        ) from None
