"""StrokeRNN beside Zi2Zi: the same hands, the same held-out characters, about the same time of one processor core.

    python -m examples.strokernn.run

Everything but the measurement is a ``handgen`` command; run it again and it goes on where it stopped. It needs
``handgen fonts fetch strokes`` and the extra ``judge``, and half an hour of one core.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from examples.commands import handgen
from handgen.evaluation.model import HeldOutGlyphs, draw_held_out, evaluate_model
from handgen.glyphs.contact_sheet import contact_sheet
from handgen.glyphs.store import GlyphStore
from handgen.ocr.judge import read
from handgen.strokes.copybook import KEPT, Copybook, Task, make_copybook
from handgen.strokes.library import find_strokes
from handgen.strokes.paint import paint
from handgen.strokes.series import TERMS, WIDTHS, cosines

HERE = Path(__file__).parent
HANDS = ("lxgw-wenkai", "ma-shan-zheng", "liu-jian-mao-cao")
RUNS = {"strokernn": "--images 90000", "zi2zi": "--width 16 --images 24000"}
SHOWN = 16
_FIGURES = ("l1", "rmse", "ssim", "stroke_recall", "stroke_precision", "broken_strokes", "merged_strokes", "judge")


def laid_over(glyphs: HeldOutGlyphs) -> tuple[HeldOutGlyphs, Copybook]:
    """Lay standard strokes over the true glyphs and draw them again: what a network of strokes can reach at best."""
    table = find_strokes("".join(sorted(set(glyphs.chars))), ("hanzi",)).table
    strokes = {char: table.strokes(char) for char in table.chars}
    names = sorted(set(glyphs.styles))
    style = np.array([names.index(name) for name in glyphs.styles])
    copy = make_copybook(Task(glyphs.chars, style, lambda rows: np.asarray(glyphs.truth[rows]), ""), strokes)
    kept = np.flatnonzero(copy.reason == KEPT)
    lines = np.concatenate([strokes[glyphs.chars[row]] for row in kept])
    lines = lines + np.einsum("kt,sta->ska", cosines(lines.shape[1], TERMS), copy.offsets)
    widths = copy.widths @ cosines(lines.shape[1], WIDTHS).T
    owner = np.repeat(np.arange(len(kept)), np.diff(copy.first)[kept])
    images = paint(lines, widths, copy.joined, owner, len(kept), glyphs.truth.shape[-1])
    chars, styles = ([each[row] for row in kept] for each in (glyphs.chars, glyphs.styles))
    return HeldOutGlyphs(images, np.asarray(glyphs.truth[kept]), chars, styles), copy


def figures(glyphs: HeldOutGlyphs) -> dict[str, Any]:
    """Measure, by style."""
    result = evaluate_model(glyphs, None, read, torch.device("cpu"))["styles"]
    keys = (*_FIGURES, "judge_true")
    return {name: {"glyphs": row["glyphs"]} | {key: row[key] for key in keys} for name, row in result.items()}


def kept_of(copy: Copybook, styles: list[str]) -> dict[str, str]:
    """Say for how many glyphs of each style the strokes fit."""
    rows = {name: np.array(styles) == name for name in sorted(set(styles))}
    return {name: f"{int((copy.reason[of] == KEPT).sum())} of {int(of.sum())}" for name, of in rows.items()}


def picture(store: GlyphStore, drawn: dict[str, HeldOutGlyphs]) -> Image.Image:
    """Show some held-out characters of each hand: source, as each model draws them, true."""
    true = next(iter(drawn.values()))
    source = {str(store.labels["char"][row]): row for row in store.rows(store.sources[0])}
    rows: list[tuple[str, NDArray[np.uint8]]] = []
    for name in HANDS:
        some = [row for row, style in enumerate(true.styles) if style == name]
        some = some[:: max(1, len(some) // SHOWN)][:SHOWN]
        glyphs = np.stack([store.images[source[true.chars[row]]] for row in some])
        rows.append((f"{name} source", glyphs))
        rows += [(run, np.asarray(each.output[some])) for run, each in drawn.items()]
        rows.append(("true", np.asarray(true.truth[some])))
    return contact_sheet(rows)


def main() -> None:
    """Render, train, measure, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("strokes-or-pixels"), help="folder for glyphs and runs")
    parser.add_argument("--fonts", type=Path, help="folder with the hands; fetched by default")
    given = parser.parse_args()
    work: Path = given.work
    fonts: Path = given.fonts or work / "fonts"
    if not fonts.is_dir():
        handgen("fonts", "fetch", *HANDS, "--out", str(fonts))
    if not (work / "glyphs").is_dir():
        targets = [part for name in HANDS for part in ("--target", str(fonts / f"{name}.ttf"))]
        handgen("render", "--font", "Heiti", *targets, "--charset", "gb2312-1", "--out", str(work / "glyphs"))
    for name, settings in RUNS.items():
        handgen("train", name, "--data", str(work / "glyphs"), "--out", str(work / name), *settings.split())
    torch.set_num_threads(1)
    drawn = {name: draw_held_out(work / name, None, torch.device("cpu")) for name in RUNS}
    best, copy = laid_over(drawn["strokernn"])
    result = {name: figures(each) for name, each in (drawn | {"strokes laid over the true glyph": best}).items()}
    result["held-out glyphs that the strokes fit"] = kept_of(copy, drawn["strokernn"].styles)
    (HERE / "results.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    picture(GlyphStore(work / "glyphs"), drawn).convert("L").save(HERE / "preview.png", optimize=True)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
