"""The glyph store: the one format for rendered fonts and imported handwriting.

A store is a folder of three files and a picture:

- ``images.npy``   uint8 ``[N, size, size]``, 0 = ink, 255 = paper; memory-mapped when read
- ``labels.npy``   one row per image: character, style number, sample number
- ``manifest.json`` charset, raster settings, and one record per style (font, license, alignment)
- ``preview.png``  a contact sheet, one row per style

Nothing else in handgen knows these names. No file holds a pickle.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import struct
import sys
import tokenize
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from handgen.errors import StoreError, UsageError, quoted
from handgen.files import PICTURES, from_os_error, sha256, walk, writable_folder, write_json
from handgen.glyphs.records import Raster, StyleRecord
from handgen.version import __version__

if TYPE_CHECKING:
    import torch

FORMAT = 1
DAMAGED = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    EOFError,
    MemoryError,
    RecursionError,
    SyntaxError,
    SystemError,
    tokenize.TokenError,
    struct.error,
)
"""Exceptions that reading damaged JSON or a damaged NumPy file raises."""
LABEL = np.dtype([("char", "<U8"), ("style", "<i4"), ("sample", "<i4")])
IMAGES, LABELS, MANIFEST, PREVIEW = "images.npy", "labels.npy", "manifest.json", "preview.png"
_STAGING = ".handgen-store"
_HEADER = 128
"""Length in bytes of the header of images.npy."""


class GlyphStore:
    """A store opened for reading; images stay on disk until they are used."""

    def __init__(self, path: Path) -> None:
        """Open the store at ``path``.

        Raises:
            UsageError: there is no store.
            StoreError: the store is damaged, unfinished or of another version.
        """
        self.path = path
        if not (path / MANIFEST).is_file():
            raise UsageError(f"no glyph store at {path}", f"{_how_to_make(path)}, or name one with --data.")
        remedy = "Render it again with 'handgen render'."
        try:
            manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
            made_by = manifest.get("handgen", "unknown")
            if not isinstance(manifest.get("format"), int):
                raise _no_store(path, manifest)
            if manifest["format"] != FORMAT:
                raise StoreError(f"the glyph store {path} was made by another version of handgen ({made_by})", remedy)
            self.images: NDArray[np.uint8] = np.load(path / IMAGES, mmap_mode="r", allow_pickle=False)
            self.labels: NDArray[np.void] = np.load(path / LABELS, allow_pickle=False)
            self.charset: str = manifest["charset"]
            self.raster = Raster.from_json(manifest["raster"], "raster")
            self.styles = tuple(
                StyleRecord.from_json(record, f"styles[{number}]") for number, record in enumerate(manifest["styles"])
            )
        except StoreError:
            raise
        except DAMAGED as error:
            raise StoreError(f"the glyph store {path} is damaged ({error})", remedy) from error
        if self.images.ndim != 3 or len(self.images) != len(self.labels) or self.labels.dtype != LABEL:
            raise StoreError(f"the glyph store {path} is damaged (images and labels do not match)", remedy)
        codes = np.ascontiguousarray(self.labels["char"]).view(np.uint32)
        if codes.max(initial=0) > sys.maxunicode or self.labels["style"].max(initial=0) >= len(self.styles):
            raise StoreError(f"the glyph store {path} is damaged (labels of no character or style)", remedy)

    @property
    def size(self) -> int:
        """Side of the square images in pixels."""
        return int(self.images.shape[-1])

    @property
    def sources(self) -> tuple[int, ...]:
        """Numbers of the content styles."""
        return tuple(i for i, style in enumerate(self.styles) if style.role == "source")

    @property
    def targets(self) -> tuple[int, ...]:
        """Numbers of the styles to be learned."""
        return tuple(i for i, style in enumerate(self.styles) if style.role == "target")

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of the store: one, or several in ``StoresTogether``."""
        return (self.path,)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the manifest, which identifies the store."""
        return sha256(self.path / MANIFEST)

    def rows(self, style: int) -> NDArray[np.int64]:
        """Return the row numbers of one style's images, in the order of the store."""
        return np.flatnonzero(self.labels["style"] == style)


def _how_to_make(path: Path) -> str:
    """Return a remedy that makes a glyph store: import the pictures at ``path`` if there are any, else render."""
    if path.is_dir() and any(Path(name).suffix.lower() in PICTURES for _, _, names in walk(path) for name in names):
        return f"Make one of the pictures there with: handgen import images {quoted(path)}"
    return "Make one with 'handgen render --font FONT'"


def _no_store(path: Path, manifest: dict[str, Any]) -> StoreError:
    """Return the error for a folder whose manifest is not that of a glyph store."""
    remedy = "Make a store with 'handgen render --font FONT', or name one with --data."
    if "plan" in manifest and isinstance(manifest.get("format"), str):
        return StoreError(
            f"{path} is a dataset ({manifest['format']}), no glyph store",
            f"Name a store, or import its single characters with: handgen import lmdb {quoted(path)}",
        )
    return StoreError(f"{path} is no glyph store: its manifest is that of something else", remedy)


def is_store(path: Path) -> bool:
    """Return whether a folder is a glyph store."""
    return (path / MANIFEST).is_file() and (path / IMAGES).is_file()


