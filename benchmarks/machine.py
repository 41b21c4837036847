"""What a machine is, and how much arithmetic it can do."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from handgen import __version__

_SECONDS = 1.0


def describe(device: torch.device) -> dict[str, Any]:
    """Return what a reader must know of this machine to make sense of a figure."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(_memory() / 2**30, 1),
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else "",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "handgen": __version__,
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 0


def arithmetic(device: torch.device, dtype: torch.dtype, seconds: float = _SECONDS) -> float:
    """Return the operations a second that a product of large matrices reaches here: the peak in practice."""
    side = 8192 if device.type == "cuda" else 1024
    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    best, until = 0.0, time.perf_counter() + seconds
    with _as_convolutions(device):
        while not best or time.perf_counter() < until:
            wait_for(device)
            began = time.perf_counter()
            for _ in range(4):
                left @ right
            wait_for(device)
            best = max(best, 4 * 2 * side**3 / (time.perf_counter() - began))
    return best


@contextlib.contextmanager
def _as_convolutions(device: torch.device) -> Iterator[None]:
    """Let products of float32 matrices be as precise as convolutions are by default, which on a GPU is TF32."""
    before = torch.get_float32_matmul_precision()
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def wait_for(device: torch.device) -> None:
    """Let the device finish what it was given, so that the clock can be read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
