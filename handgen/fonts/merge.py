"""Merges the slices of a web font into one TrueType font.

Font services cut a large font into WOFF2 slices of about a hundred characters. All slices have the same
units and metrics, but each has its own numbers, and sometimes its own names, for glyphs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from handgen.errors import FontError
from handgen.fonts.face import table_errors

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

_HINTS = ("fpgm", "prep", "cvt ")
"""Tables that the instructions inside glyphs refer to."""


def merge_slices(paths: list[Path], folder: Path, stem: str) -> Path:
    """Write the union of ``paths`` as one font into ``folder`` and return its path.

    The slice with the most characters is the base; the glyphs of further characters are copied from the
    other slices byte for byte. A single web font is only unpacked; a single TTF or OTF is only copied.

    Args:
        paths: TTF, OTF, WOFF or WOFF2 files, at least one.
        folder: where to write.
        stem: file name without suffix; the suffix is ``.ttf`` or, for CFF outlines, ``.otf``.

    Raises:
        FontError: a slice is damaged, or the slices are not parts of one TrueType font.
        OSError: the font cannot be written.
    """
    from fontTools.ttLib import TTFont

    if len(paths) == 1 and paths[0].suffix in (".ttf", ".otf"):
        return Path(shutil.copy(paths[0], folder / f"{stem}{paths[0].suffix}"))
    try:
        fonts = [TTFont(path, recalcBBoxes=False) for path in paths]
        fonts.sort(key=lambda font: len(font.getBestCmap()), reverse=True)
        base = fonts[0]
        if len(fonts) > 1:
            _merge(fonts)
        base.flavor = None
        out = folder / f"{stem}{'.ttf' if 'glyf' in base else '.otf'}"
        base.save(out)
    except table_errors() as error:
        if isinstance(error, OSError) and error.errno:  # no fault of the slices: the disk is full
            raise
        raise FontError(f"the slices of {stem} cannot be put together: {error}", "Try another version.") from error
    return out


_CHILD = """
import json, sys
sys.path[:], *given = json.load(sys.stdin)
from handgen.fonts.merge import answer
answer(*given)
"""


def merge_apart(paths: Sequence[Path], folder: Path, stem: str) -> Path:
    """Run ``merge_slices`` in a separate process. Several of them use several cores, and Ctrl-C stops them at once.

    Raises:
        FontError: as ``merge_slices``, or the process ended early.
        OSError: the font cannot be written.
    """
    given = json.dumps([sys.path, list(map(str, paths)), str(folder), stem])
    command = [sys.executable, "-c", _CHILD]
    done = subprocess.run(command, input=given, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"its process ended with {done.returncode}"])[-1]
        raise FontError(f"the slices of {stem} cannot be put together: {why}", "Run the same command again.")
    found = json.loads(done.stdout)
    if "errno" in found:
        raise OSError(found["errno"], found["message"], str(folder))
    if "message" in found:
        raise FontError(found["message"], found["remedy"])
    return Path(found["font"])


def answer(paths: Sequence[str], folder: str, stem: str) -> None:
    """Merge, and print the result for ``merge_apart`` as JSON: the font's path, or the error."""
    found: dict[str, object]
    try:
        found = {"font": str(merge_slices(list(map(Path, paths)), Path(folder), stem))}
    except FontError as error:
        found = {"message": error.message, "remedy": error.remedy}
    except OSError as error:
        found = {"errno": error.errno, "message": error.strerror}
    print(json.dumps(found))


def _merge(fonts: list[TTFont]) -> None:
    """Add to the first font the characters that only the others have."""
    from fontTools.fontBuilder import FontBuilder

    base = fonts[0]
    if any("glyf" not in font or "fvar" in font for font in fonts):
        raise ValueError("not static TrueType outlines")
    if len({_frame(font) for font in fonts}) > 1:
        raise ValueError("they differ in units, metrics or hints")
    characters = dict(base.getBestCmap())
    for font in fonts[1:]:
        copied: dict[str, str] = {}
        for code, name in font.getBestCmap().items():
            if code not in characters:
                characters[code] = _copy(font, base, name, copied)
        if copied:
            _widen_limits(base, font)
    FontBuilder(font=base).setupCharacterMap(characters)


def _frame(font: TTFont) -> tuple[object, ...]:
    """Return the values that must be equal in all slices, so that a glyph of one looks the same in another."""
    hints = (font.reader[tag] if tag in font else b"" for tag in _HINTS)
    return (font["head"].unitsPerEm, font["hhea"].ascent, font["hhea"].descent, "vmtx" in font, *hints)


def _copy(source: TTFont, base: TTFont, name: str, copied: dict[str, str]) -> str:
    """Copy a glyph and its components into ``base`` and return its name there.

    It gets a new name if ``base`` has the name already: the same name in two slices may mean different glyphs.
    """
    if name in copied:
        return copied[name]
    glyph = source["glyf"].glyphs[name]
    if glyph.isComposite():
        glyph.expand(source["glyf"])
        for component in glyph.components:
            component.glyphName = _copy(source, base, component.glyphName, copied)
    new, number = name, 0
    while new in base["glyf"].glyphs:
        number += 1
        new = f"{name}.{number}"
    base["glyf"][new] = glyph
    for table in ("hmtx", "vmtx"):
        if table in base:
            base[table][new] = source[table][name]
    copied[name] = new
    return new


def _widen_limits(base: TTFont, other: TTFont) -> None:
    """Enlarge the bounding box and the limits in ``base``'s tables, so that they hold for the glyphs of ``other``."""
    for table, fields, pick in (
        ("head", ("xMin", "yMin"), min),
        ("head", ("xMax", "yMax"), max),
        ("maxp", [field for field in vars(base["maxp"]) if field.startswith("max")], max),
    ):
        for field in fields:
            setattr(base[table], field, pick(getattr(base[table], field), getattr(other[table], field)))