class StoreWriter:
    """Writes a store into a hidden sub-folder and moves it up when it is complete; a context manager.

    Leaving it with an error leaves the destination as it was.

    Args:
        path: the store's folder. An existing store is replaced only when the new one is complete; a folder that holds
            anything else is refused.
        size: side of the images in pixels.
        charset: the characters that were asked for; importers set it later, when they know it.
        raster: how the source was drawn.

    Raises:
        UsageError: the folder holds something else, or cannot be written.
    """

    def __init__(self, path: Path, *, size: int, charset: str, raster: Raster) -> None:
        names = [p.name for p in path.iterdir()] if path.is_dir() else []
        if names and names != [_STAGING] and not is_store(path):
            raise UsageError(f"{path} is not empty and holds no glyph store", "Choose another --out.")
        writable_folder(path)
        self.path = path
        self.size = size
        self.charset = charset
        self._raster = raster
        self._staging = path / _STAGING
        self.styles: list[StyleRecord] = []
        self._labels: list[NDArray[np.void]] = []
        self._count = 0
        self._last = (0, 0)

    def __enter__(self) -> StoreWriter:
        shutil.rmtree(self._staging, ignore_errors=True)
        self._staging.mkdir()
        self._file = (self._staging / IMAGES).open("w+b")
        self._write_header()
        return self

    def _write_header(self) -> None:
        """Write the header of images.npy for the current count; its length is always the same."""
        shape = f"({self._count:>12d}, {self.size}, {self.size}, )"
        text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
        self._file.seek(0)
        self._file.write(b"\x93NUMPY\x01\x00" + (_HEADER - 10).to_bytes(2, "little") + text.ljust(_HEADER - 11) + b"\n")

    def add_style(self, style: StyleRecord) -> int:
        """Add a style and return its number.

        Raises:
            UsageError: the name is taken.
        """
        if any(style.name == other.name for other in self.styles):
            raise UsageError(f"two styles are called '{style.name}'", "Rename one of the font files.")
        self.styles.append(style)
        self._last = (self._count, len(self._labels))
        return len(self.styles) - 1

    def drop_last_style(self) -> None:
        """Remove the style that was added last, and its images."""
        self.styles.pop()
        self._count, blocks = self._last
        del self._labels[blocks:]
        self._file.seek(_HEADER + self._count * self.size**2)
        self._file.truncate()

    def replace_style(self, number: int, style: StyleRecord) -> None:
        """Replace the record of a style, for example when it is known what was skipped."""
        self.styles[number] = style

    def append(self, images: NDArray[np.uint8], chars: Sequence[str], style: int, samples: Sequence[int]) -> None:
        """Append images of one style.

        Args:
            images: uint8 ``[n, size, size]``.
            chars: their n characters.
            style: number of the style.
            samples: for each image, its number among the drawings of its character in this style.

        Raises:
            HandgenError: the disk is full.
        """
        if images.shape[1:] != (self.size, self.size) or images.dtype != np.uint8:
            raise ValueError(f"images must be uint8 [n, {self.size}, {self.size}], not {images.dtype} {images.shape}")
        if not len(images) == len(chars) == len(samples):
            raise ValueError("images, chars and samples differ in length")
        labels = np.empty(len(images), LABEL)
        labels["char"], labels["style"], labels["sample"] = list(chars), style, samples
        try:
            self._file.write(np.ascontiguousarray(images).data)
        except OSError as error:
            raise from_os_error(error, self.path) from error
        self._labels.append(labels)
        self._count += len(images)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        except OSError as os_error:
            raise from_os_error(os_error, self.path) from os_error
        finally:
            with contextlib.suppress(OSError):  # a full disk again; the first error is the one to report
                self._file.close()
            shutil.rmtree(self._staging, ignore_errors=True)

    def _finish(self) -> None:
        if not self._count:
            raise StoreError("not one glyph was drawn", "Check the fonts with 'handgen fonts check FONT'.")
        self._write_header()
        _sync(self._file)
        self._file.close()
        with (self._staging / LABELS).open("wb") as file:
            np.save(file, np.concatenate(self._labels), allow_pickle=False)
            _sync(file)
        manifest = {
            "format": FORMAT,
            "handgen": __version__,
            "count": self._count,
            "charset": self.charset,
            "raster": self._raster.to_json(),
            "styles": [style.to_json() for style in self.styles],
        }
        # A folder without a manifest is no store. So the old manifest is removed first, and the new one is written
        # last, when the other files are safely on the disk.
        (self.path / MANIFEST).unlink(missing_ok=True)
        (self.path / PREVIEW).unlink(missing_ok=True)
        for name in (IMAGES, LABELS):
            (self._staging / name).replace(self.path / name)
        write_json(self.path / MANIFEST, manifest)


def _sync(file: IO[bytes]) -> None:
    """Write a file's data to the disk."""
    file.flush()
    os.fsync(file.fileno())


def to_unit(images: NDArray[np.uint8] | torch.Tensor) -> torch.Tensor:
    """Turn uint8 images (0 = ink, 255 = paper) into float32 in [-1, 1] (-1 = ink, 1 = paper)."""
    import torch

    tensor = images if isinstance(images, torch.Tensor) else torch.tensor(images)
    return tensor.to(torch.float32).mul_(1 / 127.5).sub_(1.0)


def to_bytes(images: torch.Tensor) -> torch.Tensor:
    """Turn float images in [-1, 1] back into uint8 on the same device; values out of range are clipped."""
    import torch

    # The direct conversion to uint8 takes three times as long on a CPU.
    return images.float().add(1.0).mul_(127.5).round_().clamp_(0, 255).to(torch.int16).to(torch.uint8)
