"""The shards of a dataset, read as one."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from handgen.check.base import Reader, Record, Records
from handgen.check.findings import Findings


@dataclass(frozen=True)
class Found:
    """A dataset that was found.

    Attributes:
        kind: what reads its format.
        path: its folder.
        shards: the folders of its shards, in order, if it has any.
    """

    kind: type[Reader]
    path: Path
    shards: tuple[Path, ...] = ()

    @property
    def parts(self) -> tuple[Path, ...]:
        """The folders that hold samples."""
        return self.shards or (self.path,)

    def open(self) -> Records:
        """Open it to be read.

        Raises:
            UsageError: a file is not of this format.
            HandgenError: a package that reads it is not installed.
        """
        return TreeReader(self.kind, self.shards) if self.shards else self.kind(self.path)


class TreeReader(Records):
    """Reads shards one after another; samples are numbered through all of them."""

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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the shard that is open."""
        self._open.close()

    def _reader(self, number: int) -> Records:
        """Return the reader of a shard; one is open at a time."""
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
            for record in self._reader(shard).records(findings):
                last = self._before[shard] + record.number
                yield replace(record, number=last)
            self._before.append(last)

    def label(self, number: int) -> str:
        """Return the label of a sample that ``records`` yielded."""
        shard = bisect.bisect_left(self._before, number) - 1
        return self._reader(shard).label(number - self._before[shard])


def gathered(found: Sequence[tuple[type[Reader], Path]], trees: Sequence[Path]) -> list[Found]:
    """Put the shards of each tree together; what is no shard stays as it is."""
    result = []
    for (kind, tree), group in itertools.groupby(
        found, key=lambda each: (each[0], each[1].parent if each[1].parent in trees else each[1])
    ):
        paths = tuple(sorted(path for _, path in group))
        result.append(Found(kind, tree, paths if tree in trees else ()))
    return result
