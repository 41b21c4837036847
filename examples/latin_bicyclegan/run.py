"""The article's Latin experiment: Caveat to 26 hands with BicycleGAN, and each remedy against lost strokes.

    python -m examples.latin_bicyclegan.run

Everything is a ``handgen`` command; run it again and it goes on where it stopped. Two runs go
side by side, each with one thread: on two cores that is faster than one run with two.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from examples.commands import handgen
from examples.tables import fill, markdown
from handgen.checkpoints import files as checkpoint
from handgen.glyphs.store import GlyphStore
from handgen.metrics import METRICS
from handgen.sources import loading
from handgen.training.data import Pairs, Split
from handgen.training.evaluate import measure_diversity

HERE = Path(__file__).parent
SOURCE = "caveat"
# fmt: off
HANDS = (
    "annie-use-your-telescope", "architects-daughter", "bad-script", "caveat-brush", "cedarville-cursive",
    "dancing-script", "delicious-handrawn", "delius", "gaegu", "gloria-hallelujah", "homemade-apple", "indie-flower",
    "kalam", "mansalva", "nanum-pen-script", "neucha", "oooh-baby", "patrick-hand", "reenie-beanie", "satisfy",
    "schoolbell", "shadows-into-light", "sriracha", "swanky-and-moo-moo", "the-girl-next-door", "zeyada",
)
# fmt: on
COMMON = "--width 16 --eval-every 1000000 --save-every 4000"
RUNS = {
    # name: (size, images, flags, what it is called in the table)
    "baseline": (64, 8000, "", "baseline (the paper's losses)"),
    "lstm": (64, 8000, "--discriminator lstm", "recurrent discriminator"),
    "feature": (64, 8000, "--lambda-feature 5", "feature loss, weight 5"),
    "binary": (64, 8000, "--lambda-binary 1", "binary loss, weight 1"),
    "ac": (64, 8000, "--lambda-ac 0.5", "auxiliary classifier, weight 0.5"),
    "tv": (64, 8000, "--lambda-tv 1", "total variation, weight 1"),
    "inject-all": (64, 8000, "--inject all", "z at every encoder level"),
    "seed1": (64, 8000, "--seed 1", "baseline, seed 1 (another split, too)"),
    "longer": (64, 20000, "", "baseline, 2.5 times as long"),
    "baseline-128": (128, 5000, "", "baseline, 128 px"),
}


def train(work: Path, name: str) -> None:
    """Train one row of the table."""
    size, images, flags, _ = RUNS[name]
    given = ["--data", str(work / f"glyphs-{size}"), "--out", str(work / "runs" / name), "--images", str(images)]
    handgen("train", "bicyclegan", *given, *COMMON.split(), *flags.split(), threads=1)


def row(work: Path, name: str) -> dict[str, Any]:
    """Return what is known of a finished run: held-out pairs with the encoded latent, diversity of drawn ones."""
    run = work / "runs" / name
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text(encoding="utf-8").splitlines()]
    split = json.loads((run / "split.json").read_text(encoding="utf-8"))
    file = checkpoint.load(run / "model.safetensors")
    store = GlyphStore(work / f"glyphs-{RUNS[name][0]}")
    pairs = Split(split["train"], split["held_out"], tuple((char, style) for char, style in split["pairs"]))
    held_out = Pairs(store, pairs, file.style_names, held_out=True)
    torch.set_num_threads(1)
    diversity = measure_diversity(
        loading.build(file), store, Split(split["train"], ""), file.model.charset, torch.device("cpu")
    )
    measured = [line for line in lines if line["kind"] == "held-out"][-1]["styles"]["mean"]
    return {
        "images": file.model.images,
        "seed": file.model.seed,
        "test_pairs": len(held_out),
        **measured,
        "diversity": diversity,
        "untouched_source": untouched(held_out),
    }


@torch.inference_mode()
def untouched(held_out: Pairs) -> dict[str, float]:
    """Return the metrics of the source glyphs themselves, as if nothing had been drawn."""
    result: dict[str, list[float]] = {entry.name: [] for entry in METRICS}
    for style in sorted(set(held_out.style.tolist())):
        which = (held_out.style == style).nonzero()[0]
        batch = held_out.batch(which, torch.device("cpu"), torch.zeros(len(which), 0))
        for name, values in result.items():
            metric = METRICS.load(name)()
            metric.update(batch.content, batch.target)
            values.append(metric.result())
    return {name: round(sum(values) / len(values), 4) for name, values in result.items()}


def tables(results: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the README's table of the results."""
    rows = []
    for name, values in results.items():
        spread = values["diversity"]
        shares = [f"{spread['generated']:.4f}", f"{spread['ratio']:.0%}"]
        rows.append([RUNS[name][3], f"{values['images']:,}", *_scores(values), *shares])
    for size in (64, 128):
        known = [values["untouched_source"] for name, values in results.items() if RUNS[name][0] == size]
        if known:
            rows.append([f"untouched source, {size} px", "", *_scores(known[0]), "", ""])
    return {"results": markdown(["", "images", "L1", "RMSE", "SSIM", "diversity", "of the real hands'"], rows)}


def _scores(values: Mapping[str, float]) -> list[str]:
    return [f"{values[metric]:.4f}" for metric in ("l1", "rmse", "ssim")]


def write_results(work: Path, names: Iterable[str]) -> None:
    """Write results.json, and the table into README.md."""
    results = {name: row(work, name) for name in names}
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    fill(HERE / "README.md", tables(results))


def main() -> None:
    """Fetch, render, train, measure, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("latin"), help="folder for fonts, glyphs and runs")
    parser.add_argument("--only", nargs="*", default=list(RUNS), choices=RUNS, help="rows of the table")
    parser.add_argument("--jobs", type=int, default=2, help="runs side by side, one thread each")
    given = parser.parse_args()
    work: Path = given.work
    fonts = work / "fonts"
    if not fonts.is_dir():
        handgen("fonts", "fetch", SOURCE, *HANDS, "--out", str(fonts))
    targets = [part for hand in HANDS for part in ("--target", str(fonts / f"{hand}.ttf"))]
    for size in sorted({RUNS[name][0] for name in given.only}):
        glyphs = work / f"glyphs-{size}"
        if not glyphs.is_dir():
            common = ["--charset", "latin62", "--size", str(size), "--out", str(glyphs)]
            handgen("render", "--font", str(fonts / f"{SOURCE}.ttf"), *targets, *common)
    with ThreadPoolExecutor(given.jobs) as pool:
        list(pool.map(lambda name: train(work, name), given.only))
    write_results(work, given.only)
    shown = str(work / "runs" / ("feature" if "feature" in given.only else given.only[0]))
    handgen(
        "preview", "--model", shown, "--styles", "15", "--text", "ABDEGQRWabegkwy2458", "--out", str(HERE / "hands.png")
    )


if __name__ == "__main__":
    main()
