"""What the gate costs: ``synth`` with and without it in turn, and the processor time of each stage.

Both make the same samples, in turn, so that what else the machine does falls on both alike. The stages are timed
alone, on one thread, on the run's own glyphs, in processor time, which tells more where others share the machine.
"""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.row import Row, Scale, Told, in_process
from benchmarks.synth import model_and_reader
from handgen.allocator import keep_freed_memory
from handgen.formats.png import encode_png
from handgen.models.styles import vectors
from handgen.seeds import SampleKey
from handgen.sources.model import ModelSource
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare
from handgen.synthesis.request import OFF, REDRAW
from handgen.workers import cores

WHOLE, STAGES = "with and without the gate", "stages, on one thread, in processor time"
_BLOCKS = 16


def measure(scale: Scale, device: torch.device, told: Told) -> list[Row]:
    """Time datasets with and without the gate, and each stage; nothing if there is no recognizer."""
    with tempfile.TemporaryDirectory() as folder:
        model, reader = model_and_reader(Path(folder), scale)
        if reader is None:
            told("no recognizer: give --recognizer, with a --model")
            return []
        best: dict[str, Row] = {}
        for _ in range(scale.rounds):
            for gate in (OFF, REDRAW):
                how: dict[str, Any] = {"name": f"gate {gate}", "workers": cores(), "gate": gate, "reader": str(reader)}
                row = in_process("benchmarks.synth:whole", WHOLE, str(model), scale.samples, how)
                told(f"{row.name}: {row.rate:,.0f}/s; {row.note}")
                best[gate] = min(row, best.get(gate, row), key=lambda each: each.seconds)
        rows = [Row(**{**asdict(row), "peer": gate == OFF}) for gate, row in best.items()]
        for stage in ("network", "drawing", "reading", "encoding"):
            rows.append(in_process("benchmarks.gate:alone", stage, str(model), str(reader)))
            told(f"{stage}: {1000 / rows[-1].rate:.3f} ms a glyph")
    return rows


def alone(stage: str, model: str, reader: str) -> Row:
    """Time one stage: the network, drawing (the network in it), reading, or encoding."""
    torch.set_num_threads(1)
    keep_freed_memory()
    synthesis = prepare(make_request(model, count=1000, styles="15", gate=REDRAW, recognizer=Path(reader))).glyphs
    source, gate = synthesis.source, synthesis.gate
    assert gate is not None
    assert isinstance(source, ModelSource)
    index = np.arange(synthesis.block, dtype=np.int64)
    characters, styles = synthesis.plan.at(index)
    key = SampleKey.of(0, index)
    images = synthesis.draw(characters, styles, key).images
    content = source.content.prompts.batch(characters, styles, key, 0.0)
    codes = vectors([source.styles[style] for style in styles], key.shared("latent"))
    works: dict[str, Callable[[], object]] = {
        "network": lambda: source.drawer.generate(content, codes),
        "drawing": functools.partial(synthesis.draw, characters, styles, key),
        "reading": functools.partial(gate.read, images, characters, styles),
        "encoding": lambda: [encode_png(image) for image in images],
    }
    seconds = _processor(works[stage])
    note = f"{1000 * seconds / len(index):.3f} core-ms a glyph"
    return Row(STAGES, stage, len(index), seconds, note=note)


@torch.inference_mode()
def _processor(work: Callable[[], object]) -> float:
    """Return the processor seconds that ``work`` takes; the best of some, for a stage has no luck."""
    taken = []
    for _ in range(_BLOCKS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)
