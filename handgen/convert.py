"""From one dataset format to another, without loss: labels, images, order, and what is noted of each sample."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from handgen.check.base import Reader, Record
from handgen.check.findings import Findings
from handgen.check.report import find_datasets
from handgen.errors import DatasetError, UsageError
from handgen.files import sha256
from handgen.formats import WRITERS
from handgen.formats.base import MANIFEST, Sample

_PNG = b"\x89PNG"
_GRAY_MODES = ("1", "L", "LA", "I", "I;16", "F")
_WRITE = 500


class Conversion:
    """A conversion made ready: the source is found, everything is checked, nothing is written yet.

    Several datasets in ``source``, such as the shards of one, become one.

    Args:
        source: a dataset, or a folder of datasets of one format.
        out: the folder of the new dataset.
        target: its format.

    Raises:
        UsageError: there is no dataset, or there are several formats, the target is unknown, or
            ``out`` is in the source.
    """

    def __init__(self, source: Path, out: Path, target: str) -> None:
        self.out = out
        self.target = WRITERS.entry(target).name
        if not source.is_dir():
            raise UsageError(f"{source} is not a folder", "Give a dataset, or a folder of datasets.")
        if out.resolve().is_relative_to(source.resolve()):
            raise UsageError(f"{out} is the dataset to convert, or in it", "Choose another folder.")
        findings = Findings()
        found = find_datasets(source, findings)
        unfinished = [str(each.path) for each in found if not _manifest(each.path).get("complete", True)]
        if "unfinished" in findings:
            unfinished += next(str(f.examples[0]) for f in findings.sorted() if f.name == "unfinished").splitlines()
        if unfinished:
            raise UsageError(f"{unfinished[0]} is not finished", "Run the command that made it again.")
        if "missing-shard" in findings:
            raise UsageError(f"{source} lacks some of its shards", "Copy the folder again, whole.")
        self._kind: type[Reader] = found[0].kind
        self.format = self._kind.format
        if other := next((each.kind.format for each in found if each.kind.format != self.format), None):
            raise UsageError(
                f"{source} holds datasets of several formats ({self.format}, {other})", "Give one of them."
            )
        self.sources = [path for each in found for path in each.parts]
        self._names = [path.relative_to(source).as_posix() for path in self.sources]
        totals = [self._total(path) for path in self.sources]
        self.total = None if None in totals else sum(total or 0 for total in totals)

    def _total(self, path: Path) -> int | None:
        with self._kind(path) as reader:
            return reader.total

    def identity(self) -> dict[str, Any]:
        """Everything that decides what the samples are."""
        return {
            "converted_from": self.format,
            "sources": {name: _fingerprint(path) for name, path in zip(self._names, self.sources, strict=True)},
            "format": self.target,
        }

    def write(self, progress: Callable[[int], None], *, workers: int = 1) -> bool:
        """Write the dataset, or the rest of it.

        Args:
            progress: told how many samples there are by now.
            workers: threads that encode.

        Returns:
            Whether there was anything to do.

        Raises:
            DatasetError: the source has a sample without image or label, or is damaged.
            UsageError: the folder holds something else.
            HandgenError: the disk is full, or a package that the format needs is not installed.
        """
        with WRITERS.load(self.target)(self.out, self.identity(), workers=workers) as writer:
            progress(writer.written)
            if writer.complete:
                return False
            samples = self._samples(writer.written)
            while some := list(itertools.islice(samples, _WRITE)):
                writer.write(some)
                progress(writer.written)
            writer.finish({"sources": [_manifest(path) for path in self.sources]})
        return True

    def _samples(self, start: int) -> Iterator[Sample]:
        """Yield the samples from ``start`` on."""
        index = 0
        for path in self.sources:
            findings = Findings()
            with self._kind(path) as reader:
                for record in reader.records(findings):
                    if index >= start:
                        yield _sample(index, record, path)
                    index += 1
            if findings.count("defect"):
                raise DatasetError(f"{path}: {findings.sorted()[0].rule.title}", f"See 'handgen check {path}'.")


def _sample(index: int, record: Record, path: Path) -> Sample:
    try:
        if not record.image or not record.label:
            raise DatasetError(
                f"sample {record.number} of {path} has no {'label' if record.image else 'image'}",
                f"See 'handgen check {path}'.",
            )
        return Sample(index, record.label.decode("utf-8"), _image(record.image), dict(record.meta or {}))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DatasetError(f"sample {record.number} of {path}: {error}", f"See 'handgen check {path}'.") from error


def _image(data: bytes) -> Any:
    """Return a PNG file as it is, and the pixels of any other image."""
    if data.startswith(_PNG):
        return data
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L" if image.mode in _GRAY_MODES else "RGB"))


def _manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of a dataset, which says where its samples come from; {} if it has none."""
    try:
        return dict(json.loads((path / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _fingerprint(path: Path) -> str:
    """Return what tells a dataset from another: the digest of its manifest, or else its size."""
    if (path / MANIFEST).is_file():
        return sha256(path / MANIFEST)
    return f"{sum(file.stat().st_size for file in path.iterdir() if file.is_file())} bytes"
