"""Work on files that may crash or hang whoever reads them, in processes that may be lost.

A broken font can bring down the rasterizer, and with it the process. So each job runs in a
worker process; one that dies or falls silent costs its own job and nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, TypeVar

from handgen.errors import HandgenError

STALL_SECONDS = 60.0
"""A worker that reports nothing for so long is given up."""

_BACKLOG = 8
"""Messages kept for a job whose turn has not come; beyond that its worker has to wait."""

Job = TypeVar("Job")


@dataclass(frozen=True)
class Finished:
    """The last message of a job that ended well."""


@dataclass(frozen=True)
class Failed:
    """The last message of a job that did not end well, and why."""

    reason: str


@dataclass(eq=False)
class _Worker:
    process: BaseProcess
    pipe: Connection
    job: int | None = None
    heard: float = 0.0


@dataclass
class _Stream:
    """What is known of the jobs of one ``Pool.stream``; jobs go by their number."""

    todo: deque[int]
    inbox: list[deque[Any]]
    head: int = 0
    over: set[int] = field(default_factory=set)

    def put(self, job: int, message: Any) -> None:
        self.inbox[job].append(message)
        if isinstance(message, (Finished, Failed)):
            self.over.add(job)

    def full(self, job: int) -> bool:
        return job != self.head and len(self.inbox[job]) >= _BACKLOG


class Pool:
    """Worker processes, kept until the context is left; a lost one is replaced.

    Args:
        workers: how many.
        stall: seconds of silence after which a worker is given up.
    """

    def __init__(self, workers: int, stall: float) -> None:
        self.workers = workers
        self.stall = stall
        self._pool: list[_Worker] = []
        # Not fork: the parent has threads (progress bar, numpy), and Windows and macOS have none.
        self._context = multiprocessing.get_context("spawn")

    def __enter__(self) -> Pool:
        for _ in range(self.workers):
            self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in list(self._pool):
            self._end(worker)

    def stream(self, work: Callable[[Job], Iterable[Any]], jobs: Sequence[Job]) -> Iterator[tuple[int, Any]]:
        """Run ``work`` on every job and yield ``(job number, message)``, job by job in order.

        The messages of a job are what ``work`` yields, then one ``Finished`` or ``Failed``. Jobs
        run side by side, but memory stays bounded: one that is far ahead has to wait its turn.

        Args:
            work: a function that the workers can import; it yields picklable messages.
            jobs: picklable arguments.
        """
        state = _Stream(deque(range(len(jobs))), [deque() for _ in jobs])
        while state.head < len(jobs):
            while state.inbox[state.head]:
                yield state.head, state.inbox[state.head].popleft()
            if state.head in state.over:
                state.head += 1
                continue
            self._hand_out(work, jobs, state)
            self._listen(state)

    def _hand_out(self, work: Callable[[Job], Iterable[Any]], jobs: Sequence[Job], state: _Stream) -> None:
        idle = [worker for worker in self._pool if worker.job is None]
        while state.todo and (idle or len(self._pool) < self.workers):
            worker = idle.pop() if idle else self._start()
            worker.job, worker.heard = state.todo.popleft(), time.monotonic()
            try:
                worker.pipe.send((work, jobs[worker.job]))
            except OSError:
                self._lose(worker, state)

    def _listen(self, state: _Stream) -> None:
        """Take one message from every worker that has one, and give up those that are silent."""
        now = time.monotonic()
        busy = []
        for worker in self._pool:
            if worker.job is not None and state.full(worker.job):
                worker.heard = now  # silent because nobody listens
            elif worker.job is not None:
                busy.append(worker)
        patience = max(0.0, min((worker.heard + self.stall - now for worker in busy), default=0.0))
        ready = wait([worker.pipe for worker in busy], timeout=patience)
        now = time.monotonic()
        for worker in busy:
            assert worker.job is not None
            if worker.pipe in ready:
                worker.heard = now
                try:
                    message = worker.pipe.recv()
                except (EOFError, OSError):
                    self._lose(worker, state)
                    continue
                state.put(worker.job, message)
                if worker.job in state.over:
                    worker.job = None
            elif now - worker.heard >= self.stall:
                state.put(worker.job, Failed(f"it hung: nothing happened for {self.stall:g} seconds"))
                self._end(worker)

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._pool.append(worker)
        return worker

    def _lose(self, worker: _Worker, state: _Stream) -> None:
        """Record that a worker died under its job."""
        assert worker.job is not None
        worker.process.join(timeout=5)
        state.put(worker.job, Failed(f"it crashed the rasterizer ({_death(worker.process.exitcode)})"))
        self._end(worker)

    def _end(self, worker: _Worker) -> None:
        self._pool.remove(worker)
        worker.pipe.close()
        worker.process.kill()
        worker.process.join()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"


def _serve(pipe: Connection) -> None:
    """A worker's life: take a job, send its messages, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its workers
    while True:
        try:
            work, job = pipe.recv()
        except EOFError:
            return
        try:
            for message in work(job):
                pipe.send(message)
            pipe.send(Finished())
        except HandgenError as error:
            pipe.send(Failed(error.message))
        except BrokenPipeError:
            return
        except Exception as error:  # noqa: BLE001 - whatever a strange font provokes is that font's failure
            pipe.send(Failed(f"{type(error).__name__}: {error}"))
