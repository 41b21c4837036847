"""Reads tar shards as WebDataset does."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from handgen.check.files import FileReader, Stored

_IMAGES = ("png", "jpg", "jpeg", "webp")


class WebDatasetReader(FileReader):
    """Reads ``key.png``, ``key.txt`` and ``key.json`` of each key; a sample's files stand together."""

    format = "webdataset"
    marks = "*.tar"
    inside = "shards"
    damage = (tarfile.TarError, ValueError, TypeError)

    def _samples(self) -> Iterator[Stored]:
        for file in self._marked():
            yield from self._shard(file)

    def _shard(self, file: Path) -> Iterator[Stored]:
        with tarfile.open(file, "r:") as tar:
            files = ((*_split(info.name), info) for info in tar if info.isfile())
            for _, parts in groupby(files, key=lambda part: part[0]):
                found = {kind: tar.extractfile(info).read() for _, kind, info in parts}  # type: ignore[union-attr]
                image = next((found[kind] for kind in _IMAGES if kind in found), None)
                meta = dict(json.loads(found["json"])) if "json" in found else None
                yield image, found.get("txt"), meta


def _split(name: str) -> tuple[str, str]:
    """Return key and kind: what stands before and behind the first dot of the file's name."""
    folder, slash, file = name.rpartition("/")
    stem, _, kind = file.partition(".")
    return folder + slash + stem, kind.lower()
