"""CASIA-HWDB's .gnt files: one file per writer, one record per character.

The published layout, little-endian: uint32 length of the record in bytes, the character's GB code (two
bytes, the lead byte first; ASCII padded with 0), uint16 width, uint16 height, then width x height gray
levels, 255 = paper. Characters of GB18030 outside GBK have codes of four bytes; these are read too.

Files are streamed through a window of a few MiB. A record whose length, width and height do not fit
together is skipped; reading continues at the next complete record that is consistent and has a character.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from handgen.characters import nfc
from handgen.collect.base import DAMAGED, NO_LABEL, Intake, Reader, Writing
from handgen.collect.files import files_in, style_name
from handgen.errors import UsageError
from handgen.fonts.charsets import is_written
from handgen.glyphs.records import Origin

_HEADER = 12
"""Length in bytes of the longest header, which has a code of four bytes."""
_SIDE = 2048
"""Largest plausible width or height of a character in pixels."""
_CHUNK = 1 << 20
_BROKEN = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError)
"""Exceptions of zipfile for archives that are damaged, or encrypted or packed by an unknown method (RuntimeError)."""


@dataclass(frozen=True)
class _Header:
    size: int
    code: bytes
    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def char(self) -> str:
        """The character in NFC; empty if the code is not one."""
        try:
            text = self.code.rstrip(b"\0").decode("gb18030")
        except UnicodeDecodeError:
            return ""
        text = nfc(text)
        return text if is_written(text) else ""


def _header(data: bytes) -> _Header | None:
    """Return the header at the start of ``data``; None if its numbers do not fit together."""
    size = int.from_bytes(data[:4], "little")
    for code in (2, 4):
        head = 8 + code
        if len(data) < head:
            return None
        width, height = (int.from_bytes(data[at : at + 2], "little") for at in (4 + code, 6 + code))
        if 0 < width <= _SIDE and 0 < height <= _SIDE and size == head + width * height:
            return _Header(size, bytes(data[4 : 4 + code]), width, height)
    return None


class _Window:
    """A stream with lookahead."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._data = bytearray()
        self._at = 0
        self.offset = 0

    def peek(self, count: int, ahead: int = 0) -> bytes:
        """Return ``count`` bytes from ``ahead`` bytes after the current position; fewer at the end of the file."""
        while len(self._data) - self._at < ahead + count:
            more = self._file.read(max(_CHUNK, ahead + count - len(self._data) + self._at))
            if not more:
                break
            del self._data[: self._at]
            self._at = 0
            self._data += more
        return bytes(self._data[self._at + ahead : self._at + ahead + count])

    def skip(self, count: int) -> None:
        """Move the current position on by ``count`` bytes that were peeked at."""
        self._at += count
        self.offset += count


