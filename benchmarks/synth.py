"""How fast a trained model becomes a dataset: the network alone beside the whole of ``synth``, in one run.

    python benchmarks/synth.py --model runs/zi2zi --count 20000

Prints glyphs per second, the ratio to the network alone, and the peak resident memory.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from handgen.glyphs.store import to_unit
from handgen.synth.dataset import Request, Run
from handgen.training.checkpoint import find_model


def network_alone(run: Run, workers: int, blocks: int) -> float:
    """Return glyphs per second of the generator in blocks, on ``workers`` threads."""
    synthesis = run.glyphs
    content = to_unit(run.content.glyphs[: synthesis.block])[:, None].contiguous(memory_format=torch.channels_last)
    vectors = run.styles[0].vector.expand(len(content), -1)

    def draw(_: int) -> None:
        with torch.inference_mode():
            synthesis.model.generate(content, vectors)

    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(draw, range(workers)))
        began = time.perf_counter()
        list(pool.map(draw, range(blocks)))
        return blocks * len(content) / (time.perf_counter() - began)


def whole(run: Run, workers: int) -> float:
    """Return glyphs per second of a whole dataset, its preview included."""
    began = time.perf_counter()
    run.write(lambda samples: None, workers=workers)
    return run.request.count / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="run folder or model file (default: the latest in runs/)")
    parser.add_argument("--count", type=int, default=20_000, help="samples (default: 20000)")
    parser.add_argument("--styles", default="15", help="as for handgen synth (default: 15)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="threads (default: one a core)")
    given = parser.parse_args()
    model = find_model(given.model, sorted(Path("runs").glob("*/")))
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Request(model=model, out=Path(folder) / "dataset", count=given.count, styles=given.styles))
        network = network_alone(run, given.workers, blocks=max(1, given.count // 4 // run.glyphs.block))
        synth = whole(run, given.workers)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'network alone':<16}{network:>8,.0f} glyphs/s   1.00 x")
    print(f"{'synth, on disk':<16}{synth:>8,.0f} glyphs/s {synth / network:>6.2f} x")
    print(f"peak memory {peak:,.0f} MiB, {given.workers} threads, {given.count:,} samples")


if __name__ == "__main__":
    main()
