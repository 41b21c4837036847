"""DCGAN beside WGAN on handwritten digits: samples, diversity, and the verdict on each run.

Everything is a ``handgen`` command; run it again and it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RUNS = {"dcgan": 24_000, "wgan": 60_000}
"""Images seen. WGAN's critic is five steps ahead of its generator, so its images are seen five at a time."""


def handgen(*arguments: str) -> None:
    """Run a ``handgen`` command of this Python's environment."""
    print("$ handgen", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "handgen", *arguments], check=True)


def last(run: Path, kind: str) -> dict[str, Any]:
    """Return the last line of a kind in a run's statistics."""
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text(encoding="utf-8").splitlines()]
    found: dict[str, Any] = [line for line in lines if line["kind"] == kind][-1]
    return found


def main() -> None:
    """Fetch, render, train both, and put the results side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("digits"), help="folder for fonts, glyphs and runs")
    work: Path = parser.parse_args().work
    if not (work / "fonts").is_dir():
        handgen("fonts", "fetch", "en", "--out", str(work / "fonts"))
    if not (work / "glyphs").is_dir():
        fonts = ["--font", str(work / "fonts" / "caveat.ttf"), "--target", str(work / "fonts")]
        handgen("render", *fonts, "--charset", "digits", "--out", str(work / "glyphs"))
    results = {}
    for name, images in RUNS.items():
        run = work / "runs" / name
        handgen("train", name, "--data", str(work / "glyphs"), "--images", str(images), "--out", str(run))
        losses, diversity = last(run, "losses"), last(run, "diversity")
        results[name] = {
            "images": images,
            "accuracy_on_real": losses["D/real accuracy"],
            "accuracy_on_fake": losses["D/fake accuracy"],
            "diversity": {key: diversity[key] for key in ("generated", "real", "ratio")},
        }
        handgen("preview", "--model", str(run), "--out", str(HERE / f"{name}.png"))
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
