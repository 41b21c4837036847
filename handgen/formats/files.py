"""Base classes for the formats that consist of ordinary files.

Samples are committed in groups: first their files, then ``progress.json``, which says how many
samples there are and how long each growing file is. After a crash, everything beyond that is
overwritten. Each format has one file or folder that readers look for; its name ends in ``.part``
until the dataset is finished.
"""

from __future__ import annotations

import csv
import fnmatch
import itertools
import json
import os
import sys
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Generic, TypeVar

from handgen.errors import DatasetError
from handgen.files import from_os_error, walk, write_json
from handgen.formats.base import Sample, Writer
from handgen.formats.findings import Findings
from handgen.formats.png import as_png
from handgen.formats.reading import Reader, Record

Meta = dict[str, Any]

Row = TypeVar("Row")

PROGRESS, META = "progress.json", "meta.jsonl"
_PER_TASK = 50
_PER_FOLDER = 10_000
_plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_escaped = json.JSONEncoder(separators=(",", ":")).encode


def json_line(value: Any) -> str:
    """Return a value as JSON on one line. Lone surrogates, which UTF-8 cannot hold, are written as escapes."""
    text = _plain(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _escaped(value)
    return text


def image_name(index: int) -> str:
    """Return the relative path of an image: 10,000 images per folder, numbered from 1 as in an LMDB."""
    return f"{index // _PER_FOLDER:05d}/{index + 1:09d}.png"


class FileWriter(Writer, Generic[Row]):
    """Writes a dataset of files; see ``Writer``.

    Attributes:
        whole: the file or folder that readers look for; it gets this name last.
        per_commit: how many samples are committed together, at least.
    """

    whole: ClassVar[str]
    per_commit: ClassVar[int] = 1000

    def _open(self, resources: ExitStack) -> tuple[int, bool]:
        self._tasks: list[Future[list[Row]]] = []
        self._waiting = 0
        self._pool = ThreadPoolExecutor(self.workers, "encode")
        resources.callback(self._pool.shutdown, cancel_futures=True)
        self._part = self.path / f"{self.whole}.part"
        self._stored = 0
        self._sizes: dict[str, int] = {}
        self._committed: set[str] = set()
        file = self.path / PROGRESS
        if (self.path / self.whole).exists():
            file.unlink(missing_ok=True)
            count = (self._manifest() or {}).get("count")
            if not isinstance(count, int):
                raise self._damaged(self.path / self.whole)
            return count, True
        if not file.exists():
            return 0, False
        try:
            progress = json.loads(file.read_text(encoding="utf-8"))
            self._sizes, self._stored = dict(progress["sizes"]), int(progress["samples"])
            self._committed.update(progress["characters"])
        except (ValueError, KeyError, TypeError):
            raise self._damaged(file) from None
        for name, size in self._sizes.items():
            path = self.path / name
            if not path.is_file() or path.stat().st_size < size:
                raise self._damaged(path)
        return self._stored, False

    def _labels(self) -> Iterable[str]:
        return ("".join(self._committed),)

    def _append(self, samples: Sequence[Sample], labels: Sequence[str]) -> None:
        for start in range(0, len(samples), _PER_TASK):
            part = slice(start, start + _PER_TASK)
            self._tasks.append(self._pool.submit(self._rows, samples[part], labels[part]))
            self._committed.update(*labels[part])
            self._waiting += len(samples[part])
            if self._waiting >= self.per_commit:
                self._flush()

    def _rows(self, samples: Sequence[Sample], labels: Sequence[str]) -> list[Row]:
        return [self._row(sample, label, as_png(sample.image)) for sample, label in zip(samples, labels, strict=True)]

    def _flush(self) -> None:
        if not self._waiting:
            return
        try:
            self._commit([row for task in self._tasks for row in task.result()])
            if sys.platform != "win32":
                os.sync()  # an fsync for each of a thousand images would take far longer
            self._stored += self._waiting
            characters = "".join(sorted(self._committed))
            write_json(self.path / PROGRESS, {"samples": self._stored, "sizes": self._sizes, "characters": characters})
        except OSError as error:
            raise from_os_error(error, self.path) from error
        self._tasks.clear()
        self._waiting = 0

    def _write_count(self) -> None:
        self._end()
        self._part.replace(self.path / self.whole)
        (self.path / PROGRESS).unlink()

    @abstractmethod
    def _row(self, sample: Sample, label: str, png: bytes) -> Row:
        """Write the sample's own files, if it has any, and return what ``_commit`` needs. Runs in threads."""

    @abstractmethod
    def _commit(self, rows: Sequence[Row]) -> None:
        """Append rows to the growing files."""

    def _end(self) -> None:
        """Write what follows the last sample."""

    def _store(self, path: Path, data: bytes) -> None:
        """Write one file; make its folder if it is missing."""
        try:
            path.write_bytes(data)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def _grow(self, path: Path, data: bytes) -> None:
        """Append ``data`` to the committed part of a file; what a crash left beyond that part is cut off."""
        name = path.relative_to(self.path).as_posix()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("r+b" if path.exists() else "xb") as file:
            size = self._sizes.get(name, 0)
            file.truncate(size)
            file.seek(size)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._sizes[name] = size + len(data)

    def _damaged(self, path: Path) -> DatasetError:
        return DatasetError(f"{path} is damaged", "Remove the dataset's folder and run the command again.")


@dataclass(frozen=True)
class Stored:
    """One stored sample; the attributes are those of ``Record``."""

    image: bytes | None
    label: bytes | None
    meta: Meta | None = None
    name: str = ""
    fault: str = ""


class FileReader(Reader):
    """Reads a dataset of files; samples are numbered from 1, in order.

    Attributes:
        marks: shell patterns for the names of the files that mark a dataset.
        inside: the sub-folder in which handgen writes these files; empty if it is the dataset's own folder.
        damage: the exceptions that mean the dataset is damaged.
    """

    marks: ClassVar[tuple[str, ...]]
    inside: ClassVar[str] = ""
    keeps_labels = True
    damage: tuple[type[Exception], ...] = (ValueError, KeyError, TypeError, OSError, RecursionError, csv.Error)

    @classmethod
    def find(cls, root: Path, findings: Findings) -> list[Path]:
        """Return the folders with marking files, without those that are unfinished (``.part``)."""
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
        """Return the names that mark a dataset. Names that begin with a dot are files of the system."""
        return [n for n in names if not n.startswith(".") and any(fnmatch.fnmatch(n, mark) for mark in cls.marks)]

    @classmethod
    def holds(cls, folder: Path) -> bool:
        """Return whether a folder with marking files really is of this format."""
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
            findings.add("damaged", len(self._labels) + 1, detail=str(error).partition("\n")[0].rstrip(":"))

    def label(self, number: int) -> str:
        """Return the label of sample ``number``."""
        return self._labels[number - 1]

    @abstractmethod
    def _samples(self, findings: Findings) -> Iterator[Stored]:
        """Yield the samples; add to ``findings`` what is wrong with the files that list them.

        Raises:
            One of ``damage``.
        """

    def _marked(self) -> list[Path]:
        """Return the marking files of the dataset, sorted."""
        deep = ((folder, names) for folder, _, names in walk(self.folder / self.inside))
        flat = [(self.folder, [path.name for path in self.folder.iterdir()])] if self.inside else []
        found = {folder / name for folder, names in (*deep, *flat) for name in self._marking(names)}
        return sorted(path for path in found if path.is_file())

    def _sidecar(self, findings: Findings) -> Iterator[Meta | None]:
        """Yield the object on each line of ``meta.jsonl``, then None without end."""
        file = self.folder / "meta.jsonl"
        if file.is_file():
            with file.open(encoding="utf-8", errors="replace") as lines:
                for number, line in enumerate(lines, 1):
                    meta = _object(line)
                    if meta is None:
                        findings.add("damaged", detail=f"{file.name}, line {number}")
                    yield meta
        yield from itertools.repeat(None)


def _object(line: str) -> Meta | None:
    try:
        return dict(json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None


def utf8(text: object) -> bytes:
    """Encode a label as UTF-8. A lone surrogate, which JSON can hold, becomes bytes that are not valid UTF-8."""
    return str(text).encode("utf-8", "surrogatepass")
