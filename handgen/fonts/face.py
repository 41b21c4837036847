"""One face of a font file: naming it, opening it, and reading its names, license and instances."""

from __future__ import annotations

import contextlib
import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from handgen.errors import FontError, UsageError
from handgen.registry import nearest

if TYPE_CHECKING:
    import freetype
    from fontTools.ttLib import TTFont

FONT_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2")
_DRAWING = frozenset((
    "head", "hhea", "maxp", "hmtx", "cmap", "loca", "glyf", "CFF", "CFF2", "GSUB", "GPOS", "GDEF",
    "fvar", "gvar", "avar", "HVAR", "COLR", "CPAL",
))  # fmt: skip
"""Tables that decide how letters look and where they are."""
_FULL = frozenset((b"glyf", b"CFF ", b"CFF2"))
"""Tables of outlines."""
_MAGIC = b"\x5f\x0f\x3c\xf5"
"""The magic number in every font's table head."""
_ZEROS = 512
"""A table of outlines that ends in this many zero bytes is incomplete."""
_SIGNATURES = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"ttcf", b"wOFF", b"wOF2")
_SPEC = re.compile(r"(?P<path>.+?)(?:#(?P<face>\d+))?(?:@(?P<instance>[^@#/\\.]+))?")
_PLAIN = ("regular", "normal", "book")


@dataclass(frozen=True)
class FontRef:
    """One face of one font file.

    Attributes:
        path: the font file.
        face: number of the face in a collection, from 0.
        instance: named instance of a variable font ("Bold"); "" = the default.
    """

    path: Path
    face: int = 0
    instance: str = ""

    @classmethod
    def parse(cls, text: str) -> FontRef:
        """Read ``FILE``, ``FILE#2``, ``FILE@Bold`` or ``FILE#2@Bold``; ``spec`` writes it.

        Raises:
            UsageError: the text is empty.
        """
        match = _SPEC.fullmatch(text.strip())
        if not match:
            raise UsageError("the font's name is empty", "Name a font file.")
        return cls(Path(match["path"]), int(match["face"] or 0), match["instance"] or "")

    @property
    def spec(self) -> str:
        """The text from which ``parse`` makes this reference."""
        text = str(self.path)
        match = _SPEC.fullmatch(text)
        if self.face or (match and match["path"] != text):
            text += f"#{self.face}"
        return f"{text}@{self.instance}" if self.instance else text

    @property
    def style_name(self) -> str:
        """Name of the font as a style: a slug such as ``lxgw-wenkai`` or ``noto-sans-cjk-2``."""
        stem = re.sub(r"\[[^\]]*\]", "", self.path.stem)
        stem = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", stem)
        words = [word for word in re.split(r"[\W_]+", stem.lower()) if word]
        while len(words) > 1 and words[-1] in _PLAIN:
            words.pop()
        if self.face:
            words.append(str(self.face))
        words += [word for word in re.split(r"[\W_]+", self.instance.lower()) if word]
        return "-".join(words) or "font"


@dataclass(frozen=True)
class FontInfo:
    """What a face says about itself.

    Attributes:
        ref: the face, at its default instance.
        family: family name; the file's stem if the font has none.
        subfamily: "Regular", "Bold", ...
        license: license URL or the first line of the license text, at most 160 characters.
        instances: names of a variable font's instances.
        version: "Version 2.004".
    """

    ref: FontRef
    family: str
    subfamily: str
    license: str
    instances: tuple[str, ...] = ()
    version: str = ""


