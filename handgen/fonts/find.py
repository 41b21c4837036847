"""Finds fonts: in ./fonts, in handgen's font cache, in pip packages, and in the system's folders."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path

from handgen.errors import FontError, UsageError
from handgen.files import sha256, user_data
from handgen.fonts.catalog import (
    ALIASES,
    CAPITALS,
    GROUPS,
    HANDWRITTEN,
    PRINTED,
    catalog,
    fetchable,
    find_entry,
    installing,
    plain,
)
from handgen.fonts.charsets import load_charset
from handgen.fonts.contours import small_letters_are_capitals
from handgen.fonts.face import FONT_SUFFIXES, FontInfo, FontRef, describe, open_face
from handgen.registry import nearest

SITES = ("./fonts", "cache", "pip", "system")
"""The sites that are searched; of two fonts with the same names, the one from the earlier site is used."""

PACKAGES = ("pylopdf_fonts_zh_cn",)
"""Python packages with fonts, besides those that register the entry point ``fontpkg.family``."""

_PROBES = {
    "han": "的一是不了人我在有中大上",
    "kana": "あいうえおアイウエオ",
    "latin": "AEOaeon",
}

_KIND_WORDS = {
    "running": (
        "gyosho",
        "gyousyo",
        "sousho",
        "sousyo",
        "xingshu",
        "xingkai",
        "cursive",
        "script",
        "行书",
        "行書",
        "草书",
        "草書",
    ),
    "brush": ("brush", "mouhitsu", "毛筆"),
    "kai": ("kai", "kaiti", "klee", "楷"),
    "pen": ("hand", "pen", "handwriting", "手写", "手書", "手寫", "硬笔", "硬筆"),
    "display": ("calligraphy",),
    "round": ("round", "rounded", "maru", "yuan", "圆", "圓", "丸"),
    "hei": ("hei", "zenhei", "microhei", "gothic", "sans", "黑", "ゴシック"),
    "song": ("song", "sung", "ming", "mincho", "fangsong", "serif", "宋", "明朝", "明體"),
}
"""Kind -> words in a family's name that tell it; tried in this order."""


@dataclass(frozen=True)
class FoundFont:
    """One face of one font file.

    Attributes:
        ref: the face.
        family, subfamily: the font's names; the file's stem if the file is broken.
        script: ``han``, ``kana``, ``latin`` or ``other``.
        kind: one of ``handgen.fonts.catalog.KINDS``, from the catalog, or else guessed from the name.
        license: SPDX identifier if the catalog knows it, else the font's own words; may be empty.
        where: one of SITES.
        broken: why the file cannot be used; empty if it can.
    """

    ref: FontRef
    family: str
    subfamily: str
    script: str
    kind: str
    license: str
    where: str
    broken: str = ""


SCRIPTS = (*_PROBES, "other")


def font_cache() -> Path:
    """Return handgen's own font folder: ``$HANDGEN_FONTS``, or one in the user's data folder."""
    if chosen := os.environ.get("HANDGEN_FONTS"):
        return Path(chosen).expanduser()
    return user_data() / "handgen" / "fonts"


def _sites() -> Iterator[tuple[str, Path]]:
    """Yield (site, folder) in the order of SITES."""
    local, cache, package, system = SITES
    yield local, Path("fonts")
    yield cache, font_cache()
    names = {*PACKAGES, *(point.value.partition(":")[0] for point in entry_points(group="fontpkg.family"))}
    for name in sorted(names):
        spec = importlib.util.find_spec(name)
        for inside in (spec.submodule_search_locations or []) if spec else []:
            yield package, Path(inside)
    for folder in _system_folders():
        yield system, folder


