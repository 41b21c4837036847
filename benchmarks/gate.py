"""What the gate costs: ``synth`` with and without it in turn, and the processor time of each stage, in one run.

    python benchmarks/gate.py --model runs/zi2zi --recognizer runs/recognizer --count 10000

Both make the same samples, each ``--rounds`` times in turn, so that what else the machine does falls on both alike;
the best round of each counts. The cost is the share of throughput that is lost, by the clock and by processor time,
which tells more on a machine that others share. The stages are timed alone, on one thread, on the run's own glyphs.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handgen.glyphs.store import to_unit
from handgen.memory import keep_freed_memory
from handgen.models.styles import vectors
from handgen.synth.dataset import Request, Run
from handgen.synth.gate import OFF, REDRAW
from handgen.training.checkpoint import find_model
from handgen.writers.png import encode_png

_BLOCKS = 16


@dataclass(frozen=True)
class Round:
    """One dataset: seconds by the clock, processor seconds of all threads, and what the gate turned away."""

    wall: float
    processor: float
    gate: dict[str, Any]


def written(model: Path, recognizer: Path | None, given: argparse.Namespace, gate: str) -> Round:
    """Write a dataset; loading and calibrating are not counted, the preview is."""
    with tempfile.TemporaryDirectory() as folder:
        request = Request(model, Path(folder) / "set", given.count, given.styles, gate=gate, recognizer=recognizer)
        run = Run(request)
        wall, processor = time.perf_counter(), time.process_time()
        run.write(lambda samples: None, workers=given.workers)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        return Round(wall, processor, run.info.get("gate", {}))


def stages(model: Path, recognizer: Path | None, given: argparse.Namespace) -> dict[str, float]:
    """Return processor milliseconds a glyph of the network, of drawing (the network in it), reading, and encoding."""
    torch.set_num_threads(1)
    keep_freed_memory()
    run = Run(Request(model, Path("none"), given.count, given.styles, gate=REDRAW, recognizer=recognizer))
    synthesis, gate = run.glyphs, run.gate
    assert gate is not None
    index = np.arange(synthesis.block, dtype=np.int64)
    characters, styles = synthesis.plan.at(index)
    images, _ = synthesis.draw(index, characters, styles)
    result: dict[str, float] = {}
    if synthesis.model.draws == "glyph":
        content = to_unit(run.content.glyphs[characters])[:, None].contiguous(memory_format=torch.channels_last)
        codes = vectors([run.styles[style] for style in styles], index, given.seed)
        result["network"] = timed(lambda: synthesis.model.generate(content, codes), len(index))
    result["drawing"] = timed(lambda: synthesis.draw(index, characters, styles), len(index))
    result["reading"] = timed(lambda: gate.read(images, characters, styles), len(index))
    result["encoding"] = timed(lambda: [encode_png(image) for image in images], len(index))
    return result


@torch.inference_mode()
def timed(work: Callable[[], object], glyphs: int) -> float:
    """Return the processor milliseconds a glyph that ``work`` takes; the best of some, for a stage has no luck."""
    taken = []
    for _ in range(_BLOCKS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return 1000 * min(taken) / glyphs


def measured(model: Path, recognizer: Path | None, given: argparse.Namespace) -> dict[str, Any]:
    """Return all figures of a run of this script."""
    rounds: dict[str, list[Round]] = {OFF: [], REDRAW: []}
    for _ in range(given.rounds):
        for gate, done in rounds.items():
            done.append(written(model, recognizer if gate != OFF else None, given, gate))
    result: dict[str, Any] = {"count": given.count, "workers": given.workers}
    for gate, done in rounds.items():
        wall, processor = min(each.wall for each in done), min(each.processor for each in done)
        result[gate] = {"glyphs_per_s": given.count / wall, "processor_ms": 1000 * processor / given.count}
    off, on = result[OFF], result[REDRAW]
    result["cost_by_clock"] = 1 - on["glyphs_per_s"] / off["glyphs_per_s"]
    result["cost_by_processor"] = 1 - off["processor_ms"] / on["processor_ms"]
    result["turned_away"] = {name: rounds[REDRAW][0].gate[name] for name in ("redrawn", "dropped")}
    return result | {"stages_ms": stages(model, recognizer, given)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="run folder or model file (default: the latest in runs/)")
    parser.add_argument("--recognizer", type=Path, help="run folder or file (default: the latest in runs/)")
    parser.add_argument("--count", type=int, default=10_000, help="samples of each dataset (default: 10000)")
    parser.add_argument("--rounds", type=int, default=2, help="datasets with and without each (default: 2)")
    parser.add_argument("--styles", default="15", help="as for handgen synth (default: 15)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="threads (default: one a core)")
    parser.add_argument("--seed", type=int, default=0, help="of the run (default: 0)")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")
    given = parser.parse_args()
    result = measured(find_model(given.model, sorted(Path("runs").glob("*/"))), given.recognizer, given)
    if given.json:
        print(json.dumps(result, indent=2))
        return
    for gate in (OFF, REDRAW):
        row = result[gate]
        print(f"gate {gate:<10}{row['glyphs_per_s']:>8,.0f} glyphs/s   {row['processor_ms']:.3f} core-ms a glyph")
    print(f"cost           {result['cost_by_clock']:>8.1%} by the clock, {result['cost_by_processor']:.1%} in core-ms")
    print(f"turned away    {result['turned_away']['redrawn']} redrawn, {result['turned_away']['dropped']} replaced")
    for stage, taken in result["stages_ms"].items():
        print(f"  {stage:<13}{taken:>8.3f} core-ms a glyph")
    print(f"{given.count:,} samples a dataset, {given.workers} threads, best of {given.rounds}")


if __name__ == "__main__":
    main()
