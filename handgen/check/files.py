"""What the readers of datasets made of files share."""

from __future__ import annotations

import fnmatch
import itertools
import json
import os
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

from handgen.check.base import Reader, Record
from handgen.check.findings import Findings

Meta = dict[str, Any]
Stored = tuple[bytes | None, bytes | None, Meta | None]
"""Image, label and meta of a sample."""


class FileReader(Reader):
    """Reads a dataset of files; samples are numbered from 1 in their order.

    Attributes:
        marks: the name of the files that mark a dataset.
        inside: the folder of a dataset that handgen puts such files into.
        damage: the errors that reading a damaged dataset raises.
    """

    marks: ClassVar[str]
    inside: ClassVar[str] = ""
    damage: tuple[type[Exception], ...] = (ValueError, KeyError, TypeError)

    @classmethod
    def find(cls, root: Path, findings: Findings) -> list[Path]:
        """Return the folders with such files; what is not finished (``.part``) is none."""
        found = set()
        for name, _, files in os.walk(root):
            parts = Path(name).relative_to(root).parts
            if fnmatch.filter(files, cls.marks) and not any(part.endswith(".part") for part in parts):
                parts = parts[: parts.index(cls.inside)] if cls.inside in parts else parts
                found.add(root.joinpath(*parts))
        return sorted(folder for folder in found if cls.holds(folder))

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
        try:
            for number, (image, label, meta) in enumerate(self._samples(), 1):
                text = (label or b"").decode("utf-8", errors="replace")
                self._labels.append(same.setdefault(text, text))
                yield Record(number, image, label, meta=meta)
        except self.damage as error:
            findings.add("damaged", len(self._labels) + 1, detail=str(error))

    def label(self, number: int) -> str:
        """Return the label of sample ``number``."""
        return self._labels[number - 1]

    @abstractmethod
    def _samples(self) -> Iterator[Stored]:
        """Yield what is stored of each sample.

        Raises:
            One of ``damage``.
        """

    def _marked(self) -> list[Path]:
        """Return the marking files of the dataset in their order."""
        return sorted([*self.folder.glob(self.marks), *(self.folder / self.inside).rglob(self.marks)])

    def _sidecar(self) -> Iterator[Meta | None]:
        """Yield line after line of ``meta.jsonl``, and None for ever after."""
        file = self.folder / "meta.jsonl"
        if file.is_file():
            with file.open(encoding="utf-8") as lines:
                for line in lines:
                    yield dict(json.loads(line))
        yield from itertools.repeat(None)


class ListReader(FileReader):
    """Reads images by the list that names them.

    Attributes:
        frame: lines of the list that are no sample.
    """

    frame: ClassVar[int] = 0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.total = sum(self._lines(file) - self.frame for file in self._listed())

    def _listed(self) -> list[Path]:
        return sorted(self.folder.glob(self.marks))

    @staticmethod
    def _lines(file: Path) -> int:
        with file.open("rb") as stream:
            return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))

    def _samples(self) -> Iterator[Stored]:
        rows = (row for file in self._listed() for row in self._rows(file))
        for (name, label, meta), beside in zip(rows, self._sidecar(), strict=False):
            yield self._image(name), label, beside if meta is None else meta

    def _image(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except OSError:
            return None

    @abstractmethod
    def _rows(self, file: Path) -> Iterator[tuple[str, bytes | None, Meta | None]]:
        """Yield path, label and, if the list has it, meta of each image.

        Raises:
            One of ``damage``.
        """
