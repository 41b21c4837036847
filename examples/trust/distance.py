"""How much of the way from the drawings to the real fonts the gate goes, as an independent reader sees it.

    python -m examples.trust.distance runs/zh --recognizer runs/recognizer --count 5000 --out trust

Draws the same fresh set twice, with ``--gate off`` and with ``--gate redraw``, in the styles that the model was trained
on, and lets the judge read both, and the real glyphs of the same characters in the same styles. Only characters that
a style's font has are counted, so that the three columns tell of the same task. The share of the distance that the
gate closes is (redraw - off) / (real - off); it says nothing where the drawings read as well as the fonts.

The judge took part in nothing. A set that is there already is not drawn again, and what was judged is kept beside it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.tables import markdown
from handgen.check.samples import Samples, samples_in
from handgen.errors import UsageError
from handgen.files import write_json
from handgen.glyphs.store import GlyphStore
from handgen.ocr.readers import JUDGES, Judge
from handgen.sources.find import find_model
from handgen.sources.model import store_of
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare
from handgen.synthesis.request import OFF, REDRAW
from handgen.synthesis.write import write

LEAST = 0.01
"""The distance, of 1, below which a share of it is not worth a number: a dozen glyphs of some hundred."""
COLUMNS = ("real", OFF, REDRAW)
_BATCH = 256
Truth = dict[tuple[str, str], int]
"""Rows of a store by style and character."""
Judged = list[tuple[str, str, bool]]
"""The style and the label of each image, and whether the judge reads its label."""


def drawn(given: argparse.Namespace, model: Path, gate: str) -> Path:
    """Write a set, if it is not there, and return its folder."""
    recognizer = given.recognizer if gate != OFF else None
    request = make_request(
        model, out=given.out / gate, count=given.count, styles=given.styles, charset=given.charset, vary=given.vary,
        seed=given.seed, gate=gate, recognizer=recognizer, tries=given.tries,
    )  # fmt: skip
    return write(prepare(request), lambda samples: None).out


def truth_of(store: GlyphStore) -> Truth:
    """Return where the real glyph of each style and character is."""
    names = [style.name for style in store.styles]
    pairs = zip(store.labels["style"].tolist(), store.labels["char"].tolist(), strict=True)
    return {(names[style], str(char)): row for row, (style, char) in enumerate(pairs)}


def judged(samples: Samples, rows: list[int], judge: Judge) -> Judged:
    """Let the judge read these rows."""
    read = judge(samples.images[np.array(rows, np.int64)])
    labels, styles = samples.labels, samples.styles
    return [(styles[row], labels[row], text == labels[row]) for row, text in zip(rows, read, strict=True)]


def of_set(folder: Path, truth: Truth, judge: Judge) -> Judged:
    """Judge what a set has in common with the fonts."""
    found: Judged = []
    for samples in samples_in(folder):
        known = [row for row, pair in enumerate(zip(samples.styles, samples.labels, strict=True)) if pair in truth]
        found += judged(samples, known, judge) if known else []
    return found


def of_fonts(folder: Path, store: GlyphStore, truth: Truth, judge: Judge) -> Judged:
    """Judge the real glyphs of a set's styles and characters."""
    pairs = [
        pair
        for samples in samples_in(folder)
        for pair in zip(samples.styles, samples.labels, strict=True)
        if pair in truth
    ]
    rows = np.array([truth[pair] for pair in pairs], np.int64)
    found: Judged = []
    for start in range(0, len(rows), _BATCH):
        some = slice(start, start + _BATCH)
        images: NDArray[np.uint8] = np.stack([store.images[row] for row in rows[some].tolist()])
        styles, labels = (list(part) for part in zip(*pairs[some], strict=True))
        samples = Samples(images, labels, styles, list(range(len(labels))), styles)
        found += judged(samples, list(range(len(labels))), judge)
    return found


