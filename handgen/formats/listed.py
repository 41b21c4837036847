"""Base classes for formats that consist of image files and one list that names them."""

from __future__ import annotations

import contextlib
import itertools
import posixpath
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from handgen.files import PICTURES, walk
from handgen.formats.base import Sample
from handgen.formats.files import META, FileReader, FileWriter, Meta, Stored, image_name, json_line
from handgen.formats.findings import Findings

BOM = b"\xef\xbb\xbf"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
"""The byte-order marks of UTF-16."""
_PROBED = 20
"""How many entries of a list are tried to find the folder that its paths count from."""
_PREVIEW = "preview"


class ListWriter(FileWriter[tuple[str, str]]):
    """Writes ``images/`` and a list; see ``FileWriter``.

    Attributes:
        whole: the name of the list.
        head, between, tail: the text before, between and after the entries of the list.
        sidecar: whether each sample's meta goes to ``meta.jsonl``, one line per sample, because the list has no room.
    """

    head: ClassVar[str] = ""
    between: ClassVar[str] = "\n"
    tail: ClassVar[str] = "\n"
    sidecar: ClassVar[bool] = True

    @abstractmethod
    def _entry(self, name: str, label: str, sample: Sample) -> str:
        """Return the list's entry for a sample; ``name`` is the path of its image."""

    def _name(self, index: int) -> str:
        """Return the path of an image, relative to the dataset's folder."""
        return f"images/{image_name(index)}"

    def _row(self, sample: Sample, label: str, png: bytes) -> tuple[str, str]:
        name = self._name(sample.index)
        self._store(self.path / name, png)
        before = self.between if sample.index else self.head
        return before + self._entry(name, label, sample), json_line(sample.meta) + "\n"

    def _commit(self, rows: Sequence[tuple[str, str]]) -> None:
        self._grow(self._part, "".join(entry for entry, _ in rows).encode())
        if self.sidecar:
            self._grow(self.path / META, "".join(meta for _, meta in rows).encode())

    def _end(self) -> None:
        self._grow(self._part, self.tail.encode())


@dataclass(frozen=True)
class Entry:
    """One entry of a list.

    Attributes:
        name: path of the image; empty when the entry gives none.
        label: the label's bytes; None when the entry gives none.
        meta: further columns; None when the format of the list has none.
        fault: what is wrong with the entry; empty if nothing is.
    """

    name: str
    label: bytes | None
    meta: Meta | None = None
    fault: str = ""


class ListReader(FileReader):
    """Reads the images that a list names.

    Attributes:
        above: whether paths in the list may be relative to a folder above it.
        alone: whether the list should name every picture in its folder; if so, those it does not name are a finding.
    """

    above: ClassVar[bool] = False
    alone: ClassVar[bool] = True

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
        named: set[str] = set()
        base = self._base.absolute().as_posix()
        for stored in self._listed_samples(findings):
            path = posixpath.normpath(posixpath.join(base, stored.name.replace("\\", "/")))
            named.add(posixpath.relpath(path, base))
            yield stored
        if self.alone and self._base == self._images_of():
            self._find_unlisted(named, findings)

    def _images_of(self) -> Path:
        """Return the folder whose images all belong to this list."""
        return self.folder

    def _find_unlisted(self, named: set[str], findings: Findings) -> None:
        """Note the pictures that no list names. A folder with a list of its own is another dataset and is left out."""
        others: set[Path] = set()
        for folder, _, files in walk(self._base):
            if folder != self._base and (self._marking(files) or folder.parent in others):
                others.add(folder)
                continue
            for file in files:
                path = folder / file
                name = path.relative_to(self._base).as_posix()
                if name in named or path.suffix.lower() not in PICTURES or file.startswith((".", _PREVIEW)):
                    continue
                findings.add("unlisted", detail=name)

    def _listed_samples(self, findings: Findings) -> Iterator[Stored]:
        rows = (row for file in self._listed() for row in self._rows(file, findings))
        for row, beside in zip(rows, self._sidecar(findings), strict=False):
            meta = beside if row.meta is None else row.meta
            image, fault = self._image(row.name, findings) if row.name else (None, "the list names no image")
            yield Stored(image, row.label, meta, row.name, row.fault or fault)

    def _find_base(self) -> Path:
        """Return the folder that paths are relative to: the list's own, or the nearest above it that has the images."""
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
        """Yield the entries of a list; add to ``findings`` what is wrong with it.

        Raises:
            One of ``damage``.
        """


def file_at(base: Path, name: str) -> Path | None:
    """Return the file that a list calls ``name``, also if it writes backslashes; None if there is no such file."""
    with contextlib.suppress(OSError, ValueError):  # the name is too long, or has a NUL character
        for each in (name, name.replace("\\", "/")):
            if (base / each).is_file():
                return base / each
    return None


def decoded(data: bytes) -> tuple[str, str]:
    """Decode a text file; return the text and its encoding.

    The encoding is UTF-16 if the data begin with its byte-order mark, else UTF-8. Bytes that are not UTF-8 become lone
    surrogates, from which ``raw_bytes`` makes them again.
    """
    if data[:2] in UTF16:
        return data.decode("utf-16", "replace"), "utf-16"
    return data.removeprefix(BOM).decode("utf-8", "surrogateescape"), "utf-8"


def raw_bytes(text: str) -> bytes:
    """Return the bytes that ``decoded`` made ``text`` from."""
    return text.encode("utf-8", "surrogateescape")


def without_bom(data: bytes, file: Path, findings: Findings) -> bytes:
    """Return ``data`` without a byte-order mark. If there is one, it is a finding: few trainers expect it."""
    if not data.startswith(BOM):
        return data
    findings.add("byte-order-mark", detail=file.name)
    return data[len(BOM) :]


def lines_of(file: Path, findings: Findings) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each line that is not blank.

    Lines end with LF or CR LF; in a file without any LF, with CR. Blank lines, CRs, a byte-order mark and UTF-16 are
    findings, because they confuse or stop trainers. UTF-16 is converted to UTF-8.
    """
    with file.open("rb") as stream:
        head = stream.read(1 << 16)
        if head[:2] in UTF16:
            findings.add("list-encoding", detail=f"{file.name} is UTF-16")
            text = decoded(head + stream.read())[0].encode("utf-8", "surrogatepass")
            yield from ((i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip())
            return
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
