"""How fast a dataset is made from end to end, beside what people use today, and what all but the network costs.

The peers draw a font and nothing more: TRDG (TextRecognitionDataGenerator), and the loop that most people write
first, a glyph at a time with Pillow, PNG and LMDB. handgen's rows include a network that redraws each glyph, a
deformation of each sample, PNG and LMDB. A model that costs nothing shows what the rest takes, with each preset of
``--degrade``. Every row is a process of its own; its start is left out.
"""

from __future__ import annotations

import io
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import trdg
from benchmarks.machine import arithmetic, wait_for
from benchmarks.models import chars_of, save_free, save_untrained
from benchmarks.row import Row, Scale, Told, in_process, in_threads, peak_memory
from handgen.fonts.find import resolve_font
from handgen.seeds import SampleKey
from handgen.sources.model import ModelSource
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare
from handgen.synthesis.processes import Processes
from handgen.synthesis.request import OFF, REDRAW
from handgen.synthesis.write import write
from handgen.weights import FIRST, MODEL, recognizer_beside, shipped
from handgen.workers import cores

END_TO_END, REST = "end to end", "all but the network"
_SIDE_BY_SIDE = ("none", "scan")
"""Presets that are timed in several processes as well."""
_COMMIT = 1000
"""Samples of a transaction, as in the script that deep-text-recognition-benchmark brings."""


def measure(scale: Scale, device: torch.device, told: Told) -> list[Row]:
    """Time the peers, ``synth`` with a network, and ``synth`` without one."""
    rows = []

    def note(row: Row) -> None:
        rows.append(row)
        told(f"{row.name}: {row.rate:,.0f}/s")

    with tempfile.TemporaryDirectory() as folder:
        chars, free = chars_of(scale.charsets[-1]), f"{folder}/free.safetensors"
        network, reader = model_and_reader(Path(folder), scale)
        save_free(Path(free), scale.size, chars)
        note(in_process("benchmarks.synth:naive", scale.size, chars, 2 * scale.peer_samples))
        for row in trdg.measure(END_TO_END, chars, scale, told):
            note(row)
        for how in _ways(device, reader):
            note(in_process("benchmarks.synth:whole", END_TO_END, str(network), scale.samples, how))
        note(in_process("benchmarks.synth:network_alone", str(network), scale.samples, str(device)))
        for preset in scale.presets:
            how = {"name": f"--degrade {preset}", "degrade": preset, "workers": cores()}
            note(in_process("benchmarks.synth:whole", REST, free, scale.samples, how))
            if preset in _SIDE_BY_SIDE and cores() > 1 and device.type == "cpu":
                beside = {"name": f"--degrade {preset}, {cores()} processes", "degrade": preset, "processes": cores()}
                note(in_process("benchmarks.synth:whole", REST, free, scale.samples, beside))
    return rows


def model_and_reader(folder: Path, scale: Scale) -> tuple[Path, Path | None]:
    """Return the model that draws, and who reads what it draws.

    It is the one that is asked for, else the one that comes with handgen, else one of the default settings that
    nobody trained, written to ``folder``. How fast it draws does not depend on what it learned.
    """
    model = scale.model or (shipped()[FIRST] / MODEL if FIRST in shipped() else None)
    if model is None:
        model = folder / MODEL
        save_untrained(model, scale.size, chars_of(scale.charsets[-1]))
    return model, scale.recognizer or recognizer_beside(model)


def _ways(device: torch.device, reader: Path | None) -> list[dict[str, Any]]:
    """Return how the cores of this machine are used, in turn; and once with a gate, if there is who reads."""
    ways = [{"name": f"handgen synth, {in_threads(count)}", "workers": count} for count in sorted({1, cores()})]
    if device.type == "cpu" and cores() > 1:
        ways.append({"name": f"handgen synth, {cores()} processes", "processes": cores()})
    if reader:
        name = f"handgen synth, gate, {in_threads(cores())}"
        ways.append({"name": name, "workers": cores(), "gate": REDRAW, "reader": str(reader)})
    return [way | {"device": str(device)} for way in ways]


