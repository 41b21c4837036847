"""Zi2Zi against lost strokes: each loss with several seeds, measured on held-out characters.

    python -m examples.trust.losses --data data/five --recognizer zh --work trust

Same network, same images seen; with another seed come other weights, another order and other held-out characters, the
same for every loss. Run it again and it goes on where it stopped. Where there is no store, the hands are fetched, or
found among Debian's fonts, and rendered.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import mean, stdev

from examples.commands import handgen
from examples.tables import fill, markdown
from examples.weights.run import gather
from handgen.report.evaluation import RESULTS

HERE = Path(__file__).parent
HANDS = ("fandol-song", "kouzan-gyosho", "kouzan-mouhitsu", "lxgw-wenkai", "ma-shan-zheng")
LOSSES = {
    "none": "",
    "ssim 40": "--lambda-ssim 40",
    "ssim 200": "--lambda-ssim 200",
    "cldice 50": "--lambda-cldice 50",
    "projection 200": "--lambda-projection 200",
    "recognizer 2": "--lambda-recognizer 2",
}
COLUMNS = ("l1", "ssim", "stroke_recall", "stroke_precision", "broken_strokes", "merged_strokes", "reads", "judge")
Results = dict[str, dict[str, dict[str, float]]]
"""By loss and seed the means over the styles."""


def prepare(given: argparse.Namespace) -> None:
    """Render the hands, if that is not done."""
    if given.data.is_dir():
        return
    files = gather(HANDS, given.work / "fonts", given.fonts)
    targets = [part for file in files for part in ("--target", str(file))]
    characters = ["--charset", str(HERE / "characters.txt")]
    handgen("render", "--font", "Heiti", *targets, *characters, "--out", str(given.data))


def measured(given: argparse.Namespace, loss: str, seed: int) -> dict[str, float]:
    """Train with a loss and a seed, and return what ``eval`` says of it."""
    run = given.work / f"{loss.replace(' ', '')}-{seed}"
    flags = LOSSES[loss].split() + (["--recognizer", given.recognizer] if "recognizer" in loss else [])
    handgen(
        "train", "zi2zi", "--data", str(given.data), "--out", str(run), "--images", str(given.images), "--seed",
        str(seed), "--eval-every", "1000000", *flags,
    )  # fmt: skip
    handgen("eval", str(run), "--characters", "0", "--recognizer", given.recognizer, "--judge", "rapidocr")
    means = json.loads((run / RESULTS).read_text(encoding="utf-8"))["styles"]["mean"]
    return {name: round(means[name], 4) for name in (*COLUMNS, "judge_true")}


def table(results: Results) -> str:
    """Return the means over the seeds, with their standard deviations."""
    rows = []
    for loss, seeds in results.items():
        values = [[seed[name] for seed in seeds.values()] for name in COLUMNS]
        spread = [f" ± {stdev(each):.3f}" if len(each) > 1 else "" for each in values]
        rows.append([loss, str(len(seeds)), *(f"{mean(v):.3f}{s}" for v, s in zip(values, spread, strict=True))])
    return markdown(["loss added", "seeds", *(name.replace("_", " ") for name in COLUMNS)], rows)


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/five"), help="glyph store (default: data/five)")
    parser.add_argument("--fonts", type=Path, help="folder with files of Debian's fonts, where they are not installed")
    parser.add_argument("--recognizer", default="zh", help="run folder, file or name (default: zh)")
    parser.add_argument("--work", type=Path, default=Path("trust"), help="folder for the runs (default: trust)")
    parser.add_argument("--images", type=int, default=30_000, help="of each training (default: 30000)")
    parser.add_argument("--seeds", type=int, default=3, help="how many (default: 3)")
    parser.add_argument("--only", nargs="*", default=list(LOSSES), choices=LOSSES, metavar="LOSS")
    given = parser.parse_args()
    prepare(given)
    kept = HERE / "losses.json"
    results: Results = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    for seed in range(given.seeds):
        for loss in given.only:
            if str(seed) not in results.get(loss, {}):
                results.setdefault(loss, {})[str(seed)] = measured(given, loss, seed)
                kept.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
                fill(HERE / "README.md", {"losses": table(results)})


if __name__ == "__main__":
    main()
