"""Where the strokes of characters come from: stroke data first, then centerlines traced from a font's glyphs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from handgen.errors import UsageError
from handgen.files import sha256
from handgen.fonts.face import FontRef, describe
from handgen.fonts.find import font_cache, known_license, resolve_font
from handgen.registry import nearest
from handgen.strokes import hanzi, kanjivg
from handgen.strokes.base import Strokes, StrokeTable, make_table
from handgen.strokes.counts import FOLDER

HANZI, KANJIVG, TRACE = "hanzi", "kanjivg", "trace"
ORDER = (HANZI, KANJIVG, TRACE)
_FALLBACK = "Heiti"
_GET = "Get some with 'handgen fonts fetch strokes kanjivg', or name a font to trace with --font."


@dataclass(frozen=True)
class _Data:
    """A source that is a file in the folder ``strokes``."""

    file: str
    about: str
    read: Callable[[Path, str], dict[str, Strokes]]


_DATA = {
    HANZI: _Data(hanzi.FILE, hanzi.ABOUT, hanzi.read_hanzi),
    KANJIVG: _Data(kanjivg.FILE, kanjivg.ABOUT, kanjivg.read_kanjivg),
}


@dataclass(frozen=True)
class Library:
    """Strokes found for characters.

    Attributes:
        table: the strokes.
        skipped: reason -> characters that no source has.
        font: what was traced; None if nothing was.
        font_sha256: of its file; empty without one.
    """

    table: StrokeTable
    skipped: dict[str, str]
    font: FontRef | None = None
    font_sha256: str = ""


def parse_order(text: str) -> tuple[str, ...]:
    """Return the sources that ``--strokes`` means, in order.

    Raises:
        UsageError: one is unknown, or named twice.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip()) or ORDER
    for name in names:
        if name not in ORDER:
            raise UsageError(f"--strokes {name} is unknown", nearest(name, ORDER))
    if len(set(names)) < len(names):
        raise UsageError(f"--strokes {text} names a source twice", "Name each once.")
    return names


def folder_of(source: str) -> Path | None:
    """Return the folder that holds a source's data: in ./fonts or handgen's font cache."""
    folders = (folder / FOLDER for folder in (Path("fonts"), font_cache()))
    return next((folder for folder in folders if (folder / _DATA[source].file).is_file()), None)


def usual_charset(order: tuple[str, ...]) -> str:
    """Return the charset that a pen writes by default: GB2312 level 1 if there are its strokes."""
    return "gb2312-1" if HANZI in order and folder_of(HANZI) else "latin62"


def find_strokes(chars: str, order: tuple[str, ...] = ORDER, font: str | None = None) -> Library:
    """Find the strokes of characters, each from the first source that has it.

    Args:
        chars: the characters, each once.
        order: names of ``ORDER``.
        font: to trace; a Chinese sans by default, if there is one.

    Raises:
        UsageError: nothing has strokes of any of them; ``font`` is nowhere, or is not to be traced.
        HandgenError: stroke data is damaged.
    """
    if font and TRACE not in order:
        raise UsageError("--font is for tracing, which --strokes leaves out", "Add trace to --strokes.")
    found: dict[str, Strokes] = {}
    counts: dict[str, int] = {}
    licenses: dict[str, str] = {}
    traced: FontRef | None = None
    absent: list[str] = []
    for source in order:
        lacking = "".join(char for char in chars if char not in found)
        if not lacking:
            break
        if source == TRACE:
            traced = _font(font)
            more = _trace(traced, lacking, fill=not found) if traced else {}
            license = _font_license(traced) if traced else ""
        else:
            folder = folder_of(source)
            more = _DATA[source].read(folder, lacking) if folder else {}
            license = _license(folder, source) if folder else ""
            absent += [source] * (folder is None)
        if more:
            counts[source], licenses[source] = len(more), license
            found |= more
    lacking = "".join(char for char in chars if char not in found)
    if not found:
        raise UsageError(f"no strokes were found for any of the {len(chars):,} characters", _GET)
    table = make_table({char: found[char] for char in chars if char in found}, counts, licenses)
    used = traced if TRACE in counts else None
    reason = "without strokes" + (f" ({' and '.join(absent)} not fetched)" if absent else "")
    return Library(table, {reason: lacking} if lacking else {}, used, sha256(used.path) if used else "")


def digest(table: StrokeTable) -> str:
    """Return a hash of the strokes of a table."""
    hasher = hashlib.sha256(table.chars.encode())
    hasher.update(table.first.tobytes())
    hasher.update(table.points.tobytes())
    return hasher.hexdigest()


def _font(name: str | None) -> FontRef | None:
    if name:
        return resolve_font(name)
    try:
        return resolve_font(_FALLBACK)
    except UsageError:
        return None


def _trace(font: FontRef, chars: str, *, fill: bool) -> dict[str, Strokes]:
    from handgen.strokes.trace import trace  # which needs torch

    return trace(font, chars, fill=fill)


def _license(folder: Path, source: str) -> str:
    """Return license, package and version, as they were recorded when the data was fetched."""
    try:
        about = json.loads((folder / _DATA[source].about).read_text(encoding="utf-8"))
        return f"{about['license']}, {about['source']['package']} {about['source']['version']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "unknown"


def _font_license(font: FontRef) -> str:
    info = describe(font.path)[font.face]
    return f"{known_license(info.license, info.family)}, {info.family}"
