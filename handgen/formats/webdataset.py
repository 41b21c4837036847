"""Tar shards that WebDataset reads: ``key.png``, ``key.txt`` and ``key.json`` for each sample.

A shard holds 10,000 samples. Tar headers have no times or owners, so equal runs make equal bytes.
"""

from __future__ import annotations

import json
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from handgen.formats.base import Format, Sample
from handgen.formats.files import FileReader, FileWriter, Meta, Stored, json_line
from handgen.formats.findings import Findings
from handgen.formats.imagefolder import text_column

PER_SHARD = 10_000
_BLOCK = 512


class WebDatasetWriter(FileWriter[tuple[int, bytes]]):
    """Writes ``shards/shard-%06d.tar``; see ``Writer``."""

    format = "webdataset"
    whole = "shards"

    def _row(self, sample: Sample, label: str, png: bytes) -> tuple[int, bytes]:
        key = f"{sample.index + 1:09d}"
        parts = {"png": png, "txt": label.encode(), "json": json_line(sample.meta).encode()}
        members = b"".join(_member(f"{key}.{kind}", data) for kind, data in parts.items())
        last_of_shard = (sample.index + 1) % PER_SHARD == 0
        return sample.index // PER_SHARD, members + (_END if last_of_shard else b"")

    def _commit(self, rows: Sequence[tuple[int, bytes]]) -> None:
        for shard, found in groupby(rows, key=lambda row: row[0]):
            self._grow(self._shard(shard), b"".join(data for _, data in found))

    def _end(self) -> None:
        if self.written % PER_SHARD:
            self._grow(self._shard(self.written // PER_SHARD), _END)

    def _shard(self, number: int) -> Path:
        return self._part / f"shard-{number:06d}.tar"


_END = bytes(2 * _BLOCK)


def _member(name: str, data: bytes) -> bytes:
    """Return one file as a tar archive holds it: header, content, padding."""
    info = tarfile.TarInfo(name)  # time 0, owner 0, mode 644
    info.size = len(data)
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % _BLOCK)


_IMAGES = ("png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "ppm", "pgm", "pbm", "pnm")
_TEXTS = ("txt", "text", "transcript", "gt.txt")
_LONGEST = 1 << 20


class WebDatasetReader(FileReader):
    """Reads ``key.png``, ``key.txt`` and ``key.json`` for each key; members with one key follow one another.

    If there is no text, the label is taken from the JSON. Other members become part of the meta if they are UTF-8.
    """

    format = "webdataset"
    marks = ("*.tar", "*.tar.gz", "*.tgz", "*.tar.bz2", "*.tar.xz")
    inside = "shards"
    damage = (tarfile.TarError, ValueError, TypeError, OSError, EOFError, zlib.error, RecursionError)

    def _samples(self, findings: Findings) -> Iterator[Stored]:
        for file in self._marked():
            yield from self._shard(file, findings)

    def _shard(self, file: Path, findings: Findings) -> Iterator[Stored]:
        with tarfile.open(file, "r:*") as tar:
            files = ((*_split(info.name), info) for info in tar if info.isfile() and _is_data(info.name))
            for key, parts in groupby(files, key=lambda part: part[0]):
                found = {kind: tar.extractfile(info).read() for _, kind, info in parts}  # type: ignore[union-attr]
                yield _stored(key, found, findings)
            if tar.fileobj is not None:
                tar.fileobj.seek(tar.offset)
                if tar.fileobj.read(_BLOCK) != bytes(_BLOCK):  # tarfile itself accepts a missing end
                    raise tarfile.ReadError(f"{file.name} is cut short: its end is missing")


def _stored(key: str, found: dict[str, bytes], findings: Findings) -> Stored:
    image = next((kind for kind in found if kind in _IMAGES), None)
    image = image or next((kind for kind in found if kind.rpartition(".")[2] in _IMAGES), None)
    text = next((kind for kind in _TEXTS if kind in found), None)
    if text is None and (dotted := [kind for kind in found if kind.rpartition(".")[2] in _TEXTS]):
        text = dotted[0]
        findings.add(
            "dotted-name", detail=f"WebDataset calls the text of {key} {text}, and not {text.rpartition('.')[2]}"
        )
    label = None if text is None else found[text].removesuffix(b"\n").removesuffix(b"\r")
    if text is not None and label != found[text]:
        findings.add("line-end", detail=f"{key}.{text}")
    if len(images := [kind for kind in found if kind in _IMAGES]) > 1:
        findings.add("second-image", detail=f"{key} has {' and '.join(images)}; {image} is read")
    meta: Meta | None = None
    fault = ""
    if "json" in found:
        try:
            read = json.loads(found["json"])
            meta = dict(read) if isinstance(read, dict) else {"json": read}
        except (ValueError, RecursionError):
            fault = "its JSON cannot be read"
    if label is None and meta is not None and (column := text_column(meta)) and isinstance(meta[column], str):
        label = meta.pop(column).encode("utf-8", "surrogatepass")
    if label is None and not fault:
        fault = f"it has {', '.join(sorted(found)[:4])}, and no txt"
    for kind, data in found.items():
        if kind not in (image, text, "json") and len(data) < _LONGEST:
            try:
                meta = {**(meta or {}), kind: data.decode("utf-8")}
            except UnicodeDecodeError:
                continue
    return Stored(None if image is None else found[image], label, meta, key, fault)


def _is_data(name: str) -> bool:
    """Return whether a member belongs to a sample; macOS and WebDataset add others to archives."""
    file = name.rpartition("/")[2]
    return "." in file and not file.startswith(".") and not (name.startswith("__") and name.endswith("__"))


def _split(name: str) -> tuple[str, str]:
    """Return key and kind of a member: the parts before and after the first dot of its file name."""
    folder, slash, file = name.rpartition("/")
    stem, _, kind = file.partition(".")
    return folder + slash + stem, kind.lower()


WEBDATASET = Format(WebDatasetWriter, WebDatasetReader)