def whole(group: str, model: str, count: int, how: dict[str, Any]) -> Row:
    """Write a dataset, the preview included; the start of processes, a shard each, is left out.

    Args:
        group: of the row.
        model: file.
        count: samples.
        how: ``name`` of the row, and what differs from one thread, one process, no degradation, no gate, the CPU.
    """
    processes, workers = how.get("processes", 1), how.get("workers", 1)
    device = torch.device(how.get("device", "cpu"))
    with tempfile.TemporaryDirectory() as folder:
        request = make_request(
            model,
            out=Path(folder) / "dataset",
            count=count,
            degrade=how.get("degrade", "none"),
            shards=processes,
            styles="15",
            gate=how.get("gate", OFF),
            recognizer=Path(how["reader"]) if how.get("gate", OFF) != OFF else None,
            device=str(device),
        )
        prepared = prepare(request)
        by = Processes(processes, workers=workers) if processes > 1 else None
        seen, processor = [(0, time.perf_counter())], time.process_time()
        write(prepared, lambda done: seen.append((done, time.perf_counter())), workers=workers, shard_writer=by)
        processor = time.process_time() - processor
        # Each process has begun when there is news of it.
        first = seen[next(number for number, news in enumerate(seen) if news[0])] if processes > 1 else seen[0]
    row = Row(group, how["name"], count - first[0], seen[-1][1] - first[1], x=how.get("x", 0))
    if processes > 1:
        return row
    return replace(row, peak_mib=peak_memory(), note=f"{1000 * processor / count:.3f} core-ms a glyph")


def network_alone(model: str, count: int, where: str) -> Row:
    """Draw with the generator in blocks, on a thread for each core or on the device."""
    device = torch.device(where)
    prepared = prepare(make_request(model, count=count, device=where, gate=OFF))
    source, threads = prepared.source, cores() if device.type == "cpu" else 1
    assert isinstance(source, ModelSource)
    rows = np.arange(min(source.block, len(source.chars)))
    content = source.content.prompts.batch(rows, rows * 0, SampleKey.of(0, rows), 0.0)
    codes = source.styles[0].vector.to(device).expand(len(content), -1)

    def draw(_: int) -> None:
        with torch.inference_mode():
            source.drawer.generate(content, codes)

    with FlopCounterMode(display=False) as counter:
        draw(0)
    blocks = max(threads, count // 4 // len(content))
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(draw, range(threads)))
        wait_for(device)
        began = time.perf_counter()
        list(pool.map(draw, range(blocks)))
        wait_for(device)
        seconds = time.perf_counter() - began
    done = counter.get_total_flops() * blocks / seconds
    note = f"{counter.get_total_flops() / len(content) / 1e9:.2f} GFLOP a glyph"
    share = done / arithmetic(device, torch.float32)
    return Row(END_TO_END, "its network alone", blocks * len(content), seconds, share=share, note=note)


def naive(size: int, chars: str, count: int) -> Row:
    """Draw with Pillow, encode as PNG, and put into an LMDB, a glyph at a time."""
    face = ImageFont.truetype(str(resolve_font("Heiti").path), int(size * 0.92))
    with tempfile.TemporaryDirectory() as folder, lmdb.open(folder, map_size=1 << 32) as env:
        began = time.perf_counter()
        cache: dict[bytes, bytes] = {}
        for number in range(1, count + 1):
            char = chars[number % len(chars)]
            image = Image.new("L", (size, size), 255)
            ImageDraw.Draw(image).text((size / 2, size / 2), char, fill=0, font=face, anchor="mm")
            data = io.BytesIO()
            image.save(data, "PNG")
            cache[b"image-%09d" % number] = data.getvalue()
            cache[b"label-%09d" % number] = char.encode()
            if number % _COMMIT == 0 or number == count:
                with env.begin(write=True) as txn:
                    for key, value in cache.items():
                        txn.put(key, value)
                cache = {}
        seconds = time.perf_counter() - began
    name = "a glyph at a time with Pillow, PNG and LMDB"
    return Row(END_TO_END, name, count, seconds, peer=True, peak_mib=peak_memory(), note="draws the font itself")