def shares(found: Judged) -> dict[str, list[int]]:
    """Return how many were read, and of how many, by style."""
    counts: dict[str, list[int]] = {}
    for style, _, right in found:
        count = counts.setdefault(style, [0, 0])
        count[0] += right
        count[1] += 1
    return counts


def kept(file: Path, made: Callable[[], Judged]) -> dict[str, list[int]]:
    """Return the shares of what is in a file, or make it."""
    if not file.is_file():
        write_json(file, made())
    found: Judged = json.loads(file.read_text(encoding="utf-8"))
    return shares(found)


def table(columns: dict[str, dict[str, list[int]]]) -> str:
    """Return the table, the farthest style first, and the means of all and of those with a distance.

    In the means each style counts the same, so that what the gate moved from a hard style to an easy one is no gain.
    """
    rates = {style: [columns[name][style] for name in COLUMNS] for style in columns[COLUMNS[0]]}
    rate = {style: np.array([right / max(of, 1) for right, of in counts]) for style, counts in rates.items()}
    order = sorted(rate, key=lambda style: rate[style][1] - rate[style][0])
    far = [style for style in order if rate[style][0] - rate[style][1] >= LEAST]
    rows = [_row(style, rate[style]) for style in order]
    if far:
        rows.append(_row(f"**mean of the {len(far)} with a distance**", np.mean([rate[style] for style in far], 0)))
    rows.append(_row("**mean of all**", np.mean(list(rate.values()), 0)))
    return markdown(["style", "real font", "gate off", "gate redraw", "distance", "closed"], rows)


def _row(name: str, rates: NDArray[np.float64]) -> list[str]:
    real, off, on = rates.tolist()
    closed = f"{(on - off) / (real - off):.0%}" if real - off >= LEAST else ""
    return [name, *(f"{rate:.1%}" for rate in (real, off, on)), f"{100 * (real - off):+.1f}", closed]


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="run folder or model file of a zi2zi")
    parser.add_argument("--recognizer", type=Path, help="run folder or file (default: the latest in runs/)")
    parser.add_argument("--data", type=Path, help="glyph store of the model (default: the one it was trained with)")
    parser.add_argument("--count", type=int, default=5000, help="samples of each set (default: 5000)")
    parser.add_argument("--styles", default="", help="names with commas (default: all that it was trained on)")
    parser.add_argument("--charset", help="as for handgen synth (default: all that was trained on)")
    parser.add_argument("--tries", type=int, default=2, help="as for handgen synth (default: 2)")
    parser.add_argument("--vary", type=float, default=1.0, help="as for handgen synth (default: 1)")
    parser.add_argument("--seed", type=int, default=7, help="of the sets (default: 7)")
    parser.add_argument("--judge", default="rapidocr", help="who reads (default: rapidocr)")
    parser.add_argument("--out", type=Path, default=Path("trust"), help="folder of the sets (default: trust)")
    given = parser.parse_args()
    model = find_model(given.model, sorted(Path("runs").glob("*/")))
    store = GlyphStore(given.data) if given.data else store_of(model)
    if store is None:
        raise UsageError("the model's glyph store is not where it was", "Name it with --data.")
    judge, truth = JUDGES.load(given.judge), truth_of(store)
    folders = {gate: drawn(given, model, gate) for gate in (OFF, REDRAW)}
    columns = {
        "real": kept(given.out / "real.json", lambda: of_fonts(folders[OFF], store, truth, judge)),
        OFF: kept(given.out / "off.json", lambda: of_set(folders[OFF], truth, judge)),
        REDRAW: kept(given.out / "redraw.json", lambda: of_set(folders[REDRAW], truth, judge)),
    }
    did = json.loads((folders[REDRAW] / "manifest.json").read_text(encoding="utf-8"))["info"]["gate"]
    print(table(columns))
    print(f"\n{given.count} samples a set, seed {given.seed}; redrawn {did['redrawn']}, replaced {did['dropped']}")


if __name__ == "__main__":
    main()
