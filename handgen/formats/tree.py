"""A sharded dataset: a folder of complete datasets, with a manifest that lists them.

Trainers that walk a folder read every leaf folder as a dataset. So the shards are leaf folders,
and nothing but files lies beside them.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from handgen.formats.base import CHARSET, MANIFEST, Folder
from handgen.formats.findings import Findings
from handgen.formats.reading import Reader, Record, Records


class Tree(Folder):
    """The folder that holds the shards; see ``Folder``. Each shard has its own writer.

    Args:
        path: the folder.
        plan: all that decides the samples of all shards.
        leaves: the names of the shards' folders.
    """

    format = "shards"

    def __init__(self, path: Path, plan: Mapping[str, Any], leaves: Sequence[str]) -> None:
        super().__init__(path, plan)
        self.leaves = tuple(leaves)

    def finished(self) -> dict[str, int]:
        """Return the finished shards -> how many samples each has."""
        return {leaf: count for leaf in self.leaves if (count := _count(self.path / leaf / MANIFEST))}

    def _open(self, resources: ExitStack) -> tuple[int, bool]:
        finished = self.finished()
        return sum(finished.values()), len(finished) == len(self.leaves)

    def _labels(self) -> Iterable[str]:
        return ()

    def _flush(self) -> None:
        self.written = sum(self.finished().values())
        self._characters.update(self._charset())

    def _charset(self) -> Iterator[str]:
        for leaf in self.leaves:
            yield from (self.path / leaf / CHARSET).read_text(encoding="utf-8").splitlines()

    def _write_count(self) -> None:
        """Do nothing: every shard has its own count."""


def _count(manifest: Path) -> int:
    """Return how many samples a shard has by its manifest; 0 if it is not finished."""
    try:
        facts = json.loads(manifest.read_text(encoding="utf-8"))
        return int(facts["count"]) if facts["complete"] else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


class TreeReader(Records):
    """Reads shards one after another; samples are numbered from 1 across all of them."""

    def __init__(self, kind: type[Reader], shards: Sequence[Path]) -> None:
        self._kind, self._shards = kind, shards
        counts, totals = [], []
        for shard in shards:
            with kind(shard) as reader:
                counts.append(reader.count)
                totals.append(reader.total)
        self.count = None if None in counts else sum(count or 0 for count in counts)
        self.total = None if None in totals else sum(total or 0 for total in totals)
        self._before = [0]
        self._open = ExitStack()
        self._opened: tuple[int, Records] | None = None
        self._read: dict[int, Records] = {}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the shard that is open."""
        self._open.close()

    def _reader(self, number: int) -> Records:
        """Return the reader of a shard; only one is open at a time."""
        if self._opened is None or self._opened[0] != number:
            self._open.close()
            reader = self._open.enter_context(self._kind(self._shards[number]))
            self._opened = number, reader
            return reader
        return self._opened[1]

    def records(self, findings: Findings) -> Iterator[Record]:
        """Yield the samples in order."""
        self._before = [0]
        for shard in range(len(self._shards)):
            last = self._before[-1]
            reader = self._reader(shard)
            if self._kind.keeps_labels:
                self._read[shard] = reader
            for record in reader.records(findings):
                last = self._before[shard] + record.number
                yield replace(record, number=last)
            self._before.append(last)

    def label(self, number: int) -> str:
        """Return the label of a sample that ``records`` yielded."""
        shard = bisect.bisect_left(self._before, number) - 1
        reader = self._read[shard] if shard in self._read else self._reader(shard)
        return reader.label(number - self._before[shard])