def open_face(ref: FontRef) -> freetype.Face:
    """Open a TTF, OTF, TTC, WOFF or WOFF2 face with FreeType, at its named instance.

    Raises:
        FontError: the file is missing, is not a font, is damaged, or has no outlines or no
            Unicode character map.
        UsageError: the file has no such face or instance.
    """
    import freetype

    faces = face_count(ref.path)
    if ref.face >= faces:
        have = "one face (0)" if faces == 1 else f"faces 0 to {faces - 1}"
        raise UsageError(f"{ref.path} has no face {ref.face}", f"It has {have}.")
    _check_whole(ref)
    try:
        if _signature(ref.path) == b"wOF2":  # FreeType's wheel is built without brotli
            face = freetype.Face.from_bytes(_unpacked(ref.path))
        else:
            face = freetype.Face(str(ref.path), ref.face)
    except freetype.FT_Exception as error:
        raise _damaged(ref.path, error._errors.get(error.errcode, "")) from error
    if not face.is_scalable:
        raise FontError(f"{ref.path} has bitmaps and no outlines", "Use an outline font.")
    try:
        face.select_charmap(freetype.FT_ENCODING_UNICODE)
    except freetype.FT_Exception:
        raise FontError(f"{ref.path} has no Unicode character map", "Use another font.") from None
    if ref.instance:
        face.set_var_design_coords(_instance_coordinates(ref))
    return face


def plain_data(ref: FontRef) -> bytes:
    """Return a font file as TrueType or OpenType data; WOFF and WOFF2 are unpacked.

    Raises:
        FontError: the file is missing, is not a font, or is damaged.
    """
    if _signature(ref.path) in (b"wOFF", b"wOF2"):
        return _unpacked(ref.path)
    return ref.path.read_bytes()


def instance_coordinates(ref: FontRef) -> tuple[float, ...]:
    """Return the axis coordinates of a font's named instance; () for the default instance.

    Raises:
        FontError: the font is damaged.
        UsageError: the font has no such instance.
    """
    return _instance_coordinates(ref) if ref.instance else ()


def face_count(path: Path) -> int:
    """Return how many faces a font file holds.

    Raises:
        FontError: it is missing or is not a font.
    """
    if _signature(path) != b"ttcf":
        return 1
    with path.open("rb") as file:
        header = file.read(12)
    if len(header) < 12:
        raise _damaged(path)
    return int(struct.unpack(">L", header[8:])[0])


def describe(path: Path) -> list[FontInfo]:
    """Read names, license and instances of every face of a font file.

    Raises:
        FontError: it is missing, is not a font, or its tables are damaged.
    """
    return [_describe(FontRef(path, number)) for number in range(face_count(path))]


def _describe(ref: FontRef) -> FontInfo:
    _check_whole(ref)
    with _tables(ref) as font:
        license = (_name(font, 14) or _name(font, 13)).strip().splitlines() or [""]
        return FontInfo(
            ref=ref,
            family=_name(font, 16) or _name(font, 1) or ref.path.stem,
            subfamily=_name(font, 17) or _name(font, 2) or "Regular",
            license=license[0].strip()[:160],
            instances=tuple(_instances(font)),
            version=_name(font, 5).split(";")[0].strip()[:40],
        )


def _signature(path: Path) -> bytes:
    """Return the first four bytes of a font file.

    Raises:
        FontError: the file is missing or no font; the message says what it is.
    """
    if not path.is_file():  # reading from a pipe might never end
        raise FontError(f"no font file {path}", "Check the path, or look with 'handgen fonts list'.")
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise FontError(f"cannot read the font {path} ({error.strerror})", "Check its permissions.") from None
    if head[:4] in _SIGNATURES:
        return head[:4]
    if not head:
        raise FontError(f"{path} is empty, not a font", "Get the file again.")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise FontError(f"{path} is a web page, not a font", "Download the font file itself.")
    if head.startswith(b"PK\x03\x04"):
        raise FontError(f"{path} is a ZIP archive, not a font", "Unpack it and name the font inside.")
    if head.startswith(b"version https://git-lfs"):
        raise FontError(f"{path} is a Git LFS pointer, not a font", "Fetch the file with 'git lfs pull'.")
    raise FontError(f"{path} is not a font", "handgen reads TTF, OTF, TTC, WOFF and WOFF2.")


