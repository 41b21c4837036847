"""Finds the font file on this machine that a store or a model was made with.

The file is recognized by its SHA-256, whatever its path and name are. If that file is gone, another file of the same
family is taken, provided that its glyphs look as those in training did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handgen.errors import FontError, UsageError
from handgen.fonts.catalog import find_entry, plain
from handgen.fonts.face import FontRef, describe
from handgen.fonts.find import file_sha256, font_files, resolve_font
from handgen.fonts.raster import source_glyphs
from handgen.glyphs.records import Raster
from handgen.glyphs.store import GlyphStore
from handgen.typed import Record

_COUNT, _SIDE = 32, 8
"""Number of sketches, and their side in pixels."""
AGREES = 8.0
"""Two files draw alike if the mean difference of their sketches is at most this, in gray levels of 255."""


@dataclass(frozen=True)
class SourceLook(Record):
    """How a source font looks, to recognize it in another file.

    Attributes:
        family, version: the font's own names.
        sketches: character -> its glyph in 8 x 8 gray levels, as hexadecimal digits.
    """

    family: str = ""
    version: str = ""
    sketches: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceFont:
    """A source font that was found.

    Attributes:
        ref: the font.
        sha256: SHA-256 of its file.
        same: whether it is the recorded file, face and instance.
        note: a message for the user if it is not; else empty.
    """

    ref: FontRef
    sha256: str
    same: bool
    note: str = ""


def look_of(store: GlyphStore) -> SourceLook:
    """Return how the source font of a store looks; an empty record if the store has none."""
    if not store.sources:
        return SourceLook()
    number = store.sources[0]
    rows = {str(store.labels["char"][row]): row for row in store.rows(number)[::-1].tolist()}  # char -> its first row
    chars = _choose("".join(sorted(rows)))
    images = np.stack([store.images[rows[char]] for char in chars])
    origin = store.styles[number].origin
    return SourceLook(origin.family, origin.version, _sketches(chars, images))


def look_of_font(ref: FontRef, raster: Raster, chars: str) -> SourceLook:
    """Return how a font looks when it is drawn as ``raster`` says; sketches are made of some of ``chars``."""
    assert raster.placement is not None
    info = describe(ref.path)[ref.face]
    images, drawn, _ = source_glyphs(ref, raster.size, raster.placement, _choose("".join(sorted(chars))))
    return SourceLook(info.family, info.version, _sketches(drawn, images))


def find_source_font(raster: Raster, look: SourceLook, font: str | None = None) -> SourceFont:
    """Return the source font of a store or a model.

    The first of these that exists: ``font``; the file at the recorded path; the same file elsewhere, by its hash; a
    file of the same family whose glyphs agree, with the same version first.

    Args:
        raster: how the source was drawn.
        look: how it looked, as far as that is known.
        font: a file or a name to take instead of the recorded one.

    Raises:
        UsageError: none of them exists.
    """
    recorded = FontRef.parse(raster.source)
    if font:
        return _found(resolve_font(font), recorded, raster)
    if _is_recorded(recorded.path, raster.sha256):
        return SourceFont(recorded, raster.sha256 or file_sha256(recorded.path), True)
    if raster.sha256:
        by_name = sorted(font_files(), key=lambda path: path.name != recorded.path.name)
        same = next((path for path in by_name if _is_recorded(path, raster.sha256)), None)
        if same:
            return SourceFont(replace(recorded, path=same), raster.sha256, True)
    return _relative(recorded, raster, look)


def _is_recorded(path: Path, digest: str) -> bool:
    try:
        return path.is_file() and digest in ("", file_sha256(path))
    except OSError:
        return False


def _found(ref: FontRef, recorded: FontRef, raster: Raster) -> SourceFont:
    digest = file_sha256(ref.path)
    if digest == raster.sha256 and (ref.face, ref.instance) == (recorded.face, recorded.instance):
        return SourceFont(ref, digest, True)
    return SourceFont(ref, digest, False, f"the source font is {ref.path.name}, not the file of training")


def _relative(recorded: FontRef, raster: Raster, look: SourceLook) -> SourceFont:
    """Return a font of the recorded family whose glyphs agree with the sketches, if there are sketches."""
    name, refused = recorded.path.name, ""
    for ref, version in _called_alike(recorded, look):
        apart = _difference(ref, raster, look)
        if apart is not None and apart > AGREES:
            refused = refused or f"; {ref.path} is called alike, but draws other glyphs ({apart:.0f} levels of 255 off)"
            continue
        known = "its glyphs were not compared" if apart is None else f"its glyphs agree, to {apart:.1f} levels of 255"
        which = f"{ref.path.name} {version}".strip()
        return SourceFont(
            ref, file_sha256(ref.path), False, f"the source font is {which}, not the {name} of training: {known}"
        )
    entry = find_entry(look.family) or find_entry(recorded.style_name)
    get = (
        f"Get it with: handgen fonts fetch '{entry.family}', or give"
        if entry and entry.source.type != "apt"
        else "Give"
    )
    raise UsageError(
        f"the source font {recorded.path} that this was made with is not there{refused}", f"{get} one with --font."
    )


def _called_alike(recorded: FontRef, look: SourceLook) -> Iterator[tuple[FontRef, str]]:
    """Yield the faces of the recorded font's family or file name, the same version first."""
    families = {plain(name) for name in (look.family, recorded.style_name) if name}
    paths = [*([recorded.path] if recorded.path.is_file() else []), *font_files()]
    found: list[tuple[FontRef, str]] = []
    for path in dict.fromkeys(paths):
        try:
            infos = describe(path)
        except FontError:
            continue
        for info in infos:
            named = plain(path.stem) == plain(recorded.path.stem)
            if named or plain(info.family) in families:
                instance = recorded.instance if recorded.instance in info.instances else ""
                found.append((replace(info.ref, instance=instance), info.version))
    yield from sorted(found, key=lambda face: face[1] != look.version)


def _difference(ref: FontRef, raster: Raster, look: SourceLook) -> float | None:
    """Return the mean difference between a font's sketches and the recorded ones, in gray levels; None without any."""
    if not look.sketches or raster.placement is None:
        return None
    try:
        images, drawn, _ = source_glyphs(ref, raster.size, raster.placement, "".join(look.sketches))
    except (FontError, UsageError):
        return 255.0
    made = _sketches(drawn, images)
    apart = [
        255.0 if char not in made else float(np.abs(_levels(sketch) - _levels(made[char])).mean())
        for char, sketch in look.sketches.items()
    ]
    return float(np.mean(apart))


def _levels(sketch: str) -> NDArray[np.int16]:
    return np.frombuffer(bytes.fromhex(sketch), np.uint8).astype(np.int16)


def _sketches(chars: str, images: NDArray[np.uint8]) -> dict[str, str]:
    small = (Image.fromarray(image).resize((_SIDE, _SIDE), Image.Resampling.BOX) for image in images)
    return {char: np.asarray(image).tobytes().hex() for char, image in zip(chars, small, strict=True)}


def _choose(chars: str) -> str:
    """Return up to ``_COUNT`` of the characters, at even intervals."""
    return "".join(chars[round(index)] for index in np.linspace(0, len(chars) - 1, min(_COUNT, len(chars))))
