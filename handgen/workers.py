"""A pool of worker processes, which survives the death of a worker.

A broken font can crash the rasterizer, and a large batch can exhaust the memory; both end the process.
So jobs run in worker processes. If a worker dies or hangs, it is replaced, and only its job fails or is
tried again.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from handgen.errors import HandgenError

STALL_SECONDS = 60.0
"""The usual time without a message after which a worker counts as hung, unless it waits for a processor."""

_BACKLOG = 8
"""In ``stream``, the most messages that are kept for a later job; then its worker has to wait."""

_MOST_ON_WINDOWS = 60
"""Windows can wait for 63 pipes at once; Python needs some of them itself."""

Job = TypeVar("Job")
Send = Callable[[Any], None]
"""A function that sends a picklable message from a worker to the process with the pool."""


@dataclass(frozen=True)
class Finished:
    """The last message of a job that succeeded."""


@dataclass(frozen=True)
class Failed:
    """The last message of a job that failed.

    Attributes:
        reason: why, in a few words.
        error: the exception; None if its process died or hung.
    """

    reason: str
    error: Exception | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class _Begun:
    """A worker has started a job and is prepared. From now on, its silence is limited by ``stall``."""


@dataclass(eq=False)
class _Worker:
    process: BaseProcess
    pipe: Connection
    job: int | None = None
    begun: bool = False
    heard: float = 0.0
    spent: float = 0.0
    """CPU time of its process in seconds, when its last message arrived."""


class Pool:
    """Worker processes, which live until the context ends; one that dies or hangs is replaced.

    Args:
        workers: the number of processes; on Windows at most 60 of them run.
        stall: seconds without a message in a job after which a worker counts as hung; None = never.
        prepare: a picklable function that each worker calls before its first job; its result becomes the first
            argument of all work.
    """

    def __init__(self, workers: int, stall: float | None = None, prepare: Callable[[], Any] | None = None) -> None:
        self.workers = min(workers, _MOST_ON_WINDOWS) if sys.platform == "win32" else workers
        self.stall = stall
        self._prepare = prepare
        self._pool: list[_Worker] = []
        # Not fork: it is not safe in a process with threads (progress bar, numpy), and Windows does not have it.
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

    def run(
        self,
        work: Callable[..., None],
        jobs: Sequence[Job],
        *,
        attempts: int = 1,
        full: Callable[[int], bool] = lambda job: False,
    ) -> Iterator[tuple[int, Any]]:
        """Run ``work(job, send)`` on every job and yield ``(job number, message)`` as messages arrive.

        The messages of a job are those that it sends, then one ``Finished`` or ``Failed``.

        Args:
            work: a function that workers can import.
            jobs: the jobs, picklable.
            attempts: how often a job is tried if its process dies or hangs.
            full: a function of a job's number; while it is true, no messages of that job are taken, and its worker has
                to wait.
        """
        waiting, lost, over = deque(range(len(jobs))), Counter[int](), 0
        while over < len(jobs):
            self._hand_out(work, jobs, waiting)
            for job, message in self._listen(full):
                if isinstance(message, Failed) and message.error is None:
                    lost[job] += 1
                    if lost[job] < attempts:
                        waiting.appendleft(job)
                        continue
                over += isinstance(message, (Finished, Failed))
                yield job, message

    def stream(self, work: Callable[..., Iterable[Any]], jobs: Sequence[Job]) -> Iterator[tuple[int, Any]]:
        """Run ``work`` on every job and yield ``(job number, message)``, job by job in order.

        The messages of a job are those that ``work(job)`` yields, then one ``Finished`` or ``Failed``. Jobs run in
        parallel, but memory is bounded: a job that is far ahead of its turn has to wait.
        """
        inbox: list[deque[Any]] = [deque() for _ in jobs]
        head = 0
        arriving = self.run(
            functools.partial(_send_all, work),
            jobs,
            full=lambda job: job != head and len(inbox[job]) >= _BACKLOG,
        )
        for job, message in arriving:
            inbox[job].append(message)
            while head < len(jobs) and inbox[head]:
                message = inbox[head].popleft()
                yield head, message
                head += isinstance(message, (Finished, Failed))

    def _hand_out(self, work: Callable[..., None], jobs: Sequence[Job], waiting: deque[int]) -> None:
        idle = [worker for worker in self._pool if worker.job is None]
        while waiting and (idle or len(self._pool) < self.workers):
            worker = idle.pop() if idle else self._start()
            worker.job, worker.begun = waiting.popleft(), False
            with contextlib.suppress(OSError):  # if it is dead already, ``_listen`` notices it
                worker.pipe.send((work, jobs[worker.job]))

    def _listen(self, full: Callable[[int], bool]) -> Iterator[tuple[int, Any]]:
        """Yield one message of every worker that has one; end workers that died or hang."""
        now = time.monotonic()
        busy: list[tuple[_Worker, int]] = []
        for worker in self._pool:
            if worker.job is not None and full(worker.job):
                worker.heard = now  # its silence is not its fault
            elif worker.job is not None:
                busy.append((worker, worker.job))
        watched = [] if self.stall is None else [worker.heard + self.stall for worker, _ in busy if worker.begun]
        patience = max(0.0, min(watched) - now) if watched else None
        ready = wait([worker.pipe for worker, _ in busy], timeout=patience)
        now = time.monotonic()
        for worker, job in busy:
            if worker.pipe in ready:
                worker.heard, worker.spent = now, _life(worker.process.pid)[0]
                message = self._heard(worker)
            elif self.stall is not None and worker.begun and now - worker.heard >= self.stall:
                if _is_kept_waiting(worker, self.stall):
                    worker.heard = now
                    continue
                message = Failed(f"it hung: nothing happened for {self.stall:g} seconds")
                self._end(worker)
            else:
                continue
            if isinstance(message, _Begun):
                worker.begun = True
                continue
            if isinstance(message, (Finished, Failed)):
                worker.job = None
            yield job, message

    def _heard(self, worker: _Worker) -> Any:
        """Return the next message of a worker; if it has died, remove it and return ``Failed``."""
        try:
            return worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join(timeout=5)
            death = _death(worker.process.exitcode)
            self._end(worker)
            return Failed(f"its process was ended {death}")

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._prepare), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._pool.append(worker)
        return worker

    def _end(self, worker: _Worker) -> None:
        self._pool.remove(worker)
        worker.pipe.close()
        worker.process.kill()
        worker.process.join()


def _is_kept_waiting(worker: _Worker, stall: float) -> bool:
    """Return whether a silent worker has had less than ``stall`` seconds of CPU time, and is ready to run."""
    spent, state = _life(worker.process.pid)
    return state in "RD" and 0 <= spent - worker.spent < stall


def _life(pid: int | None) -> tuple[float, str]:
    """Return the CPU time of a process in seconds, and its state; 0 and S on systems without /proc.

    The states are R = runs or is ready to, D = waits for a disk, S = sleeps.
    """
    if not hasattr(os, "sysconf"):
        return 0.0, "S"
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK"), after_name[0]
    except (OSError, ValueError, IndexError):
        return 0.0, "S"


def cores() -> int:
    """Return how many cores this process may use: in a container or under taskset fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        known = {each.value: each.name for each in signal.Signals}
        return f"by {known.get(-code, f'signal {-code}')}"
    return f"with exit code {code}"


def _send_all(work: Callable[..., Iterable[Any]], *given: Any) -> None:
    *arguments, send = given
    for message in work(*arguments):
        send(message)


def _serve(pipe: Connection, prepare: Callable[[], Any] | None) -> None:
    """The main loop of a worker: receive a job, send its messages, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C the parent ends its workers
    prepared: tuple[Any, ...] | None = () if prepare is None else None
    while True:
        try:
            work, job = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            if prepare is not None and prepared is None:
                prepared = (prepare(),)
            pipe.send(_Begun())
            work(*(prepared or ()), job, pipe.send)
            last: Finished | Failed = Finished()
        except BrokenPipeError:
            return
        except HandgenError as error:
            last = Failed(error.message, error)
        except Exception as error:  # noqa: BLE001 - whatever a strange file provokes is that job's failure
            last = Failed(f"{type(error).__name__}: {error}", RuntimeError(traceback.format_exc()))
        try:
            pipe.send(last)
        except OSError:
            return
