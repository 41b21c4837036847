"""One run in several processes (ranks), which ``torchrun`` starts.

Every rank takes its share of each batch. What depends on the whole batch is combined over the ranks:
gradients, the statistics of batch normalization, recorded losses and requests to stop. So a run learns
the same on one GPU and on eight. Only rank 0 measures, writes files and prints.

``nn.parallel.DistributedDataParallel`` is not used. It wraps the forward pass of one module and
averages gradients while they are computed. But the losses of a GAN call parts of the model, several
times, and each phase trains some of the parameters. One sum of all gradients after the backward pass
is exact for any model, and simple.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from handgen.devices import resolve_device
from handgen.errors import TrainingError, UsageError

_TIMEOUT = timedelta(hours=1)
"""How long ranks wait for one another: long, since rank 0 measures alone. The death of a rank is noticed at once."""


@dataclass(frozen=True)
class Ranks:
    """The processes of a run. With a single process, the methods that communicate do nothing.

    Attributes:
        rank: the number of this process, from 0.
        size: the number of processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is rank 0, which measures, writes files and prints."""
        return self.rank == 0

    def rows(self, batch: int, parts: int) -> list[slice]:
        """Return the rows of a batch that this rank takes, for each part of the batch.

        The batch is first divided into parts, and each part into shares of the ranks. So a part has the same images
        for any number of ranks.

        Raises:
            UsageError: the batch cannot be divided into equal shares.
        """
        if batch % (parts * self.size):
            even = parts * self.size
            processes = f" on {self.size} processes" if self.size > 1 else ""
            raise UsageError(
                f"--batch {batch} cannot be split into {parts} equal parts{processes}",
                f"Use a multiple of {even}, e.g. --batch {-(-batch // even) * even}.",
            )
        share = batch // (parts * self.size)
        return [slice(start, start + share) for start in range(self.rank * share, batch, self.size * share)]

    def any(self, flag: bool) -> bool:
        """Return whether ``flag`` is true on any rank. All ranks wait here for one another."""
        if self.size == 1:
            return flag
        found = torch.tensor(int(flag))
        dist.all_reduce(found, dist.ReduceOp.MAX)
        return bool(found)

    @torch.no_grad()
    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors, all of one dtype, by their sums over the ranks."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        for tensor, part in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view(tensor.shape))

    @torch.no_grad()
    def average(self, gradients: Sequence[Tensor]) -> None:
        """Replace gradients by their means over the ranks."""
        self.sum(gradients)
        if self.size > 1:
            torch._foreach_div_(list(gradients), self.size)

    @torch.no_grad()
    def copy_from_first(self, tensors: Iterable[Tensor]) -> None:
        """Copy the values of tensors from rank 0 to all ranks."""
        if self.size == 1:
            return
        for tensor in tensors:
            copy = tensor.contiguous()
            dist.broadcast(copy, 0)
            tensor.copy_(copy)


@contextlib.contextmanager
def join_ranks(device: str) -> Iterator[tuple[Ranks, torch.device]]:
    """Yield the ranks of this run and the device of this process. If ``torchrun`` started it, join the others.

    Args:
        device: as for ``--device``; with ``auto`` and ``cuda``, each process of a machine gets a GPU of its own.

    Raises:
        UsageError: there is no such device, or there are fewer GPUs than processes.
        TrainingError: another process has ended.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Ranks(), resolve_device(device)
        return
    if device == "cuda" or (device == "auto" and torch.cuda.is_available()):
        device = f"cuda:{os.environ['LOCAL_RANK']}"
    chosen = resolve_device(device)
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    # If a rank dies, torchrun sends SIGTERM to the others. They ignore it, report what happened and end themselves.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # On GPUs gloo is used, too: ``Ranks.any`` then does not wait for the GPU, and the death of a rank is noticed.
    dist.init_process_group("cpu:gloo,cuda:nccl" if chosen.type == "cuda" else "gloo", timeout=_TIMEOUT)
    try:
        yield Ranks(dist.get_rank(), size), chosen
    except RuntimeError as error:
        if not _lost_another(error):
            raise
        raise TrainingError(
            "another process of this run has ended; the last checkpoint is kept", "The same command goes on from there."
        ) from error
    dist.destroy_process_group()


def _lost_another(error: RuntimeError) -> bool:
    words = str(error).lower()
    return isinstance(error, dist.DistError) or "gloo" in words or "nccl" in words


class _Sum(torch.autograd.Function):
    """The sum over the ranks. Its gradient is the sum of the ranks' gradients, also in higher derivatives."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total: Tensor = _Sum.apply(gradients[0])  # type: ignore[no-untyped-call]
        return total


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalization over the batches of all ranks, which have the same size.

    ``nn.SyncBatchNorm`` does not work on CPUs.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalize ``[B, c, h, w]``."""
        if not self.training:
            return super().forward(x)
        wide = x.float()
        mean, variance = self._moments(wide)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        return (wide * scale[:, None, None] + shift[:, None, None]).to(x.dtype)

    def _moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and variance of each channel over all ranks, and update the running statistics."""
        rank, size = dist.get_rank(), dist.get_world_size()
        variance, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0)
        mine = torch.stack([mean, variance])
        # Rank r fills row r of a table of zeros; the sum of these tables has the rows of all ranks.
        rows = [mine if row == rank else torch.zeros_like(mine) for row in range(size)]
        table: Tensor = _Sum.apply(torch.stack(rows))  # type: ignore[no-untyped-call]
        means, variances = table.unbind(dim=1)
        mean, variance = means.mean(dim=0), variances.mean(dim=0) + means.var(dim=0, correction=0)
        self._update_running(mean.detach(), variance.detach(), count=size * x.numel() // x.shape[1])
        return mean, variance

    @torch.no_grad()
    def _update_running(self, mean: Tensor, variance: Tensor, count: int) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / max(1, count - 1)), self.momentum)


def sum_over_ranks(x: Tensor) -> Tensor:
    """Return the sum of a tensor over the ranks, without a gradient. With a single process, return the tensor."""
    if not dist.is_initialized():
        return x
    total = x.detach().clone()
    dist.all_reduce(total)
    return total


def share_statistics(model: nn.Module) -> None:
    """Replace each ``BatchNorm2d`` of ``model`` by ``SharedBatchNorm2d``; the names of tensors do not change."""
    for parent in list(model.modules()):
        for name, part in list(parent.named_children()):
            if isinstance(part, nn.BatchNorm2d):
                shared = SharedBatchNorm2d(part.num_features, part.eps, part.momentum)
                shared.load_state_dict(part.state_dict())
                setattr(parent, name, shared)