class GntReader(Reader):
    """Reads .gnt files, folders of them, and ZIP archives; archives are streamed and not unpacked.

    Args:
        paths: files and folders, read in this order; the files of a folder are sorted.
        style: one name for all writers; by default each file is a writer with the file's name.

    Raises:
        UsageError: a path does not exist, is another kind of file, or has no .gnt file.
    """

    kind = "gnt"

    def __init__(self, paths: Sequence[Path], style: str | None = None) -> None:
        self._files = [file for path in paths for file in _expand(path)]
        self.total = sum(file.stat().st_size for file in self._files)
        self._style = style_name(style) if style else None
        self._origins: dict[str, str] = {}

    def plan(self) -> dict[str, Any]:
        """Return the files and their total size."""
        shown = ", ".join(str(file) for file in self._files[:3])
        more = f" and {len(self._files) - 3:,} more" if len(self._files) > 3 else ""
        return {"gnt": f"{shown}{more} ({(self.total or 0) / 1e6:,.1f} MB)"}

    def origin(self, style: str) -> Origin:
        """Return a writer's file."""
        return Origin(kind=self.kind, file=Path(self._origins.get(style, "")).name)

    def writings(self, intake: Intake) -> Iterator[Writing]:
        """Yield the writings, file by file."""
        before = 0
        for file in self._files:
            whole = file.stat().st_size
            try:
                if file.suffix.lower() == ".zip":
                    yield from self._of_archive(file, intake, before)
                else:
                    with file.open("rb") as stream:
                        yield from self._of_file(
                            stream, self._own(file.stem, str(file)), file.name, intake, before, 1.0
                        )
            except _BROKEN as error:
                intake.skip(DAMAGED, f"{file.name}: {error}")
            before += whole
            intake.at(before)

    def _of_archive(self, file: Path, intake: Intake, before: int) -> Iterator[Writing]:
        with zipfile.ZipFile(file) as archive:
            for info in sorted(archive.infolist(), key=lambda info: info.filename):
                name = PurePosixPath(info.filename)
                if info.is_dir() or name.suffix.lower() != ".gnt" or name.name.startswith("."):
                    continue
                where, own = f"{file.name}/{info.filename}", self._own(name.stem, f"{file}/{info.filename}")
                try:
                    with archive.open(info) as stream:
                        share = info.compress_size / max(1, info.file_size)
                        yield from self._of_file(stream, own, where, intake, before, share)
                except _BROKEN as error:
                    intake.skip(DAMAGED, f"{where}: {error}", own)
                before += info.compress_size
                intake.at(before)

    def _of_file(
        self, stream: IO[bytes], style: str, where: str, intake: Intake, before: int, share: float
    ) -> Iterator[Writing]:
        if not intake.wants(style):
            return
        window, told = _Window(stream), 0
        while start := window.peek(_HEADER):
            at = f"{where} at byte {window.offset:,}"
            header = _header(start)
            record = window.peek(header.size) if header else b""
            if header is None or len(record) < header.size:
                reason = "the file ends inside a record" if header else DAMAGED
                intake.skip(reason, at, style, header.char if header else "")
                if not _resynchronize(window):
                    return
                continue
            char = header.char
            if not char:
                intake.skip(NO_LABEL, f"{at} (code {header.code.hex()})", style)
            elif intake.wants(style, char):
                pixels = np.frombuffer(record, np.uint8, header.pixels, header.size - header.pixels)
                yield Writing(style, char, pixels.reshape(header.height, header.width), at, paper=255)
            window.skip(header.size)
            if window.offset - told > _CHUNK:
                told = window.offset
                intake.at(before + int(told * share))

    def _own(self, stem: str, file: str) -> str:
        """Return the style of a file: the one name for all, or a name that no other file has."""
        if self._style:
            return self._style
        own, number = style_name(stem), 1
        while self._origins.setdefault(own, file) != file:
            number += 1
            own = f"{style_name(stem)}-{number}"
        return own


def _expand(path: Path) -> list[Path]:
    if path.is_dir():
        if found := files_in(path, (".gnt", ".zip")):
            return found
        raise UsageError(f"no .gnt file is in the folder {path}", "Give one that holds .gnt files or ZIP archives.")
    if not path.is_file():
        raise UsageError(f"no file or folder at {path}", "Check the path.")
    if path.suffix.lower() not in (".gnt", ".zip"):
        raise UsageError(f"{path} is no .gnt file", "Give FILE.gnt, a ZIP of them, or a folder.")
    return [path]


def _resynchronize(window: _Window) -> bool:
    """Skip to the next complete and consistent record; return False if there is none."""
    window.skip(1)
    while data := window.peek(_CHUNK):
        for offset in _candidates(data):
            header = _header(window.peek(_HEADER, offset))
            if header and header.char and len(window.peek(header.size, offset)) == header.size:
                window.skip(offset)
                return True
        if len(data) < _CHUNK:
            return False
        window.skip(len(data) - _HEADER + 1)  # the last offsets have no whole header in ``data``
    return False


def _candidates(data: bytes) -> list[int]:
    """Return the offsets in ``data`` of a whole header whose numbers fit together."""
    grays = np.frombuffer(data, np.uint8)
    whole = max(0, len(grays) - _HEADER + 1)
    offsets = np.flatnonzero(grays[3 : 3 + whole] == 0)  # no record is so large that its fourth byte is used
    octet = grays.astype(np.int64)

    def number(at: NDArray[np.int64]) -> NDArray[np.int64]:
        low, high = octet[at], octet[at + 1]
        return low | high << 8

    size = number(offsets) | octet[offsets + 2] << 16
    found: set[int] = set()
    for code in (2, 4):
        width, height = number(offsets + 4 + code), number(offsets + 6 + code)
        fits = (width > 0) & (width <= _SIDE) & (height > 0) & (height <= _SIDE)
        fits &= size == 8 + code + width * height
        found.update(offsets[fits].tolist())
    return sorted(found)
