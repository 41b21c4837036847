"""Converts a dataset to another format; labels, images, their order and the meta data of samples are kept."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from handgen.characters import Changes
from handgen.check.bad import LEFT_OUT, BadSamples, LeftOut, json_lines, label_of
from handgen.errors import DatasetError, UsageError, quoted
from handgen.files import sha256, write_text
from handgen.formats import FORMATS
from handgen.formats.base import MANIFEST, Sample
from handgen.formats.conversations import PLAN_KEY, instructions_of
from handgen.formats.find import find_datasets, manifest_of
from handgen.formats.findings import Findings
from handgen.formats.nearby import no_folder
from handgen.formats.reading import Reader, Record
from handgen.glyphs.ink import gray_of
from handgen.glyphs.pictures import UNDECODABLE, decoding_error

_PNG = b"\x89PNG"
_GRAY_MODES = ("1", "L")
_WRITE = 500


class Conversion:
    """A checked conversion; nothing is written before ``write``.

    Several datasets in ``source``, such as the shards of one, become one dataset.

    Args:
        source: a dataset, or a folder of datasets of one format.
        out: the folder of the new dataset.
        target: the name of its format.
        skip_bad: leave out samples that cannot be converted, instead of stopping at the first.
        instructions: the instructions of conversations, for ``conversations.instructions_of``.

    Attributes:
        changes: the labels that NFC changed.

    Raises:
        UsageError: there is no dataset, or there are several formats, the target is unknown, or
            ``out`` is in the source.
    """

    def __init__(self, source: Path, out: Path, target: str, *, skip_bad: bool = False, instructions: str = "") -> None:
        self._instructions = instructions_of(instructions)
        self.out = out
        self._bad = BadSamples(skip_bad)
        self.changes = Changes()
        self.target = FORMATS.entry(target).name
        if not source.is_dir():
            raise no_folder(source)
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

    @property
    def left_out(self) -> list[LeftOut]:
        """The samples that were left out; ``OUT/left_out.jsonl`` lists them."""
        return self._bad.left_out

    def _total(self, path: Path) -> int | None:
        with self._kind(path) as reader:
            return reader.total

    def identity(self) -> dict[str, Any]:
        """Return everything that the samples depend on."""
        return {
            "converted_from": self.format,
            "sources": {name: _fingerprint(path) for name, path in zip(self._names, self.sources, strict=True)},
            "format": self.target,
            **({"skip_bad": True} if self._bad.skip else {}),
            **({PLAN_KEY: self._instructions} if self._instructions else {}),
        }

    def write(self, progress: Callable[[int], None], *, workers: int = 1) -> bool:
        """Write the dataset, or the rest of an unfinished one.

        Args:
            progress: called with the number of samples written so far.
            workers: threads that encode images.

        Returns:
            False if the dataset was complete already.

        Raises:
            DatasetError: a sample cannot be converted or the source is damaged, without ``skip_bad``; or the source has
                no sample that can be converted.
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
            if not writer.written and self.left_out:
                raise DatasetError(
                    f"not one sample can be used; the first of {len(self.left_out):,} that cannot, {self.left_out[0]}",
                    f"See: handgen check {quoted(self.sources[0])}",
                )
            if not writer.written:
                raise DatasetError(f"{self.sources[0]} has no samples", f"See: handgen check {quoted(self.sources[0])}")
            if self.left_out:
                write_text(self.out / LEFT_OUT, json_lines(asdict(each) for each in self.left_out))
            facts = {"left_out": len(self.left_out)} if self._bad.skip else {}
            writer.finish({"sources": [manifest_of(path) for path in self.sources], **facts})
        return True

    def _samples(self, start: int) -> Iterator[Sample]:
        """Yield the samples from ``start`` on. With ``skip_bad``, bad ones before it are counted."""
        index = 0
        for path, part in zip(self.sources, self._names, strict=True):
            findings = Findings()
            with self._kind(path) as reader:
                for record in reader.records(findings):
                    if index >= start or self._bad.skip:
                        sample = self._sample(index, record, path, part)
                        if sample is None:
                            continue
                        if index >= start:
                            yield sample
                    index += 1
            self._bad.conclude(findings, path, part)

    def _sample(self, index: int, record: Record, path: Path, part: str) -> Sample | None:
        """Return the sample of a record; None if it is bad and ``skip_bad`` is on.

        Raises:
            DatasetError: it is bad, without ``skip_bad``.
        """
        try:
            label = self.changes.nfc(label_of(record))
            return Sample(index, label, _image(record.image or b""), dict(record.meta or {}))
        except UNDECODABLE as error:
            self._bad.add(record, decoding_error(error, record.image or b""), path, part)
            return None


def _image(data: bytes) -> Any:
    """Return the bytes of a PNG file, or the pixels of any other image on white paper.

    Raises:
        UNDECODABLE: one of these errors, if the image is damaged.
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
    """Return the digest of a dataset's manifest; without a manifest, the total size of its files."""
    if (path / MANIFEST).is_file():
        return sha256(path / MANIFEST)
    return f"{sum(file.stat().st_size for file in path.iterdir() if file.is_file())} bytes"
