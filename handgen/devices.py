"""The device of tensors: CPU or GPU."""

from __future__ import annotations

import torch

from handgen.errors import UsageError


def resolve_device(text: str) -> torch.device:
    """Return the device of ``--device``; ``auto`` = the current GPU if there is one, else the CPU.

    Raises:
        UsageError: the name is unknown, or torch has no such device on this machine.
    """
    if text == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(text)
    except RuntimeError:
        raise UsageError(f"unknown device '{text}'", "Use auto, cpu, cuda, cuda:N or mps.") from None
    if device.type not in ("cpu", "cuda", "mps"):
        raise UsageError(f"unknown device '{text}'", "Use auto, cpu, cuda, cuda:N or mps.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise UsageError(f"--device {text}: torch sees {count} CUDA devices here", "Use --device cpu or auto.")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError("--device mps: torch sees no Apple GPU here", "Use --device cpu or auto.")
    return device
