"""The article's Chinese experiment: Heiti to 15 hands with Zi2Zi, its second stage, and each loss tried alone.

    python -m examples.chinese_zi2zi.run

The first stage and ``shipped`` are the runs that ``python -m examples.weights.run article`` makes; here they are
measured, and everything else begins with the first. Everything is a ``handgen`` command; run it again and it goes on
where it stopped.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from examples.commands import handgen
from examples.tables import fill, markdown
from handgen.evaluation.model import draw_held_out
from handgen.glyphs.contact_sheet import save_sheet
from handgen.glyphs.together import recorded_stores
from handgen.report.evaluation import RESULTS

HERE = Path(__file__).parent
HARDEST = ("ma-shan-zheng", "kouzan-mouhitsu", "kouzan-gyosho")
PIXELS = "--lambda-gan 0 --lambda-category 0 --lambda-const 0 --lambda-ssim 200"
GAME = "--lambda-ssim 200"
ON = "--lr 0.0003 --schedule cosine"
SECOND = f"{GAME} {ON} --freeze-encoder --finetune-styles {','.join(HARDEST)}"
LOSSES = {
    # name: flags; each goes on from the first stage and sees the same images
    "none": PIXELS,
    "no-tv": f"{PIXELS} --lambda-tv 0",
    "binary": f"{PIXELS} --lambda-binary 10",
    "cldice": f"{PIXELS} --lambda-cldice 20",
    "projection": f"{PIXELS} --lambda-projection 200",
    "recognizer": f"{PIXELS} --lambda-recognizer 2",
    "game": GAME,
}
IMAGES = {"second": 20_000} | dict.fromkeys(LOSSES, 10_000)
MADE = ("first", "shipped")
"""What the recipe of the weights has trained."""
COLUMNS = ("l1", "rmse", "ssim", "stroke_recall", "stroke_precision", "judge", "judge_true")


def train(name: str, first: Path, out: Path, recognizer: Path) -> None:
    """Go on from the first stage: the second, or a loss."""
    flags = SECOND if name == "second" else f"{LOSSES[name]} {ON}"
    flags += f" --recognizer {recognizer}" if "--lambda-recognizer" in flags else ""
    data = json.loads((first / "config.json").read_text(encoding="utf-8"))["data"]
    given = ["--data", data, "--from", str(first), "--out", str(out), "--images", str(IMAGES[name]), "--batch", "32"]
    handgen("train", "zi2zi", *given, "--eval-every", "1000000", *flags.split())


def measure(run: Path, recognizer: Path) -> dict[str, Any]:
    """Return what ``eval`` says of a run's held-out glyphs, by style."""
    handgen("eval", str(run), "--characters", "0", "--recognizer", str(recognizer), "--judge", "rapidocr")
    result = json.loads((run / RESULTS).read_text(encoding="utf-8"))
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    return {"images": config["images"], "styles": result["styles"]}


def picture(run: Path, path: Path, count: int = 12) -> None:
    """Show held-out characters of each style: source, drawn, truth."""
    glyphs = draw_held_out(run, None, torch.device("cpu"))
    store = recorded_stores(json.loads((run / "config.json").read_text(encoding="utf-8"))["data"])
    source = {str(store.labels["char"][row]): store.images[row] for row in store.rows(store.sources[0])}
    rows = []
    for style in dict.fromkeys(glyphs.styles):
        which = [number for number, of in enumerate(glyphs.styles) if of == style]
        which = which[:: max(1, len(which) // count)][:count]
        rows += [
            ("source", np.stack([source[glyphs.chars[number]] for number in which])),
            (style, glyphs.output[which]),
            ("true", glyphs.truth[which]),
        ]
    save_sheet(path, rows)


def table(rows: Mapping[str, Mapping[str, float | None]], what: str, columns: Sequence[str]) -> str:
    """Return rows of metrics as Markdown."""
    known = [column for column in columns if all(row.get(column) is not None for row in rows.values())]
    return markdown([what, *known], [[name, *(f"{row[column]:.4f}" for column in known)] for name, row in rows.items()])


def tables(results: Mapping[str, Any]) -> dict[str, str]:
    """Return the README's tables of the results that there are."""
    found = {name: table(results[name]["styles"], "style", COLUMNS) for name in (*MADE, "second") if name in results}
    means = {name: results[name]["styles"]["mean"] for name in ("first", *LOSSES, "shipped") if name in results}
    return found | {"losses": table(means, "loss", [*COLUMNS[1:5], "broken_strokes", "ink_ratio", "reads", "judge"])}


def write(results: Mapping[str, Any]) -> None:
    """Write results.json, and the tables into README.md."""
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    fill(HERE / "README.md", tables(results))


def main() -> None:
    """Train, measure, show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=Path, default=Path("weights/article/run"), help="run of the first stage")
    parser.add_argument("--shipped", type=Path, default=Path("weights/article/run-2"), help="run with the game")
    parser.add_argument("--work", type=Path, default=Path("chinese"), help="folder for the runs that go on from it")
    parser.add_argument("--recognizer", type=Path, default=Path("weights/recognizer/run"), help="reads what is drawn")
    parser.add_argument("--only", nargs="*", default=[*MADE, *IMAGES], choices=[*MADE, *IMAGES])
    given = parser.parse_args()
    kept = HERE / "results.json"
    results: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    for name in given.only:
        run = getattr(given, name) if name in MADE else given.work / name
        if name not in MADE:
            train(name, given.first, run, given.recognizer)
        results[name] = measure(run, given.recognizer)
        write(results)
    picture(given.shipped, HERE / "held-out.png")


if __name__ == "__main__":
    main()
