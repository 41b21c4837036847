"""From one dataset format to another, without loss: labels, images, order, and what is noted of each sample."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from handgen.characters import Changes
from handgen.check.survey import decoding_error
from handgen.errors import DatasetError, UsageError, quoted
from handgen.files import sha256, write_text
from handgen.formats import FORMATS
from handgen.formats.base import MANIFEST, Sample, label_fault
from handgen.formats.conversations import PLAN_KEY, instructions_of
from handgen.formats.find import find_datasets, manifest_of
from handgen.formats.findings import Findings
from handgen.formats.reading import Reader, Record
from handgen.glyphs.ink import gray_of
from handgen.glyphs.pictures import UNDECODABLE

_PNG = b"\x89PNG"
_GRAY_MODES = ("1", "L")
_WRITE = 500
LEFT_OUT = "left_out.jsonl"


@dataclass(frozen=True)
class LeftOut:
    """A sample that was not taken over.

    Attributes:
        dataset: the folder it is in, from the source on.
        sample: its number there, from 1; 0 where it is all that follows.
        name: what the dataset calls it.
        cause: why.
    """

    dataset: str
    sample: int
    name: str
    cause: str

    def __str__(self) -> str:
        where = f"#{self.sample}" if self.sample else "the rest"
        return " ".join(part for part in (self.dataset.removeprefix("."), where, self.name) if part) + f": {self.cause}"


class Conversion:
    """A conversion made ready: the source is found, everything is checked, nothing is written yet.

    Several datasets in ``source``, such as the shards of one, become one.

    Args:
        source: a dataset, or a folder of datasets of one format.
        out: the folder of the new dataset.
        target: its format.
        skip_bad: leave out samples that cannot be taken over, instead of stopping at the first.
        instructions: what conversations ask, as ``conversations.instructions_of`` has it.

    Attributes:
        left_out: those samples; ``OUT/left_out.jsonl`` lists them.
        changes: labels that NFC changed.

    Raises:
        UsageError: there is no dataset, or there are several formats, the target is unknown, or
            ``out`` is in the source.
    """

    def __init__(self, source: Path, out: Path, target: str, *, skip_bad: bool = False, instructions: str = "") -> None:
        self._instructions = instructions_of(instructions)
        self.out = out
        self.skip_bad = skip_bad
        self.left_out: list[LeftOut] = []
        self.changes = Changes()
        self.target = FORMATS.entry(target).name
        if not source.is_dir():
            raise UsageError(f"{source} is not a folder", "Give a dataset, or a folder of datasets.")
        if out.resolve().is_relative_to(source.resolve()):
            raise UsageError(f"{out} is the dataset to convert, or in it", "Choose another folder.")
        findings = Findings()
        found = find_datasets(source, findings)
        unfinished = [str(each.path) for each in found if not manifest_of(each.path).get("complete", True)]
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
            **({"skip_bad": True} if self.skip_bad else {}),
            **({PLAN_KEY: self._instructions} if self._instructions else {}),
        }

    def write(self, progress: Callable[[int], None], *, workers: int = 1) -> bool:
        """Write the dataset, or the rest of it.

        Args:
            progress: told how many samples there are by now.
            workers: threads that encode.

        Returns:
            Whether there was anything to do.

        Raises:
            DatasetError: a sample cannot be taken over, or the source is damaged; not with ``skip_bad``.
            UsageError: the folder holds something else.
            HandgenError: the disk is full, or a package that the format needs is not installed.
        """
        with FORMATS.load(self.target).writer(self.out, self.identity(), workers=workers) as writer:
            progress(writer.written)
            if writer.complete:
                return False
            samples = self._samples(writer.written)
            while some := list(itertools.islice(samples, _WRITE)):
                writer.write(some)
                progress(writer.written)
            if self.left_out:
                lines = (json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in self.left_out)
                write_text(self.out / LEFT_OUT, "".join(lines))
            facts = {"left_out": len(self.left_out)} if self.skip_bad else {}
            writer.finish({"sources": [manifest_of(path) for path in self.sources], **facts})
        return True

    def _samples(self, start: int) -> Iterator[Sample]:
        """Yield the samples from ``start`` on; with ``skip_bad`` all before it are judged again, to count them."""
        index = 0
        for path, part in zip(self.sources, self._names, strict=True):
            findings = Findings()
            with self._kind(path) as reader:
                for record in reader.records(findings):
                    if index >= start or self.skip_bad:
                        sample = self._sample(index, record, path, part)
                        if sample is None:
                            continue
                        if index >= start:
                            yield sample
                    index += 1
            self._conclude(findings, path, part)

    def _sample(self, index: int, record: Record, path: Path, part: str) -> Sample | None:
        """Return the sample that a record holds; None if it is bad and is to be left out.

        Raises:
            DatasetError: it is bad, and is not to be left out.
        """
        try:
            if record.label is None or not record.image:
                raise ValueError(record.fault or f"it has no {'label' if record.image else 'image'}")
            label = self.changes.nfc(record.label.decode("utf-8"))
            if fault := label_fault(label):
                raise ValueError(f"the label {fault}")
            return Sample(index, label, _image(record.image), dict(record.meta or {}))
        except UNDECODABLE as error:
            cause = "the label is not UTF-8" if isinstance(error, UnicodeDecodeError) else decoding_error(error)
            if not self.skip_bad:
                name = f" ({record.name})" if record.name else ""
                raise DatasetError(
                    f"sample {record.number}{name} of {path}: {cause}",
                    f"Repair it, or leave bad samples out with --skip-bad; see: handgen check {quoted(path)}",
                ) from error
            self.left_out.append(LeftOut(part, record.number, record.name, cause))
            return None

    def _conclude(self, findings: Findings, path: Path, part: str) -> None:
        """Judge what the reader found: what is no fault of a single sample.

        Raises:
            DatasetError: the file is damaged, or promises more than it has, and that is not to be left out.
        """
        for finding in findings.sorted():
            if finding.rule.severity != "defect" or finding.name == "byte-order-mark":
                continue
            example = str(finding.examples[0]) if finding.examples else ""
            cause = finding.rule.title + (f" ({example})" if example else "")
            if not self.skip_bad:
                raise DatasetError(
                    f"{path}: {cause}",
                    f"Take what can be read of it with --skip-bad; see: handgen check {quoted(path)}",
                )
            self.left_out.append(LeftOut(part, finding.examples[0].sample or 0, "", cause))


def _image(data: bytes) -> Any:
    """Return a PNG file as it is, and the pixels of any other image; transparent paper is white.

    Raises:
        One of ``UNDECODABLE``.
    """
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        if data.startswith(_PNG):
            return data
        if image.mode.startswith(("I", "F")):
            return np.round(gray_of(image, None)).astype(np.uint8)
        shown: Image.Image = image
        if image.has_transparency_data:
            shown = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
        return np.asarray(shown.convert("L" if image.mode in _GRAY_MODES else "RGB"))


def _fingerprint(path: Path) -> str:
    """Return what tells a dataset from another: the digest of its manifest, or else its size."""
    if (path / MANIFEST).is_file():
        return sha256(path / MANIFEST)
    return f"{sum(file.stat().st_size for file in path.iterdir() if file.is_file())} bytes"
