"""What every dataset format does alike: identity, resuming, the lock, the manifest.

A dataset is a folder. ``manifest.json`` is its first file and says what run it belongs to;
what makes readers take it for whole (``num-samples`` in an LMDB) is written last. A crash
therefore leaves something that no reader accepts and that the same command goes on with.
"""

from __future__ import annotations

import contextlib
import json
import os
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from handgen.characters import nfc
from handgen.errors import DatasetError, UsageError
from handgen.files import LOCK, from_os_error, lock_folder, writable_folder, write_json, write_text
from handgen.formats.reading import Reader
from handgen.version import __version__

if TYPE_CHECKING:
    from typing import Self

VERSION = 1
MANIFEST, CHARSET = "manifest.json", "charset.txt"
CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories of characters that no label may have."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One labeled image.

    Attributes:
        index: number in the dataset, from 0.
        text: what the image shows.
        image: uint8 ``[H, W]`` gray or ``[H, W, 3]`` RGB, 0 = ink, 255 = paper; or a whole PNG
            file, which is stored as it is.
        meta: anything JSON holds that is worth keeping, e.g. ``{"style": "lxgw-wenkai"}``.
    """

    index: int
    text: str
    image: NDArray[np.uint8] | bytes
    meta: dict[str, Any]


def label_of(sample: Sample) -> str:
    """Return the label to store: NFC, and never NFKC, which would contradict the ink (， １ ㍻).

    Raises:
        DatasetError: it is empty, or holds a control character or line break.
    """
    label = nfc(sample.text)
    if fault := label_fault(label):
        raise DatasetError(
            f"the label of sample {sample.index + 1} {fault}", "Take it out of the text that is written."
        )
    return label


def label_fault(label: str) -> str:
    """Say why no format holds this label: it is empty, or has a control character or line break; "" if all do."""
    refused = next((char for char in label if unicodedata.category(char) in CONTROL), None)
    if refused is not None:
        return f"has the control character U+{ord(refused):04X}"
    return "" if label else "is empty"


class Folder(ABC):
    """The folder of a dataset while a run writes it; a context manager.

    Entering it claims the folder. What an earlier run with the same plan left is kept.

    Args:
        path: the dataset's folder.
        plan: everything that decides what the samples are, as JSON: model, seed, count,
            settings, styles. It is the dataset's identity.

    Attributes:
        written: how many samples there are.
        complete: the dataset is whole; nothing is left to do.
    """

    format: ClassVar[str]

    def __init__(self, path: Path, plan: Mapping[str, Any]) -> None:
        self.path = path
        self.plan: dict[str, Any] = json.loads(json.dumps(plan))
        self.written = 0
        self.complete = False
        self._characters: set[str] = set()

    def __enter__(self) -> Self:
        """Claim the folder.

        Raises:
            UsageError: it holds something else, or another run is writing it.
            DatasetError: the run that should go on is damaged.
        """
        self._manifest()  # before anything is put into a folder that is not ours
        writable_folder(self.path)
        try:
            with contextlib.ExitStack() as resources:
                self._claim(resources)
                self._resources = resources.pop_all()
        except OSError as error:
            raise from_os_error(error, self.path) from error
        return self

    def check(self) -> None:
        """Check that the folder is free, or has a run to go on with; nothing is written.

        Raises:
            UsageError: it holds something else.
        """
        self._manifest()

    def _claim(self, resources: contextlib.ExitStack) -> None:
        resources.callback(os.close, lock_folder(self.path))
        for left in (*self.path.glob(".*.part"), *self.path.glob("*/.*.part")):
            left.unlink()  # what a killed run was about to rename
        manifest = self._manifest()
        if manifest is None:
            self._write_manifest(complete=False)
        self.written, counted = self._open(resources)
        self.complete = counted and manifest is not None and bool(manifest["complete"])
        if not self.complete:
            self._characters.update(*self._labels())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def finish(self, info: Mapping[str, Any]) -> None:
        """Make the dataset whole: charset, manifest, and the count last.

        Args:
            info: what is worth knowing about the finished dataset, as JSON.
        """
        if self.complete:
            raise ValueError("the dataset is complete")
        try:
            self._flush()
            if not self.written:
                raise DatasetError("not one sample was written", "Ask for at least one.")
            # One character a line is what PaddleOCR, OpenOCR and MMOCR take for a dictionary.
            write_text(self.path / CHARSET, "".join(f"{char}\n" for char in sorted(self._characters)))
            self._write_manifest(complete=True, count=self.written, info=dict(info))
            self._write_count()
        except OSError as error:
            raise from_os_error(error, self.path) from error
        self.complete = True

    def _manifest(self) -> dict[str, Any] | None:
        """Return the manifest of the run to go on with, or None when the folder is free.

        Raises:
            UsageError: the folder holds something else.
        """
        file = self.path / MANIFEST
        if not file.exists():
            # A run killed in its first instant leaves the lock and perhaps a part of the manifest.
            found = self.path.iterdir() if self.path.is_dir() else ()
            if any(not entry.name.startswith((LOCK, f".{MANIFEST}.")) for entry in found):
                raise UsageError(f"{self.path} is not empty and holds no dataset of handgen", "Choose another --out.")
            return None
        try:
            manifest = json.loads(file.read_text(encoding="utf-8"))
            made_as, plan = (manifest["format"], manifest["version"]), dict(manifest["plan"])
            manifest["complete"]
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{self.path} holds something else than a dataset", "Choose another --out.") from None
        if made_as != (self.format, VERSION):
            raise UsageError(f"{self.path} holds a dataset of another format", "Choose another --out.")
        if plan != self.plan:
            raise UsageError(
                f"{self.path} holds a dataset made with other settings ({_difference(plan, self.plan)})",
                "Choose another --out, or give the same settings to go on with it.",
            )
        return dict(manifest)

    def _write_manifest(self, *, complete: bool, **more: Any) -> None:
        head = {"format": self.format, "version": VERSION, "handgen": __version__, "complete": complete}
        write_json(self.path / MANIFEST, {**head, **more, "plan": self.plan})

    @abstractmethod
    def _open(self, resources: contextlib.ExitStack) -> tuple[int, bool]:
        """Open the data; return how many samples it has and whether their count is written.

        What must be closed at the end, also after an error, goes on to ``resources``.

        Raises:
            DatasetError: it is damaged.
        """

    @abstractmethod
    def _labels(self) -> Iterable[str]:
        """Return the labels that are committed, or one with all their characters."""

    @abstractmethod
    def _flush(self) -> None:
        """Commit what was taken in."""

    @abstractmethod
    def _write_count(self) -> None:
        """Write what makes readers take the dataset for whole."""


class Writer(Folder):
    """Writes samples into a folder; a context manager.

    If an earlier run with the same plan stopped half-way, its samples are kept: go on with the
    sample ``written``. If it did not stop, ``complete`` is true.

        with LmdbWriter(path, plan, workers=2) as writer:
            for batch in batches_from(writer.written):
                writer.write(batch)
            writer.finish({"seconds": 12.3})

    Args:
        path: as for ``Folder``.
        plan: likewise.
        workers: threads that encode images.
    """

    def __init__(self, path: Path, plan: Mapping[str, Any], *, workers: int = 1) -> None:
        super().__init__(path, plan)
        self.workers = workers

    def write(self, samples: Sequence[Sample]) -> None:
        """Append samples whose indices follow on from ``written``.

        They are encoded later and committed in larger groups: do not change the images
        afterwards; the last ones may be lost in a crash.

        Raises:
            DatasetError: a label is empty or holds a control character.
            HandgenError: no room is left; what was committed stays, and the same run goes on later.
        """
        if self.complete:
            raise ValueError("the dataset is complete")
        for expected, sample in enumerate(samples, self.written):
            if sample.index != expected:
                raise ValueError(f"sample {sample.index} where sample {expected} is due")
        labels = [label_of(sample) for sample in samples]
        self._append(samples, labels)
        self._characters.update(*labels)
        self.written += len(samples)

    @abstractmethod
    def _append(self, samples: Sequence[Sample], labels: Sequence[str]) -> None:
        """Take samples in; commit them now or with later ones."""


@dataclass(frozen=True)
class Format:
    """A dataset format: what writes it, and what reads it, which share no code."""

    writer: type[Writer]
    reader: type[Reader]


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Say in a few words where two plans differ."""
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    words = []
    for key in keys[:3]:
        there, here = (json.dumps(plan.get(key), ensure_ascii=False) for plan in (old, new))
        words.append(f"{key}: {there} there, {here} here" if len(there) + len(here) < 60 else f"other {key}")
    return "; ".join(words) + ("; ..." if len(keys) > 3 else "")
