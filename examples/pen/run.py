"""Measure the pen: who reads it, from print to running hand, how well traces are, and how fast it writes.

    python -m examples.pen.run

or, to see a trained zi2zi or pix2pix redraw what the pen writes as well,

    python -m examples.pen.run runs/zi2zi

needs ``handgen fonts fetch strokes kanjivg`` and the extra ``judge``, and about ten minutes on one core. It writes
``results.json``, ``cursiveness.png``, ``writers.png`` and ``levels.png`` beside itself.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from handgen.fonts.charsets import load_charset
from handgen.fonts.find import resolve_font
from handgen.metrics.skeleton import thinned
from handgen.ocr.judge import read
from handgen.seeds import SampleKey, generator, keys
from handgen.sources.model import ModelSource
from handgen.sources.prompts import GlyphPrompts
from handgen.strokes.base import StrokeTable, make_table
from handgen.strokes.ink import draw
from handgen.strokes.kanjivg import read_kanjivg
from handgen.strokes.library import HANZI, KANJIVG, find_strokes, folder_of
from handgen.strokes.motion import Hand, write
from handgen.strokes.pens import PENS
from handgen.strokes.raster import coverage, outlines
from handgen.strokes.trace import SIDE, trace, traced
from handgen.strokes.writer import DIM, Population, Writer
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare
from handgen.synthesis.request import OFF
from handgen.synthesis.write import write as write_dataset

HERE = Path(__file__).parent
LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
GLYPHS, SIZE, CELL = 500, 64, 56
TEXT = "永和九年岁在癸丑暮春会"


def drawn(
    table: StrokeTable, characters: NDArray[np.int64], population: Population, z: NDArray[np.float64]
) -> tuple[Any, Any]:
    """Return images of characters by writers ``z``, one each, and the pens."""
    hand, pens = Hand(population.numbers(z), keys(population.persons(z))), population.pens(z)
    sample = keys(np.arange(len(characters)))
    return draw(write(table, characters, hand, sample, 1.0), hand, pens, sample, SIZE), pens


def legibility() -> dict[str, Any]:
    """Read the same characters by the same writers at each level of cursiveness."""
    chars = load_charset("gb2312-1")
    picked = "".join(chars[i] for i in generator(0, "legibility").permutation(len(chars))[:GLYPHS])
    table, z = find_strokes(picked).table, generator(0, "writers").standard_normal((GLYPHS, DIM))
    rates: dict[str, Any] = {}
    for level in LEVELS:
        images, pens = drawn(table, np.arange(GLYPHS), Population(cursiveness=(level, level)), z)
        right = np.array([text == char for text, char in zip(read(images), table.chars, strict=True)])
        by_pen = {name: round(float(right[pens == k].mean()), 3) for k, name in enumerate(PENS)}
        rates[f"{level:g}"] = {"read": round(float(right.mean()), 3), **by_pen}
        print(level, rates[f"{level:g}"], flush=True)
    return rates


def pens() -> dict[str, float]:
    """Read as many glyphs of each pen, by neat writers that differ in nothing else; not those of ``legibility``."""
    chars = load_charset("gb2312-1")
    picked = "".join(chars[i] for i in generator(1, "legibility").permutation(len(chars))[:GLYPHS])
    table, z = find_strokes(picked).table, generator(1, "writers").standard_normal((GLYPHS, DIM))
    rates = {}
    for name in PENS:
        z[:, -1] = Population().z_of(Writer(pen=name))[-1]
        images, _ = drawn(table, np.arange(GLYPHS), Population(cursiveness=(0, 0)), z)
        rates[name] = round(float(np.mean([a == b for a, b in zip(read(images), table.chars, strict=True)])), 3)
        print(name, rates[name], flush=True)
    return rates


def tracing() -> dict[str, Any]:
    """Trace a printed font: compare with KanjiVG, and have the traces read."""
    chars = load_charset("latin62")
    font = resolve_font("Heiti")
    folder = folder_of(KANJIVG)
    truth = read_kanjivg(folder, chars) if folder else {}
    found = trace(font, chars)
    counts = [abs(len(found[char]) - len(truth[char])) for char in chars if char in truth and char in found]
    han = "".join(load_charset("gb2312-1")[::19])
    again = trace(font, han)
    return {
        "characters traced": f"{len(found)} of {len(chars)}",
        "same number of strokes as KanjiVG": round(float(np.mean(np.equal(counts, 0))), 3),
        "at most one more or fewer": round(float(np.mean(np.less_equal(counts, 1))), 3),
        "strokes found for each that was drawn": _recovered(),
        "Latin, drawn again and read": _reread(found),
        "Chinese, drawn again and read": _reread(again),
    }


def _recovered() -> float:
    """Draw Hanzi Writer's strokes with an even line, trace the drawings, and compare the numbers of strokes."""
    table = find_strokes("".join(load_charset("gb2312-1")[::19]), (HANZI,)).table
    owner = np.repeat(np.arange(len(table.chars)), np.diff(table.first))
    lines = outlines(table.points * SIDE, np.full(table.points.shape[:2], 5, np.float32))
    ink = coverage([(lines, owner)], len(table.chars), SIDE) > 127
    thin = thinned(torch.from_numpy(ink)).numpy()
    found = [len(traced(mask, line)) for mask, line in zip(ink, thin, strict=True)]
    return round(float(np.sum(found) / table.first[-1]), 3)


