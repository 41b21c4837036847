"""IDX files, as of MNIST and EMNIST: one file of images and one of labels, gzipped or not.

The published layout, big-endian: two zero bytes, 8 for the type "unsigned byte", the number of
dimensions, the dimensions as uint32, the data. EMNIST stores images transposed, and has a mapping file
from labels to code points.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from handgen.collect.base import NO_LABEL, Intake, Reader, Writing
from handgen.collect.files import style_name
from handgen.errors import UsageError
from handgen.fonts.charsets import load_charset
from handgen.glyphs.records import Origin

_BLOCK = 1024
_TYPES = {8: "bytes", 9: "signed bytes", 0xB: "int16", 0xC: "int32", 0xD: "float32", 0xE: "float64"}
_REMEDY = "Give IMAGES and LABELS, such as train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz."


class IdxReader(Reader):
    """Reads a pair of IDX files.

    Args:
        images: IDX file of bytes ``[n, H, W]``.
        labels: IDX file of bytes ``[n]``.
        classes: the characters of the labels 0, 1, 2, ...: a charset's name, a file, or the characters.
        mapping: a file that is used instead of ``classes``; each line has a label and the code point of its character.
        orientation: ``normal``, or ``emnist`` for transposed images.
        style: the name of the one style, by default the images' file name: these files do not say who wrote what.

    Raises:
        UsageError: a file is missing or of another kind, or the two files do not belong together.
    """

    kind = "idx"

    def __init__(
        self,
        images: Path,
        labels: Path,
        *,
        classes: str = "digits",
        mapping: Path | None = None,
        orientation: str = "normal",
        style: str | None = None,
    ) -> None:
        self._images, self._labels, self._orientation = images, labels, orientation
        self._char_of = _mapping(mapping) if mapping else dict(enumerate(load_charset(classes)))
        self.chars = "".join(sorted(set(self._char_of.values())))
        self._style = style_name(style or images.name.removesuffix(".gz").partition("-idx")[0])
        with ExitStack() as stack:
            (count, *sides), (labeled,) = (
                _dimensions(stack.enter_context(_opened(path)), path, expected)
                for path, expected in ((images, 3), (labels, 1))
            )
        if count != labeled:
            raise UsageError(f"{images.name} holds {count:,} images and {labels.name} {labeled:,} labels", _REMEDY)
        self.total, self._sides = count, sides
        if mapping is None:
            self._check_first()

    def _check_first(self) -> None:
        """Refuse labels that count from 1 although classes count from 0: every character would be off by one."""
        with _opened(self._labels) as file:
            file.read(8)
            found = {*_read(file, self.total or 0)}
        if found and min(found) == 1 and max(found) == len(self._char_of):
            raise UsageError(
                f"the labels of {self._labels.name} count from 1 to {max(found)}, and classes from 0",
                "Give EMNIST's mapping file with --mapping.",
            )

    def plan(self) -> dict[str, Any]:
        """Return the files, the classes and the orientation."""
        height, width = self._sides
        return {
            "idx": f"{self._images} ({self.total:,} images of {width} x {height}), {self._labels}",
            "classes": self.chars,
            "lie": "transposed, as in EMNIST" if self._orientation == "emnist" else "as they are",
        }

    def origin(self, style: str) -> Origin:
        """Return the file of the images."""
        return Origin(kind=self.kind, file=self._images.name)

    def writings(self, intake: Intake) -> Iterator[Writing]:
        """Yield the images in order."""
        height, width = self._sides
        assert self.total is not None
        with ExitStack() as stack:
            images, labels = (stack.enter_context(_opened(path)) for path in (self._images, self._labels))
            images.read(16)
            labels.read(8)
            for start in range(0, self.total, _BLOCK):
                intake.at(start)
                count = min(_BLOCK, self.total - start)
                pixels, numbers = _read(images, count * height * width), _read(labels, count)
                whole = min(len(pixels) // (height * width), len(numbers))
                block = np.frombuffer(pixels, np.uint8, whole * height * width).reshape(-1, height, width)
                if self._orientation == "emnist":
                    block = block.transpose(0, 2, 1)
                for row, (image, number) in enumerate(zip(block, numbers[:whole], strict=True), start + 1):
                    where = f"{self._images.name} number {row:,}"
                    char = self._char_of.get(number, "")
                    if not char:
                        intake.skip(NO_LABEL, f"{where} (label {number})", self._style)
                    elif intake.wants(self._style, char):
                        yield Writing(self._style, char, image, where)
                if whole < count:
                    for _ in range(self.total - start - whole):
                        intake.skip("the file ends before it", f"from number {start + whole + 1:,} on", self._style)
                    return
        intake.at(self.total)


def _opened(path: Path) -> IO[bytes]:
    if not path.is_file():
        raise UsageError(f"no file at {path}", _REMEDY)
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb")) if packed else path.open("rb")


def _read(file: IO[bytes], count: int) -> bytes:
    """Return ``count`` bytes, or fewer if the file is damaged or ends before."""
    data = bytearray()
    try:
        while len(data) < count and (more := file.read(min(1 << 16, count - len(data)))):
            data += more
    except (EOFError, OSError, zlib.error):
        pass
    return bytes(data)


def _dimensions(file: IO[bytes], path: Path, expected: int) -> list[int]:
    head = _read(file, 4 + 4 * expected)
    if len(head) < 4 + 4 * expected or head[:4] != bytes((0, 0, 8, expected)):
        what = "images" if expected == 3 else "labels"
        raise UsageError(f"{path} is no IDX file of {what}{_instead(head)}", _REMEDY)
    sizes = np.frombuffer(head, ">u4", expected, 4).astype(int).tolist()
    if not all(sizes) or max(sizes[1:], default=1) > 1024:
        raise UsageError(f"{path} has dimensions that are not read: {' x '.join(map(str, sizes))}", _REMEDY)
    return [int(size) for size in sizes]


def _instead(head: bytes) -> str:
    """Return what kind of file begins with ``head``, for a message; "" if that is unknown."""
    if head[:4] == b"PK\x03\x04":
        return ": it is a ZIP archive, to be unpacked"
    if head[:2] != bytes(2) or len(head) < 4:
        return ""
    kind, sides = _TYPES.get(head[2], "values of an unknown kind"), head[3]
    if kind != _TYPES[8]:
        return f": it holds {kind}, and only bytes are read"
    return f": it has {sides} dimensions" + {1: ", as labels have", 3: ", as images have"}.get(sides, "")


def _mapping(path: Path) -> dict[int, str]:
    """Read EMNIST's mapping: ``label code`` on each line; of several codes (upper and lower case) the first counts."""
    if not path.is_file():
        raise UsageError(f"no mapping at {path}", "Check --mapping.")
    try:
        rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return {int(label): chr(int(code)) for label, code, *_ in rows}
    except (ValueError, OverflowError):
        raise UsageError(f"{path} is no mapping", "Each line is a label and a code point, as in '10 65'.") from None
