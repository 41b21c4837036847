"""Fonts as a source: their glyphs as they are, every font a style.

Each font gets one size and one base line, so that its characters fill the canvas together: letters keep the size and
the height that they have beside one another.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.deform.people import upright
from handgen.errors import FontError, UsageError
from handgen.files import sha256
from handgen.fonts.align import source_placement
from handgen.fonts.catalog import CAPITALS, KINDS
from handgen.fonts.charsets import load_charset
from handgen.fonts.coverage import survey
from handgen.fonts.face import FONT_SUFFIXES, FontRef, describe
from handgen.fonts.find import (
    covered,
    default_charset,
    find_fonts,
    kind_of,
    known_license,
    resolve_font,
    suitable_fonts,
)
from handgen.fonts.outline import Outlines
from handgen.fonts.raster import Rasterizer
from handgen.glyphs.store import GlyphStore, to_bytes, to_unit
from handgen.lines.drops import drops_at
from handgen.lines.shaped import LineFont
from handgen.models.base import DrawnStyle
from handgen.seeds import SampleKey
from handgen.sources.base import Drawing, Opening, Rows, Source, no_notes
from handgen.sources.deform import deform, people_of
from handgen.sources.spec import SourceSpec, some_names

_BLOCK = 128
_KEPT = 512 * 2**20
"""Bytes of glyphs that are kept once they are drawn."""
_LOCK = threading.Lock()


class _Face:
    """A font, drawn at one placement; glyphs are drawn once, as far as there is room to keep them.

    Args:
        ref: the font.
        chars: the characters of the source.
        size: side of the canvas in pixels.
        keep: whether to keep glyphs.
    """

    def __init__(self, ref: FontRef, chars: str, size: int, keep: bool) -> None:
        outlines = Outlines(ref)
        found = survey(outlines, chars)
        self.ref, self.drawn = ref, found.drawn
        self._chars, self._size = chars, size
        if found.drawn:
            self.placement = source_placement(found.boxes, size)
            self._rasterizer = Rasterizer(outlines, size, self.placement)
            self.boxes = found.boxes
        self._lock = threading.Lock()  # a FreeType face is no thing for two threads
        self._glyphs = np.empty((len(chars) if keep else 0, size, size), np.uint8)
        self._made = np.zeros(len(self._glyphs), bool)

    def glyphs(self, characters: Rows) -> NDArray[np.uint8]:
        """Return characters as uint8 ``[n, size, size]``."""
        with self._lock:
            if not len(self._glyphs):
                return self._rasterizer.draw_all([self._chars[row] for row in characters.tolist()])
            lacking = np.unique(characters[~self._made[characters]])
            if len(lacking):
                self._glyphs[lacking] = self._rasterizer.draw_all([self._chars[row] for row in lacking.tolist()])
                self._made[lacking] = True
            return self._glyphs[characters]


@dataclass(frozen=True, eq=False)
class FontsSource(Source):
    """Glyphs of fonts as they are.

    Attributes:
        faces: the font of each style.
        vary: how much each drawing differs from the next, 0 to 1.

    The others are those of ``Source``.
    """

    options: ClassVar = frozenset({"styles", "vary", "size", "fonts", "data"})

    faces: Sequence[_Face]
    vary: float

    @classmethod
    def open(cls, spec: SourceSpec, chars: str, how: Opening) -> FontsSource:
        """Find the fonts and what they draw; see ``Source.open``."""
        side = spec.side(how.size)
        named = find_named(spec, how.suit or chars)
        names = some_names(spec.styles, list(named))
        keep = len(names) * len(chars) * side**2 <= _KEPT
        faces = {name: face for name in names if (face := _Face(named[name], chars, side, keep)).drawn}
        drawn = set().union(*(face.drawn for face in faces.values()))
        if not drawn:
            raise FontError(f"no font draws any of the {len(chars):,} characters", "Give another --charset or --fonts.")
        able = "".join(char for char in chars if char in drawn)
        if able != chars:
            faces = {name: _Face(face.ref, able, side, keep) for name, face in faces.items()}
        lacking = "".join(char for char in chars if char not in drawn)
        styles = [DrawnStyle(name, torch.zeros(0), {name: 1.0}) for name in faces]
        skipped = {"not in the fonts": lacking} if lacking else {}
        return cls(spec.source, able, side, styles, skipped, _BLOCK, True, list(faces.values()), spec.vary)

    @classmethod
    def lack(cls, spec: SourceSpec, chars: str) -> str:
        """Return that there is no font, and how to get some."""
        try:
            find_named(spec, chars)
        except UsageError as error:
            return str(error)
        return ""

    @classmethod
    def usual_chars(cls, spec: SourceSpec) -> str:
        """Return the charset that the first font is for."""
        if not spec.fonts and not spec.data:
            return load_charset("gb2312-1" if suitable_fonts(load_charset("gb2312-1")) else "latin62")
        return load_charset(default_charset(next(iter(find_named(spec, "").values()))))

    @classmethod
    def list_styles(cls, spec: SourceSpec) -> list[dict[str, Any]]:
        """Return the fonts."""
        found = find_named(spec, cls.usual_chars(spec))
        return [{"name": name, "role": "font", "origin": _origin(ref)} for name, ref in found.items()]

    def draw(self, characters: Rows, styles: Rows, key: SampleKey) -> Drawing:
        """Draw, each a little deformed; see ``Source.draw``."""
        images = np.empty((len(characters), self.size, self.size), np.uint8)
        for style in np.unique(styles).tolist():
            rows = np.flatnonzero(styles == style)
            images[rows] = self.faces[style].glyphs(characters[rows])
        if self.vary:
            unit = to_unit(images)[:, None]
            people = people_of(key, characters)
            aspect = self.vary * upright(self._codes[characters], people.writer)
            deformed = deform(unit, None, people, self.vary, aspect)
            images = to_bytes(deformed)[:, 0].numpy()
        return Drawing(images, no_notes(len(images)))

    @cached_property
    def _codes(self) -> NDArray[np.uint64]:
        return np.array([*map(ord, self.chars)], np.uint64)

    def identity(self) -> dict[str, Any]:
        """Return the hashes of the fonts, and where on the canvas they are."""
        fonts = hashlib.sha256()
        for face in self.faces:
            fonts.update(f"{sha256(face.ref.path)} {face.ref.face} {face.ref.instance}\n".encode())
        return {
            "model": "fonts",
            "fonts_sha256": fonts.hexdigest(),
            "size": self.size,
            "styles": [style.name for style in self.styles],
            "vary": self.vary,
        }

    def describe(self, style: int) -> dict[str, Any]:
        """Return the family, the license and the file of a font."""
        return {"origin": _origin(self.faces[style].ref)}

    def licenses(self) -> dict[str, str]:
        """Return family -> license of its fonts."""
        return {origin["family"]: origin["license"] for origin in (_origin(face.ref) for face in self.faces)}

    @cached_property
    def _coverage(self) -> NDArray[np.bool_]:
        return np.array([[char in drawn for char in self.chars] for drawn in (set(f.drawn) for f in self.faces)])

    @property
    def coverage(self) -> NDArray[np.bool_] | None:
        """Which font has which character."""
        return None if self._coverage.all() else self._coverage

    @property
    def warnings(self) -> tuple[str, ...]:
        """Fonts whose small letters are capitals are worth a word: labels tell the two apart."""
        small = any(char.islower() for char in self.chars)
        named = [style.name for style, face in zip(self.styles, self.faces, strict=True) if small and _is_caps(face)]
        return (f"{', '.join(named)}: small letters are drawn as capitals, and labeled as small",) if named else ()

    def line_font(self, style: int) -> LineFont:
        """Return what draws whole lines: a font knows how its glyphs join."""
        with _LOCK:
            if style not in self._line_fonts:
                self._line_fonts[style] = LineFont(self.faces[style].ref, vary=self.vary)
            return self._line_fonts[style]

    @cached_property
    def _line_fonts(self) -> dict[int, LineFont]:
        return {}

    def drops(self, style: int) -> Mapping[str, float]:
        """Return how far a font's characters were moved to fit the canvas."""
        face = self.faces[style]
        return drops_at(face.placement, face.drawn, face.boxes, self.size)