def _reread(found: dict[str, Any]) -> float:
    table = make_table(found)
    still = ("cursiveness", "rounding", "structure", "habit", "looseness", "tremor", "tilt", "slant")
    plain = Writer(**dict.fromkeys((*still, "bow_across", "bow_down"), 0.0))  # type: ignore[arg-type]
    z = np.repeat(Population().z_of(plain).astype(np.float64)[None], len(table.chars), axis=0)
    images, _ = drawn(table, np.arange(len(table.chars)), Population(), z)
    return round(float(np.mean([a == b for a, b in zip(read(images), table.chars, strict=True)])), 3)


def speed() -> dict[str, Any]:
    """Write 20,000 glyphs of 200 writers into an LMDB with two workers."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        prepared = prepare(make_request("pen", out=Path(folder) / "set", count=20_000, styles="200", gate=OFF))
        ready = time.perf_counter()
        write_dataset(prepared, lambda done: None, workers=2)
        end = time.perf_counter()
    return {"to read strokes, s": round(ready - begin, 1), "glyphs/s": round(20_000 / (end - ready))}


def pictures() -> None:
    """Two hundred writers, and one writer from print to running hand."""
    table = find_strokes(TEXT).table
    z = generator(0, "sheet").standard_normal((200, DIM))
    rows = np.repeat(z, 4, axis=0)
    which = np.tile(np.arange(4), 200) + np.repeat(np.arange(200) % 7, 4)
    images, _ = drawn(table, which, Population(), rows)
    _sheet(images, 32).save(HERE / "writers.png", optimize=True)
    some = generator(3, "levels").standard_normal((4, DIM))
    lines = []
    for level in (0.0, 0.25, 0.5, 0.75, 1.0):
        rows = np.repeat(some, 5, axis=0)
        images, _ = drawn(table, np.tile(np.arange(5), 4), Population(cursiveness=(level, level)), rows)
        lines.append(images)
    _sheet(np.concatenate(lines), 20).save(HERE / "levels.png", optimize=True)


def _sheet(images: NDArray[np.uint8], columns: int) -> Image.Image:
    rows = len(images) // columns
    sheet = images.reshape(rows, columns, SIZE, SIZE).transpose(0, 2, 1, 3).reshape(rows * SIZE, columns * SIZE)
    small = Image.fromarray(sheet).resize((columns * CELL, rows * CELL), Image.Resampling.LANCZOS)
    return small.quantize(8)


def both(model: Path) -> dict[str, Any]:
    """Have a trained model redraw its source font, and the same written anew by the pen; picture and reading."""
    first, rates = np.arange(20), {}
    rows: list[NDArray[np.uint8]] = []
    for name in ("font", "pen"):
        prepared = prepare(make_request(model, count=GLYPHS, content=name, gate=OFF))
        source = prepared.source
        assert isinstance(source, ModelSource)
        if isinstance(prompts := source.content.prompts, GlyphPrompts) and prompts.restroke:
            rows.insert(0, prompts.glyphs[first])
            rows[1:1] = [prompts.restroke(rows[0], first, first * 0, keys(first, k), 1.0) for k in (0, 1)]
        samples = list(prepared.glyphs.samples(0, GLYPHS))
        texts = read(np.stack([np.asarray(sample.image) for sample in samples]))
        right = [text == sample.text for text, sample in zip(texts, samples, strict=True)]
        rates[f"content {name}, read"] = round(float(np.mean(right)), 3)
        drawings = (0,) if name == "font" else (1, 2)
        rows += [source.draw(first, first * 0, SampleKey.of(0, first + 1000 * k)).images for k in drawings]
    _sheet(np.concatenate(rows), len(first)).save(HERE / "content.png", optimize=True)
    return {"styles": [style.name for style in source.styles], **rates}


def plot(rates: dict[str, Any]) -> None:
    """Draw the share that is read by cursiveness."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5, 3), dpi=110)
    axes.plot(list(LEVELS), [100 * rates[f"{level:g}"]["read"] for level in LEVELS], marker="o", color="#225")
    axes.axhline(95, color="#999", linewidth=0.8, linestyle="--")
    axes.set(xlabel="cursiveness", ylabel="read by PP-OCR, %", ylim=(40, 100))
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(HERE / "cursiveness.png")


def main() -> None:
    """Do it all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", help="run folder or file of a zi2zi or pix2pix")
    model: Path | None = parser.parse_args().model
    pictures()
    results: dict[str, Any] = {"both roads": both(model)} if model else {}
    results |= {"tracing": tracing(), "speed": speed(), "pens": pens(), "cursiveness": legibility()}
    plot(results["cursiveness"])
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({key: results[key] for key in results if key != "cursiveness"}, indent=2))


if __name__ == "__main__":
    main()
