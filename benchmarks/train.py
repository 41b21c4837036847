"""How fast a training step is: handgen's models beside the originals', at the same size and width.

All learn from the same images, which are on the device already: it is the step that is timed, and nothing else.
handgen's step takes its own precision, which on a GPU is shorter than the original's.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.machine import arithmetic
from benchmarks.originals import ORIGINALS
from benchmarks.row import Row, Scale, Told, best_of, wait_for
from handgen.models import MODELS
from handgen.models.base import Batch, Model
from handgen.training.distributed import World
from handgen.training.optimise import Optimiser
from handgen.training.settings import TrainSettings

STYLES = 15
_GPU_BATCH = 128

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
            peer = each.endswith("original")
            rows.append(Row(f"{name}, {scale.size} px", each, count, seconds, "images", peer, share=share, note=note))
    return rows


def _steps(name: str, size: int, count: int, device: torch.device) -> tuple[dict[str, Step], dict[str, torch.dtype]]:
    """Return the steps by name, and what each computes in."""
    torch.manual_seed(0)
    kind: type[Model] = MODELS.load(name)
    config = kind.Config()
    chars = "".join(map(chr, range(0x4E00, 0x4E00 + 3755)))
    model = kind(config, size, [str(number) for number in range(STYLES)], chars)
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.train()
    batch = _batch(size, count, model.noise, len(chars), device)
    optimiser = Optimiser(model, TrainSettings(), device, World())
    original = ORIGINALS[name](size, config.width, STYLES, device)  # type: ignore[attr-defined]
    content, target = (image.contiguous() for image in (batch.content, batch.target))
    width = f"width {config.width}"  # type: ignore[attr-defined]
    half = device.type == "cuda" and torch.cuda.is_bf16_supported()
    ours, theirs = f"handgen, {width}, batch {count}", f"{name}, {width}, batch {count}, original"
    return (
        {
            theirs: lambda: original.step(content, target, batch.style),
            ours: lambda: optimiser.step(model.phases, [batch]),
        },
        {theirs: torch.float32, ours: torch.bfloat16 if half else torch.float32},
    )


def _batch(size: int, count: int, noise: int, chars: int, device: torch.device) -> Batch:
    content, target = (
        torch.rand(count, 1, size, size).mul_(2).sub_(1).to(device, memory_format=torch.channels_last) for _ in range(2)
    )
    return Batch(
        content,
        target,
        style=torch.randint(STYLES, (count,), device=device),
        char=torch.randint(chars, (count,), device=device),
        noise=torch.randn(count, noise, device=device),
        mix=torch.rand(count, device=device),
    )


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
