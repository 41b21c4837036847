"""How fast a training step is: handgen's models beside the originals', at the same size and width.

All learn from the same images, which are on the device already: it is the step that is timed, and nothing else.
handgen's step takes its own precision, which on a GPU is shorter than the original's.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.machine import arithmetic, wait_for
from benchmarks.originals import ORIGINALS
from benchmarks.row import Row, Scale, Told, best_of
from handgen.distributed import Ranks
from handgen.models import MODELS
from handgen.models.base import Batch, Model
from handgen.training.optimize import Optimizer
from handgen.training.settings import TrainSettings

STYLES = 15
_GPU_BATCH = 128

_CHARS = "".join(map(chr, range(0x4E00, 0x4E00 + 3755)))
_ALIKE: dict[str, dict[str, dict[str, Any]]] = {
    "zi2zi": {"the original's layers": {"decoder": "transpose", "patch": 2, "film": False, "displacement": False}},
    "bicyclegan": {},
}
"""Settings that bring a model closer to its original, by what to call them."""

Step = Callable[[], object]


def measure(scale: Scale, device: torch.device, told: Told) -> list[Row]:
    """Time the step of Zi2Zi and of BicycleGAN, and of their originals."""
    count = scale.batch if device.type == "cpu" else max(scale.batch, _GPU_BATCH)
    rows = []
    for name in ORIGINALS:
        steps, types = _steps(name, scale.size, count, device)
        operations = {each: _operations(step) for each, step in steps.items()}
        best = best_of(scale.rounds, {each: _round(step, scale.seconds, device) for each, step in steps.items()}, told)
        for each, seconds in best.items():
            share = operations[each] / seconds / arithmetic(device, types[each], min(1.0, scale.seconds))
            note = f"{operations[each] / count / 1e9:.2f} GFLOP an image, {types[each]}".replace("torch.", "")
            peer = each.startswith("the original")
            rows.append(Row(f"{name}, {scale.size} px", each, count, seconds, "images", peer, share=share, note=note))
    return rows


def _steps(name: str, size: int, count: int, device: torch.device) -> tuple[dict[str, Step], dict[str, torch.dtype]]:
    """Return the steps by name, and what each computes in."""
    torch.manual_seed(0)
    kind: type[Model] = MODELS.load(name)
    width: int = kind.Config().width  # type: ignore[attr-defined]
    content, target = (torch.rand(count, 1, size, size, device=device).mul_(2).sub_(1) for _ in range(2))
    style = torch.randint(STYLES, (count,), device=device)
    original = ORIGINALS[name](size, width, STYLES, device)
    half = device.type == "cuda" and torch.cuda.is_bf16_supported()
    what = f"width {width}, batch {count}"
    steps: dict[str, Step] = {f"the original, {what}": functools.partial(original.step, content, target, style)}
    types = dict.fromkeys(steps, torch.float32)
    for which, config in [
        ("", kind.Config()),
        *((f", {each}", kind.Config(**how)) for each, how in _ALIKE[name].items()),
    ]:
        ours = f"handgen{which}, {what}"
        steps[ours] = _step(kind, config, content, target, style)
        types[ours] = torch.bfloat16 if half else torch.float32
    return steps, types


def _step(kind: type[Model], config: Any, content: Tensor, target: Tensor, style: Tensor) -> Step:
    """Return handgen's step, with the settings of a run by default."""
    size, device = content.shape[-1], content.device
    model = kind(config, size, [str(number) for number in range(STYLES)], _CHARS)
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.train()
    batch = Batch(
        content.contiguous(memory_format=torch.channels_last),
        target.contiguous(memory_format=torch.channels_last),
        style,
        char=torch.randint(len(_CHARS), style.shape, device=device),
        noise=torch.randn(len(content), model.noise, device=device),
        mix=torch.rand(len(content), device=device),
    )
    optimizer = Optimizer(model, TrainSettings(), device, Ranks())
    return lambda: optimizer.step(model.phases, [batch])


def _operations(step: Step) -> int:
    """Count the operations of a step, which also warms it up."""
    with FlopCounterMode(display=False) as counter:
        step()
    return int(counter.get_total_flops())


def _round(step: Step, seconds: float, device: torch.device) -> Callable[[], float]:
    """Return what takes steps for so long, and returns the mean of their seconds."""

    def work() -> float:
        wait_for(device)
        began, steps = time.perf_counter(), 0
        while not steps or time.perf_counter() - began < seconds:
            step()
            steps += 1
            if device.type != "cpu" and steps % 8 == 0:
                wait_for(device)
        wait_for(device)
        return (time.perf_counter() - began) / steps

    return work
