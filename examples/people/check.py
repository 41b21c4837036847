"""Check what was fitted: people beside synthesis, as numbers and as a picture.

python -m examples.people.check CHINESE_MNIST --font FONT [--split SPLIT] [--out examples/people]

Real writers of the tuning half; a font deformed with ``handgen.deform.people``, so many writers with so many drawings
each; and the pen. Distances are between images brought to one position and size, at three blurs: of two drawings by one
writer, and of drawings by two.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from examples.people.matching import Array
from examples.people.whole import Numbers, distances, written
from handgen.deform.people import PersonKeys, deform
from handgen.fonts.align import source_placement
from handgen.fonts.coverage import survey
from handgen.fonts.find import resolve_font
from handgen.fonts.outline import Outlines
from handgen.fonts.raster import Rasterizer
from handgen.seeds import keys
from handgen.strokes.ink import draw
from handgen.strokes.library import find_strokes
from handgen.strokes.motion import Hand, write
from handgen.strokes.writer import DIM, Population

CHARS = "".join(sorted("零一二三四五六七八九十百千万亿"))
_WRITERS, _EACH = 40, 4
_BLURS = (1.0, 2.0, 4.0)
_SHOWN, _TWICE = 5, 2

Drawn = tuple[Array, Numbers, Numbers]
"""Ink ``[n, H, W]``, positions in ``CHARS``, and numbers of writers."""


def main() -> None:
    """Compare, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chinese_mnist", type=Path)
    parser.add_argument("--font", default="Heiti")
    parser.add_argument("--split", type=Path, default=Path("examples/worth/split.json"))
    parser.add_argument("--out", type=Path, default=Path("examples/people"))
    options = parser.parse_args()
    writers = json.loads(options.split.read_text(encoding="utf-8"))["sets"]["chinese-mnist"]["tuning"]
    ink, chars, names = written(options.chinese_mnist, writers)
    kept = np.flatnonzero((names < _WRITERS) & (_number_within(chars, names) < _EACH))
    sets = {"people": (ink[kept], chars[kept], names[kept]), "font": by_font(options.font), "pen": by_pen()}
    found = {name: [distances(*drawn, blur) for blur in _BLURS] for name, drawn in sets.items()}
    real = np.array(found["people"])
    for name, each in found.items():
        print(f"{name:8} within / between of real", np.round(np.array(each) / real, 2).tolist())
    _picture(sets).save(options.out / "people.png")


def by_font(name: str) -> Drawn:
    """Return a font's glyphs as writers would draw them, each several times."""
    outlines = Outlines(resolve_font(name))
    coverage = survey(outlines, CHARS)
    glyphs = Rasterizer(outlines, 64, source_placement(coverage.boxes, 64)).draw_all(coverage.drawn)
    number = np.array([CHARS.index(char) for char in coverage.drawn])
    rows, writer = _everything(len(number))
    images = torch.from_numpy(glyphs[rows].astype(np.float32) / 255)[:, None]
    who = PersonKeys.of(keys(np.arange(len(rows))), keys(writer, 1), keys(rows))
    return 1 - deform(images, who)[:, 0].double().numpy(), number[rows], writer


def by_pen() -> Drawn:
    """Return what writers write with a pen."""
    table = find_strokes(CHARS).table
    number = np.array([CHARS.index(char) for char in table.chars])
    rows, writer = _everything(len(number))
    z = np.random.default_rng(0).standard_normal((_WRITERS, DIM))[writer]
    population = Population()
    hand, sample = Hand(population.numbers(z), keys(population.persons(z))), keys(np.arange(len(rows)))
    images = draw(write(table, rows, hand, sample, 1.0), hand, population.pens(z), sample, 64)
    return 1 - images / 255, number[rows], writer


def _everything(chars: int) -> tuple[Numbers, Numbers]:
    """Return characters and writers of drawings, each character several times by each writer."""
    rows, writer, _ = np.meshgrid(np.arange(chars), np.arange(_WRITERS), np.arange(_EACH), indexing="ij")
    return rows.reshape(-1), writer.reshape(-1)


def _number_within(chars: Numbers, names: Numbers) -> Numbers:
    """Return the number of each drawing among those of its writer and character."""
    order = np.lexsort((names, chars))
    cell = (chars * (names.max() + 1) + names)[order]
    first = np.flatnonzero(np.r_[True, np.diff(cell) > 0])
    number = np.empty(len(cell), np.int64)
    number[order] = np.arange(len(cell)) - np.repeat(first, np.diff(np.r_[first, len(cell)]))
    return number


def _picture(sets: dict[str, Drawn]) -> Image.Image:
    """Return drawings: a block each for people, font and pen, two rows a writer."""
    blocks: list[NDArray[np.uint8]] = []
    for ink, chars, names in sets.values():
        rows = []
        for writer in range(_SHOWN):
            for turn in range(_TWICE):
                own = [np.flatnonzero((chars == char) & (names == writer))[turn] for char in range(chars.max() + 1)]
                rows.append(np.concatenate([_cell(ink[row]) for row in own], 1))
        blocks += [np.concatenate(rows), np.full((12, rows[0].shape[1]), 160, np.uint8)]
    return Image.fromarray(np.concatenate(blocks[:-1]))


def _cell(ink: Array) -> NDArray[np.uint8]:
    """Return an image of 48 pixels of what is written, brought to one size."""
    rows, columns = np.flatnonzero((ink > 0.35).any(1)), np.flatnonzero((ink > 0.35).any(0))
    side = max(np.ptp(rows), np.ptp(columns)) + 1
    left, top = (columns[0] + columns[-1] + 1 - 1.3 * side) / 2, (rows[0] + rows[-1] + 1 - 1.3 * side) / 2
    box = (left, top, left + 1.3 * side, top + 1.3 * side)
    picture = Image.fromarray((255 * np.clip(ink, 0, 1)).astype(np.uint8))
    return 255 - np.asarray(picture.transform((48, 48), Image.Transform.EXTENT, box, Image.Resampling.BICUBIC))


if __name__ == "__main__":
    main()
