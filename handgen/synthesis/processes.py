"""Shards written by several processes of one machine. A process that dies is replaced, and its shard gone on with."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from handgen.errors import HandgenError
from handgen.synthesis.prepare import Prepared, prepare_again
from handgen.synthesis.request import Request
from handgen.synthesis.shards import Shard, ShardProgress
from handgen.synthesis.write import write_shard
from handgen.workers import Failed, Finished, Pool, Send

_ATTEMPTS = 3
"""So often is a shard begun whose process dies."""


@dataclass(frozen=True)
class Processes:
    """Writes shards in processes of their own; a ``ShardWriter``.

    Attributes:
        count: how many at once.
        batch: samples under way at once, in each.
        workers: threads of each that draw, and threads that encode.
    """

    count: int
    batch: int = 1024
    workers: int = 1

    def __call__(self, request: Request, digest: str, shards: Sequence[Shard], progress: ShardProgress) -> None:
        """Write ``shards``.

        Raises:
            HandgenError: what a process met, as this one would have; or processes died again and again.
        """
        work = functools.partial(_write, batch=self.batch, workers=self.workers)
        prepare = functools.partial(prepare_again, request, digest)
        with Pool(min(self.count, len(shards)), prepare=prepare) as pool:
            for number, news in pool.run(work, shards, attempts=_ATTEMPTS):
                if isinstance(news, Failed):
                    raise news.error or _hopeless(shards[number], news.reason)
                if not isinstance(news, Finished):
                    progress(shards[number].number, news)


def _write(prepared: Prepared, shard: Shard, send: Send, *, batch: int, workers: int) -> None:
    """Write a shard, and send how many of its samples are written."""
    write_shard(prepared, shard, lambda _, samples: send(int(samples)), batch=batch, workers=workers)


def _hopeless(shard: Shard, reason: str) -> HandgenError:
    return HandgenError(
        f"{shard.name} was not written: {reason}, {_ATTEMPTS} times",
        "Often that is memory: give fewer --processes or a smaller --batch. The same command goes on.",
    )
