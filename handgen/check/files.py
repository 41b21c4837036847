"""What the readers of datasets made of files share."""

from __future__ import annotations

import contextlib
import fnmatch
import itertools
import json
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

from handgen.check.base import Reader, Record
from handgen.check.findings import Findings
from handgen.files import walk

Meta = dict[str, Any]
BOM = b"\xef\xbb\xbf"
_PROBED = 20


@dataclass(frozen=True)
class Stored:
    """What is stored of a sample; attributes as those of ``Record``."""

    image: bytes | None
    label: bytes | None
    meta: Meta | None = None
    name: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Entry:
    """What a list says of an image.

    Attributes:
        name: its path; empty when the list gives none.
        label: encoded; None when the list gives none.
        meta: further columns; None when the list has no place for them.
        fault: what is wrong with the entry.
    """

    name: str
    label: bytes | None
    meta: Meta | None = None
    fault: str = ""


class FileReader(Reader):
    """Reads a dataset of files; samples are numbered from 1 in their order.

    Attributes:
        marks: the names of the files that mark a dataset.
        inside: the folder of a dataset that handgen puts such files into.
        damage: the errors that reading a damaged dataset raises.
    """

    marks: ClassVar[tuple[str, ...]]
    inside: ClassVar[str] = ""
    damage: tuple[type[Exception], ...] = (ValueError, KeyError, TypeError, OSError, RecursionError)

    @classmethod
    def find(cls, root: Path, findings: Findings) -> list[Path]:
        """Return the folders with such files; what is not finished (``.part``) is none."""
        found = set()
        for folder, _, files in walk(root):
            parts = folder.relative_to(root).parts
            if any((folder / n).is_file() for n in cls._marking(files)) and not any(
                part.endswith(".part") for part in parts
            ):
                parts = parts[: parts.index(cls.inside)] if cls.inside in parts else parts
                found.add(root.joinpath(*parts))
        return sorted(folder for folder in found if cls.holds(folder))

    @classmethod
    def _marking(cls, names: list[str]) -> list[str]:
        """Return those of ``names`` that mark a dataset; systems leave files behind that begin with a dot."""
        return [n for n in names if not n.startswith(".") and any(fnmatch.fnmatch(n, mark) for mark in cls.marks)]

    @classmethod
    def holds(cls, folder: Path) -> bool:
        """Tell whether the marked folder is of this format indeed."""
        return True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = self.total = None
        self._labels: list[str] = []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing stays open."""

    def records(self, findings: Findings) -> Iterator[Record]:
        """Yield the samples in order."""
        same: dict[str, str] = {}
        self._labels = []
        try:
            for number, stored in enumerate(self._samples(findings), 1):
                text = (stored.label or b"").decode("utf-8", errors="replace")
                self._labels.append(same.setdefault(text, text))
                yield Record(number, stored.image, stored.label, meta=stored.meta, name=stored.name, fault=stored.fault)
        except self.damage as error:
            findings.add("damaged", len(self._labels) + 1, detail=str(error))

    def label(self, number: int) -> str:
        """Return the label of sample ``number``."""
        return self._labels[number - 1]

    @abstractmethod
    def _samples(self, findings: Findings) -> Iterator[Stored]:
        """Yield what is stored of each sample; add what is wrong with the files that list them.

        Raises:
            One of ``damage``.
        """

    def _marked(self) -> list[Path]:
        """Return the marking files of the dataset in their order."""
        deep = ((folder, names) for folder, _, names in walk(self.folder / self.inside))
        flat = [(self.folder, [path.name for path in self.folder.iterdir()])] if self.inside else []
        found = {folder / name for folder, names in (*deep, *flat) for name in self._marking(names)}
        return sorted(path for path in found if path.is_file())

    def _sidecar(self, findings: Findings) -> Iterator[Meta | None]:
        """Yield line after line of ``meta.jsonl``, and None for ever after."""
        file = self.folder / "meta.jsonl"
        if file.is_file():
            with file.open(encoding="utf-8", errors="replace") as lines:
                for number, line in enumerate(lines, 1):
                    meta = _object(line)
                    if meta is None:
                        findings.add("damaged", detail=f"{file.name}, line {number}")
                    yield meta
        yield from itertools.repeat(None)


class ListReader(FileReader):
    """Reads images by the list that names them.

    Attributes:
        above: whether the paths of the list may count from a folder above it.
    """

    above: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        try:
            self.total = sum(1 for file in self._listed() for _ in self._rows(file, Findings()))
        except self.damage:
            self.total = None
        self._base = self._find_base()

    def _listed(self) -> list[Path]:
        names = self._marking([path.name for path in self.folder.iterdir()])
        return sorted(self.folder / name for name in names if (self.folder / name).is_file())

    def _samples(self, findings: Findings) -> Iterator[Stored]:
        rows = (row for file in self._listed() for row in self._rows(file, findings))
        for row, beside in zip(rows, self._sidecar(findings), strict=False):
            meta = beside if row.meta is None else row.meta
            image, fault = self._image(row.name, findings) if row.name else (None, "the list names no image")
            yield Stored(image, row.label, meta, row.name, row.fault or fault)

    def _find_base(self) -> Path:
        """Return the folder that paths count from: that of the list, or one above it where only that one has them."""
        if not self.above:
            return self.folder
        try:
            rows = (row for file in self._listed() for row in self._rows(file, Findings()))
            names = [row.name for row in itertools.islice(rows, _PROBED)]
        except self.damage:
            return self.folder
        for base in (self.folder, *self.folder.absolute().parents[:3]):
            if any(file_at(base, name) for name in names):
                return base
        return self.folder

    def _image(self, name: str, findings: Findings) -> tuple[bytes | None, str]:
        """Return the image, or None and why it cannot be read."""
        path = file_at(self._base, name)
        if path is None:
            return None, f"no file {name}"
        if path != self._base / name:
            findings.add("backslash", detail=name)
        try:
            return path.read_bytes(), ""
        except OSError as error:
            return None, f"{name}: {error.strerror}"

    @abstractmethod
    def _rows(self, file: Path, findings: Findings) -> Iterator[Entry]:
        """Yield what the list says of each image; add what is wrong with the list.

        Raises:
            One of ``damage``.
        """


def _object(line: str) -> Meta | None:
    try:
        return dict(json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None


def file_at(base: Path, name: str) -> Path | None:
    """Return the file that a list calls ``name``; Windows writes backslashes."""
    with contextlib.suppress(OSError, ValueError):  # a name that is too long, or has a zero in it
        for each in (name, name.replace("\\", "/")):
            if (base / each).is_file():
                return base / each
    return None


def without_bom(data: bytes, file: Path, findings: Findings) -> bytes:
    """Return ``data`` without the byte-order mark, which few trainers expect; note that it is there."""
    if not data.startswith(BOM):
        return data
    findings.add("byte-order-mark", detail=file.name)
    return data[len(BOM) :]


def lines_of(file: Path, findings: Findings) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each line that is not blank; note blank ones, a byte-order mark and CRs.

    A line ends with LF, as it does for a trainer that reads bytes, or with CR LF; where there is not one LF, with CR.
    """
    with file.open("rb") as stream:
        head = stream.read(1 << 16)
        old = b"\n" not in head and b"\r" in head
    with file.open("rb") as stream:
        lines = iter(stream.read().split(b"\r")) if old else stream
        cut = 0
        for number, line in enumerate(lines, 1):
            if number == 1:
                line = without_bom(line, file, findings)
            text = line.removesuffix(b"\n")
            cut += text.endswith(b"\r") or old
            text = text.removesuffix(b"\r")
            if text.strip():
                yield number, text
            elif text or not old:
                findings.add("blank-line", detail=f"{file.name}, line {number}")
    if cut:
        findings.add("cr-lines", detail=file.name, count=cut)


def utf8(text: object) -> bytes:
    """Encode a label; what JSON smuggles in as half a surrogate pair stays and is no UTF-8."""
    return str(text).encode("utf-8", "surrogatepass")
