"""How time and memory grow: with the number of samples, and with the number of characters.

The model costs nothing, so that a million samples fit into minutes, and so that what would grow is not hidden behind a
network, which takes the same for each sample. Time includes the start: model, source font, plan.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.models import chars_of, save_free
from benchmarks.render import FONT, TARGET
from benchmarks.row import Row, Scale, Told, in_process, peak_memory
from benchmarks.synth import whole
from handgen.collect.render import make_plan, render
from handgen.collect.settings import RenderSettings
from handgen.workers import cores

BY_COUNT, BY_CHARSET, RENDERED = "synth by number of samples", "synth by charset", "render by charset"


def measure(scale: Scale, device: torch.device, told: Told) -> list[Row]:
    """Write datasets of growing size, and of growing charsets; render growing charsets."""
    rows = []

    def note(row: Row) -> None:
        rows.append(row)
        told(f"{row.group}, {row.name}: {row.seconds:.1f} s, {row.peak_mib:,.0f} MiB")

    with tempfile.TemporaryDirectory() as folder:
        for count in scale.charsets:
            save_free(Path(folder) / f"{count}.safetensors", scale.size, chars_of(count))
        model = f"{folder}/{scale.charsets[-1]}.safetensors"
        for count in scale.counts:
            how = {"name": f"{count:,} samples", "workers": cores(), "x": count}
            note(in_process("benchmarks.growth:started", BY_COUNT, model, count, how))
        for count in scale.charsets:
            how = {"name": f"{count:,} characters", "workers": cores(), "x": count}
            model = f"{folder}/{count}.safetensors"
            note(in_process("benchmarks.growth:started", BY_CHARSET, model, scale.counts[1], how))
        for count in scale.charsets:
            note(in_process("benchmarks.growth:rendered", count, scale.size))
    return rows


def started(group: str, model: str, count: int, how: dict[str, Any]) -> Row:
    """Write a dataset as ``whole`` does; the time is that of all, from opening the model on."""
    began = time.perf_counter()
    row = whole(group, model, count, how)
    return replace(row, count=count, seconds=time.perf_counter() - began)


def rendered(count: int, size: int) -> Row:
    """Render two fonts of so many characters. Memory is that of this process; the workers have their own."""
    with tempfile.TemporaryDirectory() as folder:
        charset = Path(folder) / "charset.txt"
        charset.write_text(chars_of(count), encoding="utf-8")
        plan = make_plan(
            RenderSettings(FONT, out=Path(folder) / "store", targets=(TARGET,), charset=str(charset), size=size)
        )
        began = time.perf_counter()
        glyphs = render(plan).glyphs
        seconds = time.perf_counter() - began
    return Row(RENDERED, f"{count:,} characters", glyphs, seconds, peak_mib=peak_memory(), x=count)
