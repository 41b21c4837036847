"""What ``synth`` writes where no model is named: the recipes that come with handgen, end to end and by stage.

They use the fonts at hand: ``handgen fonts fetch zh en strokes`` gets some, and a recipe leaves out what it lacks. The
centerlines of fonts are traced before the clock starts; how long that takes is a row of its own.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.before import GROUP, measure_before
from benchmarks.models import chars_of
from benchmarks.row import Row, Scale, Told, in_process, in_threads, peak_memory
from handgen.allocator import keep_freed_memory
from handgen.errors import UsageError
from handgen.fonts.charsets import load_charset
from handgen.fonts.find import resolve_font
from handgen.formats.png import encode_png
from handgen.seeds import SampleKey
from handgen.strokes.library import find_strokes
from handgen.strokes.tracing import REGISTERED, TRACED, trace_font
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import Prepared, prepare
from handgen.synthesis.request import OFF, REDRAW
from handgen.synthesis.write import write
from handgen.workers import cores

WHOLE, TRACING = "the recipes, end to end", "tracing a font, on one thread, in processor time"
STAGES = "the recipe {}, stages, on one thread, in processor time"
RECIPES = {"zh": "gb2312", "latin": "latin62"}
GATES = {"zh": (REDRAW, OFF), "latin": (OFF,)}
"""No recognizer of Latin letters comes with handgen."""
READS = {REDRAW: "all is read", OFF: "nothing is read"}
_TOGETHER = 128
_ROUNDS = 8
_GLYPHS = 400


def measure(scale: Scale, device: torch.device, told: Told) -> list[Row]:
    """Time each recipe, its stages, and tracing."""
    rows = [in_process("benchmarks.synth:naive", scale.size, chars_of(scale.charsets[-1]), 2 * scale.peer_samples)]
    rows[0] = replace(rows[0], group=WHOLE)
    for recipe, charset in RECIPES.items():
        some = charset if scale.costly else load_charset(charset)[: scale.charsets[0]]
        for gate in GATES[recipe]:
            rows.append(in_process("benchmarks.recipes:whole", recipe, some, scale.samples, str(device), gate))
            told(f"{rows[-1].name}: {rows[-1].rate:,.0f}/s; {rows[-1].note}")
        rows += _stages(recipe, some, str(device), told)
    rows.append(in_process("benchmarks.recipes:tracing", _GLYPHS if scale.costly else scale.peer_samples))
    told(f"{rows[-1].name}: {rows[-1].rate:,.0f}/s")
    rows += measure_before(10 * scale.samples if scale.costly else scale.samples, told)
    return sorted(rows, key=lambda row: (row.group != GROUP, row.group != WHOLE, row.group == TRACING))


def whole(recipe: str, charset: str, count: int, device: str, gate: str) -> Row:
    """Write a dataset, the preview included, on a thread for each core."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = _prepared(recipe, charset, count, device, Path(folder) / "dataset", gate)
        began, processor = time.perf_counter(), time.process_time()
        write(prepared, lambda done: None, workers=cores())
        seconds, processor = time.perf_counter() - began, time.process_time() - processor
    parts = ", ".join(f"{part.source.name} {len(part.source.styles)}" for part in prepared.source.parts)
    note = f"{1000 * processor / count:.3f} core-ms a glyph of {prepared.source.size} px; styles: {parts}"
    name = f"{recipe}, {READS[gate]}, {in_threads(cores())}"
    return Row(WHOLE, name, count, seconds, peak_mib=peak_memory(), note=note)


def tracing(count: int) -> Row:
    """Trace characters of Heiti, with standard strokes if there are some."""
    torch.set_num_threads(1)
    chars = load_charset("gb2312-1")[::9][:count]
    try:
        table = find_strokes(chars).table
        standard = {char: table.strokes(char) for char in table.chars}
    except UsageError:
        standard = {}
    began = time.process_time()
    forms = trace_font(resolve_font("Heiti"), chars, standard)
    seconds = time.process_time() - began
    by_stroke, by_line = (int((forms.way == way).sum()) for way in (REGISTERED, TRACED))
    note = f"{by_stroke} by standard strokes, {by_line} by their centerlines"
    return Row(TRACING, "Heiti", len(chars), seconds, note=note)


def _prepared(recipe: str, charset: str, count: int, device: str, out: Path, gate: str = OFF) -> Prepared:
    options: dict[str, Any] = {"count": count, "charset": charset, "gate": gate, "device": device, "out": out}
    return prepare(make_request(recipe=Path(recipe), **options))


def _stages(recipe: str, charset: str, device: str, told: Told) -> list[Row]:
    """Time what each source draws, what its ink becomes, and encoding, by block."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    keep_freed_memory()
    try:
        synthesis = _prepared(recipe, charset, 1000, device, Path("unused")).glyphs
        index = np.arange(8 * _TOGETHER, dtype=np.int64)
        characters, styles = synthesis.plan.at(index)
        key = SampleKey.of(0, index)
        works: dict[str, tuple[int, Callable[[], Any]]] = {}
        for part in synthesis.source.parts:
            last = part.first_style + len(part.source.styles)
            mine = np.flatnonzero((styles >= part.first_style) & (styles < last))[:_TOGETHER]
            work = partial(synthesis.draw, characters[mine], styles[mine], key[mine])
            works[f"drawing, {part.source.name}"] = len(mine), work
        some = slice(0, _TOGETHER)
        clean = synthesis.draw(characters[some], styles[some], key[some]).images
        images = clean
        if pipeline := synthesis.degrade:
            works[f"--degrade {pipeline.name}"] = len(clean), partial(pipeline, clean, index[some], 0)
            images, _ = pipeline(clean, index[some], 0)
        works["encoding"] = len(images), lambda: [encode_png(image) for image in images]
        rows = [
            Row(STAGES.format(recipe), name, count, _processor(work)) for name, (count, work) in works.items() if count
        ]
    finally:
        torch.set_num_threads(threads)
    rows = [replace(row, note=f"{1000 * row.seconds / row.count:.3f} core-ms a glyph") for row in rows]
    told("; ".join(f"{row.name}: {row.note}" for row in rows))
    return rows


@torch.inference_mode()
def _processor(work: Callable[[], Any]) -> float:
    """Return the processor seconds that ``work`` takes; the best of some."""
    taken = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return max(min(taken), 1e-9)
