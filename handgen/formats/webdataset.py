"""Tar shards that WebDataset reads: of each sample ``key.png``, ``key.txt`` and ``key.json``.

A shard holds 10,000 samples. Headers are the same on every machine and at any time.
"""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from handgen.formats.base import Sample
from handgen.formats.files import FileWriter, json_line

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
    """Return one file of a tar: header, content, padding."""
    info = tarfile.TarInfo(name)  # time 0, owner 0, mode 644
    info.size = len(data)
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % _BLOCK)
