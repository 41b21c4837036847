"""Shards written by the machines of a Ray cluster. Ray begins a task again whose worker is lost."""

from __future__ import annotations

import functools
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handgen.errors import HandgenError, UsageError
from handgen.extras import load_extra
from handgen.synthesis.prepare import Prepared, prepare_again
from handgen.synthesis.request import Request
from handgen.synthesis.shards import Shard, ShardProgress
from handgen.synthesis.write import write_shard

LOCAL, AUTO = "local", "auto"
_ATTEMPTS = 3
_PATIENCE = 5.0
"""Seconds until an address counts as one that does not answer."""


@dataclass(frozen=True)
class Cluster:
    """Writes each shard as a task of Ray; a ``ShardWriter``.

    All machines must see the files of the run under the same paths, as on a shared disk.

    Attributes:
        address: HOST:PORT, ray://HOST:PORT, ``auto`` for the cluster that this machine belongs to,
            or ``local`` for one on this machine, begun and ended here.
        batch: samples under way at once, in each task.
        workers: processors of a task.
        processes: with ``local``, how many tasks run at once; None = as many as there are processors for.
    """

    address: str
    batch: int = 1024
    workers: int = 1
    processes: int | None = None

    def __call__(self, request: Request, digest: str, shards: Sequence[Shard], progress: ShardProgress) -> None:
        """Write ``shards``.

        Raises:
            HandgenError: ray is not installed, no cluster answers, a worker was lost again and again,
                or what a task met.
        """
        ray = load_extra("ray", "ray")
        self._connect(ray)
        try:
            task = ray.remote(num_cpus=self.workers, max_retries=_ATTEMPTS - 1)(_write)
            folder = Path.cwd()
            under_way = {
                task.remote(request, digest, shard, folder, self.batch, self.workers): shard for shard in shards
            }
            while under_way:
                (done, *_), _ = ray.wait([*under_way])
                shard = under_way.pop(done)
                failure = _result(ray, done, shard)
                if failure is not None:
                    raise failure
                progress(shard.number, shard.stop - shard.start)
        finally:
            ray.shutdown()

    def _connect(self, ray: Any) -> None:
        quiet = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
        if self.address == LOCAL:
            processors = self.workers * self.processes if self.processes else None
            try:
                ray.init(address=LOCAL, num_cpus=processors, include_dashboard=False, **quiet)
            except Exception as error:  # which is what Ray raises when a busy machine takes 30 s
                raise _not_begun(error) from error
            return
        if self.address != AUTO:
            _knock(self.address)
        try:
            ray.init(address=self.address, **quiet)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            raise _no_answer(self.address, error) from error


def _knock(address: str) -> None:
    """Find out at once, where Ray would try for long, whether anything answers.

    Raises:
        UsageError: it is no address.
        HandgenError: nothing answers.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(f"--ray {address} is no address", f"Give HOST:PORT, ray://HOST:PORT, {AUTO} or {LOCAL}.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except OSError as error:
        raise _no_answer(address, error) from error


def _not_begun(error: Exception) -> HandgenError:
    reason = " ".join(str(error).split())[:160]
    return HandgenError(f"Ray did not start on this machine ({reason})", "Run here with --processes instead.")


def _no_answer(address: str, error: Exception) -> HandgenError:
    reason = " ".join(str(error).split())[:160]
    return HandgenError(
        f"no Ray cluster answers at {address} ({reason})",
        f"Start one with 'ray start --head', or run here with --ray {LOCAL} or --processes.",
    )


def _result(ray: Any, task: Any, shard: Shard) -> Exception | None:
    """Return what a finished task met."""
    try:
        failure: Exception | None = ray.get(task)
        return failure
    except ray.exceptions.RayTaskError as error:
        return RuntimeError(str(error))
    except ray.exceptions.RayError as error:
        reason = " ".join(str(error).split())[:160]
        return HandgenError(
            f"the worker that wrote {shard.name} was lost {_ATTEMPTS} times ({reason})",
            "Often that is memory: give a smaller --batch. The same command goes on.",
        )


@functools.lru_cache(maxsize=1)
def _prepared(request: Request, digest: str) -> Prepared:
    return prepare_again(request, digest)


def _write(request: Request, digest: str, shard: Shard, folder: Path, batch: int, workers: int) -> HandgenError | None:
    """Write a shard on a worker of the cluster; return what a user has to know."""
    try:
        os.chdir(folder)
        prepared = _prepared(request, digest)
        write_shard(prepared, shard, lambda number, samples: None, batch=batch, workers=workers)
    except OSError as error:
        return HandgenError(f"a machine of the cluster has no {folder} ({error.strerror})", "Share it under one path.")
    except HandgenError as error:
        return error
    return None
