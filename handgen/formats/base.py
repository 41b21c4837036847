"""What all writers of datasets share: the manifest, the lock, and going on after a crash.

A dataset is a folder. ``manifest.json`` is written first and names the run that the dataset
belongs to. The file or key that readers need (``num-samples`` in an LMDB) is written last. So a
crash leaves a folder that no reader accepts, and the same command goes on with it.
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
        image: uint8 ``[H, W]`` gray or ``[H, W, 3]`` RGB, 0 = ink, 255 = paper; or the bytes of a
            PNG file, which are stored unchanged.
        meta: further facts about the sample, as JSON, e.g. ``{"style": "lxgw-wenkai"}``.
    """

    index: int
    text: str
    image: NDArray[np.uint8] | bytes
    meta: dict[str, Any]


def label_of(sample: Sample) -> str:
    """Return the label to store: the text in NFC. NFKC would change characters such as ， １ ㍻ that the image shows.

    Raises:
        DatasetError: the label is empty, or has a control character or line break.
    """
    label = nfc(sample.text)
    if fault := label_fault(label):
        raise DatasetError(
            f"the label of sample {sample.index + 1} {fault}", "Remove it from the text that is written."
        )
    return label


def label_fault(label: str) -> str:
    """Return why a label cannot be stored: it is empty, or has a control character or line break; "" if it can."""
    refused = next((char for char in label if unicodedata.category(char) in CONTROL), None)
    if refused is not None:
        return f"has the control character U+{ord(refused):04X}"
    return "" if label else "is empty"


class Folder(ABC):
    """The folder of a dataset that is being written; a context manager.

    Entering it locks the folder. Samples of an earlier run with the same plan are kept.

    Args:
        path: the dataset's folder.
        plan: all that decides what the samples are, as JSON: model, seed, count, settings,
            styles. Two runs with equal plans make the same dataset.

    Attributes:
        written: how many samples the dataset has so far.
        complete: whether the dataset is finished.
    """

    format: ClassVar[str]

    def __init__(self, path: Path, plan: Mapping[str, Any]) -> None:
        self.path = path
        self.plan: dict[str, Any] = json.loads(json.dumps(plan))
        self.written = 0
        self.complete = False
        self._characters: set[str] = set()

    def __enter__(self) -> Self:
        """Lock the folder and open its data.

        Raises:
            UsageError: the folder holds something else, or another run is writing to it.
            DatasetError: the data of the earlier run are damaged.
        """
        self._manifest()  # raises before anything is written into a folder that is not ours
        writable_folder(self.path)
        try:
            with contextlib.ExitStack() as resources:
                self._claim(resources)
                self._resources = resources.pop_all()
        except OSError as error:
            raise from_os_error(error, self.path) from error
        return self

    def check(self) -> None:
        """Check that the folder is empty, or holds an earlier run with this plan. Nothing is written.

        Raises:
            UsageError: the folder holds something else.
        """
        self._manifest()

    def _claim(self, resources: contextlib.ExitStack) -> None:
        resources.callback(os.close, lock_folder(self.path))
        for left in (*self.path.glob(".*.part"), *self.path.glob("*/.*.part")):
            left.unlink()  # temporary files of a killed run
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
        """Finish the dataset: write the rest of the samples, the charset, the manifest and, last, the count.

        Args:
            info: facts about the finished dataset for its manifest, as JSON.

        Raises:
            DatasetError: there is no sample.
            HandgenError: the disk is full or fails.
        """
        if self.complete:
            raise ValueError("the dataset is complete")
        try:
            self._flush()
            if not self.written:
                raise DatasetError("not one sample was written", "Ask for at least one.")
            # PaddleOCR, OpenOCR and MMOCR read a dictionary with one character per line.
            write_text(self.path / CHARSET, "".join(f"{char}\n" for char in sorted(self._characters)))
            self._write_manifest(complete=True, count=self.written, info=dict(info))
            self._write_count()
        except OSError as error:
            raise from_os_error(error, self.path) from error
        self.complete = True

    def _manifest(self) -> dict[str, Any] | None:
        """Return the manifest of an earlier run with this plan; None if the folder is empty.

        Raises:
            UsageError: the folder holds something else.
        """
        file = self.path / MANIFEST
        if not file.exists():
            # A run killed right at its start leaves the lock and perhaps a temporary manifest.
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
        """Open the data; return how many samples they hold, and whether the final count is written.

        Args:
            resources: closes what is put on it when the folder is left, also after an error.

        Raises:
            DatasetError: the data are damaged.
        """

    @abstractmethod
    def _labels(self) -> Iterable[str]:
        """Return the committed labels, or one string with all their characters."""

    @abstractmethod
    def _flush(self) -> None:
        """Commit all samples that ``write`` has taken."""

    @abstractmethod
    def _write_count(self) -> None:
        """Write the file or key without which no reader accepts the dataset."""


class Writer(Folder):
    """Writes samples into a folder; a context manager.

    If an earlier run with the same plan was interrupted, its samples are kept: continue with
    sample number ``written``. If that run was finished, ``complete`` is true.

        with LmdbWriter(path, plan, workers=2) as writer:
            for batch in batches_from(writer.written):
                writer.write(batch)
            writer.finish({"seconds": 12.3})

    Args:
        path: the dataset's folder.
        plan: see ``Folder``.
        workers: number of threads that encode images.
    """

    def __init__(self, path: Path, plan: Mapping[str, Any], *, workers: int = 1) -> None:
        super().__init__(path, plan)
        self.workers = workers

    def write(self, samples: Sequence[Sample]) -> None:
        """Append samples. Their indices must continue from ``written``.

        Images are encoded later, in threads, so do not change them afterwards. Samples are
        committed in groups; a crash loses those that are not committed yet.

        Raises:
            DatasetError: a label is empty or has a control character.
            HandgenError: the disk is full. Committed samples stay, and the same command continues later.
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
        """Take samples; commit them now or together with later ones."""


@dataclass(frozen=True)
class Format:
    """A dataset format: its writer and its reader. The two share no code, so that reading back is a real test."""

    writer: type[Writer]
    reader: type[Reader]


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return a short text that says where two plans differ."""
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    words = []
    for key in keys[:3]:
        there, here = (json.dumps(plan.get(key), ensure_ascii=False) for plan in (old, new))
        words.append(f"{key}: {there} there, {here} here" if len(there) + len(here) < 60 else f"other {key}")
    return "; ".join(words) + ("; ..." if len(keys) > 3 else "")