def _check_whole(ref: FontRef) -> None:
    """Make sure that a font file is complete. FreeType draws glyphs beyond the end of a file as blanks.

    Raises:
        FontError: the file ends before its tables do, or a table ends in zeros, as after an interrupted download.
    """
    signature, size = _signature(ref.path), ref.path.stat().st_size
    with ref.path.open("rb") as file:
        if signature in (b"wOFF", b"wOF2"):
            header = file.read(12)
            if len(header) < 12 or struct.unpack(">L", header[8:])[0] > size:
                raise _damaged(ref.path, "its end is missing")
            return
        file.seek(12 + 4 * ref.face if signature == b"ttcf" else 0)
        if signature == b"ttcf":
            file.seek(struct.unpack(">L", file.read(4).ljust(4, b"\0"))[0])
        head = file.read(12).ljust(12, b"\0")
        rows = file.read(16 * struct.unpack(">H", head[4:6])[0])
        for tag, _, offset, length in struct.iter_unpack(">4sLLL", rows[: len(rows) // 16 * 16]):
            if tag.decode("latin-1").rstrip() not in _DRAWING:
                continue
            if offset + length > size:
                raise _damaged(ref.path, f"its end is missing: the file has {size:,} bytes")
            if tag == b"head":
                file.seek(offset + 12)
                if file.read(4) != _MAGIC:
                    raise _damaged(ref.path, "its head is no head")
            if tag in _FULL and length > 4 * _ZEROS:
                file.seek(offset + length - _ZEROS)
                if not any(file.read(_ZEROS)):
                    raise _damaged(ref.path, "a part of it is zeros")


def _damaged(path: Path, why: str = "") -> FontError:
    reason = f" ({why})" if why else ""
    return FontError(f"the font {path} is damaged{reason}", "Get the file again, or use another font.")


def table_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that fontTools has been seen to raise for damaged tables."""
    import zlib

    from fontTools.ttLib import TTLibError, woff2

    brotli_error = getattr(woff2, "brotli", zlib).error
    return (
        TTLibError, struct.error, zlib.error, brotli_error, AssertionError, AttributeError, LookupError, ValueError,
        TypeError, OSError, EOFError, ArithmeticError, MemoryError,
    )  # fmt: skip


@contextlib.contextmanager
def _tables(ref: FontRef) -> Iterator[TTFont]:
    """Open a face with fontTools; exceptions inside the ``with`` block become a FontError for a damaged font."""
    from fontTools.ttLib import TTFont

    try:
        with TTFont(str(ref.path), fontNumber=ref.face, lazy=True) as font:
            yield font
    except table_errors() as error:
        raise _damaged(ref.path, str(error)) from error


def _unpacked(path: Path) -> bytes:
    """Return the TrueType or OpenType font in a WOFF or WOFF2 file."""
    buffer = io.BytesIO()
    with _tables(FontRef(path)) as font:
        font.flavor = None
        font.save(buffer, reorderTables=None)
    return buffer.getvalue()


def _name(font: TTFont, number: int) -> str:
    """Return an entry of the name table, in English if possible; "" if there is none."""
    return str(font["name"].getDebugName(number) or "") if "name" in font else ""


def _instances(font: TTFont) -> dict[str, tuple[float, ...]]:
    """Return name -> axis coordinates of a variable font's named instances."""
    if "fvar" not in font:
        return {}
    axes = [axis.axisTag for axis in font["fvar"].axes]
    return {
        _name(font, instance.subfamilyNameID): tuple(instance.coordinates[axis] for axis in axes)
        for instance in font["fvar"].instances
    }


def _instance_coordinates(ref: FontRef) -> tuple[float, ...]:
    with _tables(ref) as font:
        instances = _instances(font)
    if not instances:
        raise UsageError(f"{ref.path} is not a variable font", f"Leave out '@{ref.instance}'.")
    for name, coordinates in instances.items():
        if name.casefold() == ref.instance.casefold():
            return coordinates
    raise UsageError(f"{ref.path} has no instance '{ref.instance}'", nearest(ref.instance, instances))