def _system_folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "darwin":
        return [home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")]
    if sys.platform == "win32":
        return [user_data() / "Microsoft/Windows/Fonts", Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"]
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    return [user_data() / "fonts", home / ".fonts", *(Path(folder) / "fonts" for folder in shared.split(":"))]


def search_folders() -> list[Path]:
    """Return the existing folders that are searched for fonts, in the order of SITES."""
    return [folder for _, folder in _sites() if folder.is_dir()]


def find_fonts() -> list[FoundFont]:
    """Return all fonts, sorted by family, with broken files marked as such.

    A face is left out if an earlier site has a face with the same names.
    """
    fonts: list[FoundFont] = []
    paths: set[Path] = set()
    winner: dict[tuple[str, str], str] = {}
    for where, folder in _sites():
        for path in _font_files(folder):
            if (real := path.resolve()) in paths:
                continue
            paths.add(real)
            fonts += [
                replace(font, where=where)
                for font in _inspect_as_it_is(path)
                if winner.setdefault((font.family, font.subfamily), where) == where
            ]
    return sorted(fonts, key=lambda font: (font.family.casefold(), font.subfamily, font.ref.spec))


def font_files() -> Iterator[Path]:
    """Yield all font files, also those that ``find_fonts`` leaves out because of their names."""
    for _, folder in _sites():
        yield from _font_files(folder)


def file_sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file; it is cached until the file changes."""
    state = path.stat()
    return _hashed(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4096)
def _hashed(path: Path, changed: int, size: int) -> str:
    return sha256(path)


def _font_files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in FONT_SUFFIXES:
                yield Path(parent, name)


def _inspect_as_it_is(path: Path) -> tuple[FoundFont, ...]:
    try:
        state = path.stat()
    except OSError as error:
        return (_broken(path, error.strerror or str(error)),)
    return _inspect(path, state.st_mtime_ns, state.st_size)


def kind_of(ref: FontRef) -> str:
    """Return the kind of any font file: from the catalog, or else guessed from the name."""
    return next((font.kind for font in _inspect_as_it_is(ref.path) if font.ref.face == ref.face), "display")


@lru_cache(maxsize=4096)
def _inspect(path: Path, changed: int, size: int) -> tuple[FoundFont, ...]:
    """Examine a file once; the parameters ``changed`` and ``size`` only make the cache notice a new file."""
    try:
        return tuple(_look(info) for info in describe(path))
    except FontError as error:
        return (_broken(path, error.message),)


def _look(info: FontInfo) -> FoundFont:
    entry = find_entry(info.family) or find_entry(info.ref.path.stem)
    script = _script(info.ref)
    return FoundFont(
        ref=info.ref,
        family=entry.family if entry else info.family,
        subfamily=info.subfamily,
        script=script,
        kind=entry.kind if entry else _guessed_kind(info, script),
        license=entry.license if entry else short_license(info.license),
        where="",
    )


def _guessed_kind(info: FontInfo, script: str) -> str:
    """Return the kind that the name of a font tells, or its outlines, where its small letters are capitals."""
    kind = guess_kind(info.family, script)
    return CAPITALS if kind in HANDWRITTEN and small_letters_are_capitals(info.ref) else kind


def _broken(path: Path, reason: str) -> FoundFont:
    return FoundFont(FontRef(path), path.stem, "", "other", "display", "", "", broken=reason)


UNKNOWN = "unknown"
"""The license of a font that states none."""


def short_license(text: str) -> str:
    """Return the SPDX identifier if a text is one of the two most common licenses of free fonts; else the text."""
    if "scripts.sil.org/OFL" in text or "openfontlicense.org" in text or "Open Font License" in text:
        return "OFL-1.1"
    return "Apache-2.0" if "apache.org/licenses/LICENSE-2.0" in text else text


def known_license(text: str, *names: str) -> str:
    """Return the license in a font's own text; without one, that of the catalog's family with one of the names."""
    entries = (find_entry(name) for name in names if name)
    return short_license(text) or next((entry.license for entry in entries if entry), UNKNOWN)


def _script(ref: FontRef) -> str:
    face = open_face(ref)
    for script, probes in _PROBES.items():
        if sum(face.get_char_index(probe) > 0 for probe in probes) * 4 >= len(probes) * 3:
            return script
    return "other"


def guess_kind(family: str, script: str) -> str:
    """Guess the kind of a font that is not in the catalog from the words of its name."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[-_]", " ", family).casefold().split()
    for kind, marks in _KIND_WORDS.items():
        if any(mark in words or (not mark.isascii() and mark in family) for mark in marks):
            return kind if script in ("han", "kana") else {"hei": "sans", "song": "serif"}.get(kind, kind)
    return "display"


def is_printed(ref: FontRef) -> bool:
    """Return whether a font is type for print, by the catalog or by its name."""
    return _look(describe(ref.path)[ref.face]).kind in PRINTED


def covered(ref: FontRef, charset: str) -> int:
    """Return how many characters of ``charset`` are in the font's character map; ink is not tested."""
    try:
        state = ref.path.stat()
    except OSError:
        open_face(ref)  # raises an error that says what is wrong
        raise
    return _covered(ref, charset, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4096)
def _covered(ref: FontRef, charset: str, changed: int, size: int) -> int:
    """Count once; the parameters ``changed`` and ``size`` only make the cache notice a new file."""
    face = open_face(ref)
    return sum(face.get_char_index(character) > 0 for character in charset)


def default_charset(ref: FontRef) -> str:
    """Return the name of the charset a font is for: ``gb2312-1`` if it has Chinese, else ``latin62``."""
    han = load_charset("gb2312-1")
    return "gb2312-1" if covered(ref, han) * 2 >= len(han) else "latin62"


def resolve_font(text: str) -> FontRef:
    """Return the font that ``text`` means; it may have ``#face`` and ``@instance``, see ``FontRef.parse``.

    The first of these that exists: a file at that path; a font with that file name or stem; a family; an alias
    (``Heiti`` or ``黑体`` is any Chinese sans, preferably one from a pip package).

    Raises:
        UsageError: there is no such font.
        FontError: the only file with that name is broken.
    """
    ref = FontRef.parse(text)
    if ref.path.is_file():
        return ref
    if len(ref.path.parts) > 1:
        if ref.path.exists():
            what = "a folder" if ref.path.is_dir() else "a pipe or device"
            raise UsageError(f"{ref.path} is {what}, and no font file", "Name a font file.")
        raise UsageError(f"no font file {ref.path}", "Check the path, or see: handgen fonts list")
    fonts = find_fonts()
    good = [font for font in fonts if not font.broken]
    found = _named(ref.path, good)
    if found is None:
        if broken := next((font for font in fonts if font.broken and font.family == _stem(ref.path)), None):
            raise FontError(broken.broken, "Get the file again, or use another font.")
        if hidden := next((path for path in font_files() if path.name == ref.path.name), None):
            return replace(ref, path=hidden)  # ``find_fonts`` leaves it out: an earlier site has its names
        raise _unknown(ref.path, good)
    return replace(ref, path=found.path, face=ref.face or found.face)


def _named(name: Path, fonts: list[FoundFont]) -> FontRef | None:
    """Return the font called ``name``: by file name, then stem, then family, then alias."""
    stem = _stem(name)
    tests = (
        [font for font in fonts if font.ref.path.name.casefold() == name.name.casefold()],
        [font for font in fonts if plain(font.ref.path.stem) == plain(stem)],
        [font for font in fonts if plain(font.family) == plain(stem)],
    )
    for matches in tests:
        if matches:
            return min(matches, key=lambda font: (SITES.index(font.where), _weight_rank(font))).ref
    alike = [font for font in fonts if font.script == "han" and font.kind == ALIASES.get(stem.casefold())]
    if alike:
        return min(alike, key=lambda font: (font.where != "pip", _weight_rank(font))).ref
    return None


def _stem(name: Path) -> str:
    return name.stem if name.suffix.lower() in FONT_SUFFIXES else name.name


def _weight_rank(font: FoundFont) -> int:
    """Return 0 for the regular face of a family, and larger numbers for other faces."""
    plainest = ("regular", "book", "normal", "medium")
    name = font.subfamily.casefold()
    return plainest.index(name) if name in plainest else len(plainest)


def _unknown(name: Path, fonts: list[FoundFont]) -> UsageError:
    stem = _stem(name)
    message = f"no font called '{name}'"
    if name.is_symlink() or name.exists():
        thing = "a folder" if name.is_dir() else "a link that leads nowhere" if name.is_symlink() else "no file"
        return UsageError(f"{name} is {thing}, and no font", "Name the font file itself.")
    if entry := find_entry(stem):
        if entry.source.type == "apt":
            return UsageError(message, f"Get it with: {installing(entry.source.package)}")
        return UsageError(message, f"Get it with: handgen fonts fetch '{entry.family}'")
    if kind := ALIASES.get(stem.casefold()):
        family = next(entry.family for entry in fetchable("han") if entry.kind == kind)
        return UsageError(message, f"Get one with: handgen fonts fetch '{family}'")
    known = {font.family for font in fonts} | {entry.family for entry in catalog()} | {name.title() for name in ALIASES}
    close = nearest(stem, sorted(known)) if known else ""
    hint = f"{close} " if close.startswith("Did") else ""
    groups = "|".join(GROUPS)
    return UsageError(message, f"{hint}See: handgen fonts list, or get some with: handgen fonts fetch {groups}")


def suitable_targets(charset: str, source: FontRef) -> list[FontRef]:
    """Return the default target fonts, sorted by family: the regular faces of all families but the source's.

    They look handwritten and have at least half of ``charset`` in their character maps. If there are no handwritten
    ones, all fonts with half of the charset are returned.
    """
    own = plain(describe(source.path)[source.face].family)
    covering = [font for font in _covering(charset) if plain(font.family) != own]
    return [font.ref for font in covering if font.kind in HANDWRITTEN] or [font.ref for font in covering]


def suitable_fonts(charset: str) -> list[FontRef]:
    """Return the handwritten fonts that have at least half of ``charset``, sorted by family; may be empty."""
    return [font.ref for font in _covering(charset) if font.kind in HANDWRITTEN]


def _covering(charset: str) -> list[FoundFont]:
    """Return the regular face of each family that maps at least half of ``charset``."""
    families: dict[str, list[FoundFont]] = {}
    for font in find_fonts():
        if not font.broken:
            families.setdefault(plain(font.family), []).append(font)
    faces = [min(fonts, key=lambda font: _weight_rank(font)) for fonts in families.values()]
    return [font for font in faces if covered(font.ref, charset) * 2 >= len(charset)]
