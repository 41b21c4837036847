"""Cutting a run into shards, and who writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from handgen.errors import UsageError
from handgen.synthesis.request import Request

MOST = 100_000


@dataclass(frozen=True)
class Shard:
    """A part of a run that becomes a dataset of its own.

    Attributes:
        number: from 0.
        start: its first sample.
        stop: one past its last.
    """

    number: int
    start: int
    stop: int

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"shard-{self.number:05d}"

    def identity(self) -> dict[str, Any]:
        """What tells it from the other shards of its run."""
        return {"shard": self.number, "first": self.start, "samples": self.stop - self.start}


ShardProgress = Callable[[int, int], None]
"""Called with the number of a shard, and how many of its samples are written."""

ShardWriter = Callable[[Request, str, Sequence[Shard], ShardProgress], None]
"""Writes shards of a request somewhere else than in this thread; gets the digest of the run's identity."""


def cut(count: int, shards: int, block: int) -> list[Shard]:
    """Cut ``count`` samples into ``shards`` parts of about the same size.

    Parts begin where blocks do, if there are enough of them: no block is then drawn for two shards.

    Raises:
        UsageError: there are too many shards.
    """
    if shards > min(count, MOST):
        most = f"Give --shards {min(count, MOST)} at most."
        raise UsageError(f"{count:,} samples make no {shards:,} shards", most)
    unit = block if count >= shards * block else 1
    units = -(-count // unit)
    edges = [min(count, unit * (units * number // shards)) for number in range(shards)] + [count]
    return [Shard(number, edges[number], edges[number + 1]) for number in range(shards)]
