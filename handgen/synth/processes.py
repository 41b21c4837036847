"""Shards written by several processes of one machine. A process that dies is replaced, and its shard gone on with."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import signal
import traceback
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, cast

from handgen.errors import HandgenError
from handgen.synth.prepare import prepare_again
from handgen.synth.request import Request
from handgen.synth.shards import Shard, ShardProgress
from handgen.synth.write import write_shard

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
        waiting = deque(shards)
        died: Counter[Shard] = Counter()
        busy: dict[Connection, tuple[BaseProcess, Shard]] = {}
        with contextlib.ExitStack() as crew:
            for _ in range(min(self.count, len(shards))):
                pipe, process = self._start(request, digest, crew)
                busy[pipe] = process, _hand_out(pipe, waiting)
            while busy:
                for ready in wait([*busy]):
                    pipe = cast("Connection", ready)
                    process, shard = busy.pop(pipe)
                    news = _news(pipe)
                    if isinstance(news, int):
                        progress(shard.number, news)
                        busy[pipe] = process, shard
                        continue
                    if isinstance(news, Exception):
                        raise news
                    if news is None:
                        process.join()
                        died[shard] += 1
                        if died[shard] >= _ATTEMPTS:
                            raise _hopeless(shard, process.exitcode)
                        waiting.appendleft(shard)
                        pipe, process = self._start(request, digest, crew)
                    if waiting:
                        busy[pipe] = process, _hand_out(pipe, waiting)

    def _start(self, request: Request, digest: str, crew: contextlib.ExitStack) -> tuple[Connection, BaseProcess]:
        """Start a process that waits for shards; leaving ``crew`` ends it."""
        here, there = multiprocessing.Pipe()
        work = functools.partial(_work, there, request, digest, self.batch, self.workers)
        process = multiprocessing.get_context("spawn").Process(target=work, daemon=True)
        process.start()
        there.close()
        crew.callback(here.close)
        crew.callback(process.join)
        crew.callback(process.terminate)
        return here, process


def _hand_out(pipe: Connection, waiting: deque[Shard]) -> Shard:
    shard = waiting.popleft()
    with contextlib.suppress(OSError):  # a process that is dead already is found out when it is listened to
        pipe.send(shard)
    return shard


def _news(pipe: Connection) -> Any:
    """Return how many samples are written, "written" when all are, an exception, or None from a dead process."""
    try:
        return pipe.recv()
    except (EOFError, OSError):
        return None


def _hopeless(shard: Shard, code: int | None) -> HandgenError:
    how = f"by {signal.Signals(-code).name}" if code and code < 0 else f"with exit code {code}"
    return HandgenError(
        f"the process that wrote {shard.name} was ended {how}, {_ATTEMPTS} times",
        "Often that is memory: give fewer --processes or a smaller --batch. The same command goes on.",
    )


def _work(pipe: Connection, request: Request, digest: str, batch: int, workers: int) -> None:
    """Write the shards that come through ``pipe``, until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which ends this process
    with contextlib.suppress(EOFError, OSError):
        try:
            prepared = prepare_again(request, digest)
            while True:
                shard = pipe.recv()
                write_shard(prepared, shard, lambda _, samples: pipe.send(int(samples)), batch=batch, workers=workers)
                pipe.send("written")
        except HandgenError as error:
            pipe.send(error)
        except Exception:  # noqa: BLE001 - the parent raises it
            pipe.send(RuntimeError(traceback.format_exc()))
