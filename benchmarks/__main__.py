"""Time handgen beside what it replaces: ``python -m benchmarks [PART...]``, from the root of the project.

Run it on an idle machine. What is measured is merged into results.json, from which RESULTS.md and results.png are
written again: a part can be measured alone, and a GPU's figures stand beside a CPU's. On a GPU, this is all:
``python -m benchmarks --device cuda --limit 600``.
"""

from __future__ import annotations

import _thread
import argparse
import importlib
import threading
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks import results
from benchmarks.machine import describe
from benchmarks.row import ROOT, SCALES, Scale
from handgen.devices import resolve_device
from handgen.errors import UsageError

PARTS = {
    "render": (
        "Fonts to glyphs",
        "Drawing glyphs and keeping them, beside Pillow text saved as PNG files in one process.",
    ),
    "writers": (
        "Glyphs to records",
        "Encoding PNG and writing LMDB, beside Pillow and OpenCV, which only encode.",
    ),
    "train": (
        "A training step",
        """The step alone, with 15 styles, beside the original model's, written from its paper (originals.py) at the
        same size, width and batch. handgen's layers are its own unless the row says otherwise, so some of the
        difference is less arithmetic, which the note tells. The peak is what a product of large matrices reaches in
        the same precision.""",
    ),
    "synth": (
        "A dataset from end to end",
        """handgen redraws each glyph with the model that comes with it (zh; without it, with an untrained Zi2Zi of the
        default settings), deforms it, and writes PNG and LMDB. The peers draw the font as it is, and nobody reads what
        they draw; of handgen's rows the one with a gate. The second table has a model that costs nothing.""",
    ),
    "recipes": (
        "What synth writes by default",
        """The recipes zh and latin with the fonts at hand, and where their time goes. The first table has the command
        with its defaults, its start included, beside the version before there were recipes, which drew with zh alone.
        The peer of the second draws one font as it is. Centerlines are traced before; the last table tells how long
        that takes.""",
    ),
    "gate": (
        "The gate",
        "What it costs that a recognizer reads every drawing. In lines, drawings are read as they are here.",
    ),
    "runtimes": (
        "Other runtimes",
        """The networks that come with handgen, on one thread, in processor time: PyTorch as handgen uses it, beside
        others. SSIM and the greatest difference are to it, over all glyphs; who reads is the recognizer.""",
    ),
    "growth": (
        "Growth",
        """With a model that costs nothing, so that what is left can be seen to grow; seconds are from the start to the
        finished dataset. Memory of `render` is that of the command, without its workers.""",
    ),
}
ON_GPU = ("synth", "gate", "train")
"""What is measured on a GPU by default; the rest does not use it."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument("--quick", action="store_true", help="fewer rounds, and growth to 100,000 samples")
    scale.add_argument("--tiny", action="store_true", help="see that the scripts work; the figures mean nothing")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: %(default)s)")
    parser.add_argument("--limit", type=float, help="seconds after which it ends; whole parts are kept")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks", help="folder (default: benchmarks)")
    parser.add_argument("--model", type=Path, help="what draws in synth and gate (default: what comes with handgen)")
    parser.add_argument("--recognizer", type=Path, help="who reads (default: the one that came with the model)")
    parser.add_argument("--trdg", type=Path, help="environment of TRDG, made if it is not there (default: .venv/trdg)")
    parser.add_argument("--no-trdg", action="store_true", help="do without TRDG")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"unknown part {sorted(unknown)[0]}: there are {', '.join(PARTS)}")
    return given


def main() -> None:
    """Measure the parts and write the results after each; without the device asked for, say so in one line."""
    given = _options()
    name = "tiny" if given.tiny else "quick" if given.quick else "full"
    try:
        device = resolve_device(given.device)
    except UsageError as error:
        print(f"nothing is measured: {error.message}")
        return
    scale = SCALES[name]
    paths = {"model": given.model, "recognizer": given.recognizer, "trdg": given.trdg}
    scale = replace(scale, **{name: path for name, path in paths.items() if path})
    if given.no_trdg:
        scale = replace(scale, trdg=None)
    parts = given.parts or (ON_GPU if device.type == "cuda" else tuple(PARTS))
    watch = threading.Timer(given.limit, _thread.interrupt_main) if given.limit else None
    began, whole = time.monotonic(), 0
    try:
        if watch:
            watch.start()
        for part in parts:
            _measure(part, scale, name, device, given.out, began)
            whole += 1
    except KeyboardInterrupt:
        print(f"ended after {time.monotonic() - began:.0f} s with {whole} of {len(parts)} parts")
        return
    finally:
        if watch:
            watch.cancel()
    print(f"{given.out / results.MARKDOWN}, after {time.monotonic() - began:.0f} s")


def _measure(part: str, scale: Scale, name: str, device: torch.device, out: Path, began: float) -> None:
    title, about = PARTS[part]
    print(f"{part}: {title.lower()}", flush=True)
    started = time.monotonic()
    rows = importlib.import_module(f"benchmarks.{part}").measure(
        scale, device, lambda line: print(f"  {time.monotonic() - began:5.0f} s  {line}", flush=True)
    )
    measured = results.Measured(part, title, about, name, time.monotonic() - started, describe(device), rows)
    results.save(out, results.merged(results.load(out), measured, list(PARTS)))


if __name__ == "__main__":
    main()