def _is_caps(face: _Face) -> bool:
    return kind_of(face.ref) == CAPITALS


def find_named(spec: SourceSpec, chars: str) -> dict[str, FontRef]:
    """Return the fonts that a source is asked to draw with, by style: those of a store, those named, or all that suit.

    Args:
        spec: what is asked for.
        chars: what fonts that are not named have to have, half of it at least.

    Raises:
        UsageError: there is none, or no such font or store.
    """
    if spec.data:
        if spec.fonts:
            raise UsageError("--fonts and --data both name fonts", "Give one of them.")
        return _of_store(spec.data)
    if spec.fonts:
        found = [ref for word in spec.fonts.split(",") if word.strip() for ref in _named(word.strip(), chars)]
    else:
        found = suitable_fonts(chars)
    if not found:
        raise UsageError(
            "no font was found that looks written by hand and has these characters",
            "Get some with 'handgen fonts fetch', or name files with --fonts.",
        )
    named: dict[str, FontRef] = {}
    for ref in dict.fromkeys(found):
        name = ref.style_name
        named[name if name not in named else f"{name}-{len(named) + 1}"] = ref
    return named


def _named(word: str, chars: str) -> list[FontRef]:
    """Return the fonts of a folder or of a kind, or the one that ``word`` names."""
    path = Path(word)
    if path.is_dir():
        return [FontRef(file) for file in sorted(path.rglob("*")) if file.suffix.lower() in FONT_SUFFIXES]
    if word in KINDS:
        return [
            font.ref
            for font in find_fonts()
            if font.kind == word and not font.broken and covered(font.ref, chars) * 2 >= len(chars)
        ]
    return [resolve_font(word)]


def _of_store(path: Path) -> dict[str, FontRef]:
    """Return the fonts that a glyph store was rendered from."""
    store = GlyphStore(path)
    found = {}
    for number in store.targets or store.sources:
        style = store.styles[number]
        file = style.origin.path
        if not file:
            raise UsageError(f"the style {style.name} of {path} is no font", "Draw its images with --model store.")
        if not Path(file).is_file():
            raise UsageError(f"the font {file} of {path} is not where it was", "Render the store again.")
        found[style.name] = FontRef(Path(file), style.origin.face, style.origin.instance)
    return found


def _origin(ref: FontRef) -> dict[str, Any]:
    info = describe(ref.path)[ref.face]
    return {
        "family": info.family,
        "file": replace(ref, path=Path(ref.path.name)).spec,
        "license": known_license(info.license, info.family, ref.style_name),
    }
