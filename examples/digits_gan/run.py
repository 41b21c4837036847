"""DCGAN beside WGAN on handwritten digits: samples, diversity, and the verdict on each run.

    python -m examples.digits_gan.run

All but the picture is a ``handgen`` command; run it again and it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from examples.commands import handgen
from handgen.checkpoints import files as checkpoint
from handgen.glyphs.contact_sheet import save_sheet
from handgen.glyphs.store import GlyphStore, to_bytes
from handgen.models.styles import vectors
from handgen.seeds import generator, keys
from handgen.sources import loading

HERE = Path(__file__).parent
COMMON = "--batch 16 --width 16 --eval-every 1000000 --save-every 12000"
RUNS = {"dcgan": "--images 48000", "wgan": "--images 120000 --lr 0.0002"}
"""WGAN's critic is five steps ahead, so that its generator sees a fifth of the images."""
_SHOWN, _ROWS = 16, 3


@torch.inference_mode()
def samples(run: Path) -> NDArray[np.uint8]:
    """Return drawings of a trained model, uint8 ``[n, size, size]``."""
    model = loading.build(checkpoint.load(run / checkpoint.MODEL))
    styles = model.style_spec.draw(_SHOWN * _ROWS, seed=0)
    latents = vectors(styles, keys(np.arange(len(styles))))
    return to_bytes(model.generate(torch.zeros(len(styles), dtype=torch.int64), latents))[:, 0].numpy()


def rows(name: str, images: NDArray[np.uint8]) -> list[tuple[str, NDArray[np.uint8]]]:
    """Lay images out in rows, the first with a caption."""
    return [(name if not row else "", images[row * _SHOWN : (row + 1) * _SHOWN]) for row in range(_ROWS)]


def main() -> None:
    """Fetch, render, train both, and put the results side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("digits"), help="folder for fonts, glyphs and runs")
    work: Path = parser.parse_args().work
    if not (work / "fonts").is_dir():
        handgen("fonts", "fetch", "en", "--out", str(work / "fonts"))
    if not (work / "glyphs").is_dir():
        fonts = ["--font", str(work / "fonts" / "caveat.ttf"), "--target", str(work / "fonts")]
        handgen("render", *fonts, "--charset", "digits", "--out", str(work / "glyphs"))
    store = GlyphStore(work / "glyphs")
    real = generator(0, "shown").permutation(np.flatnonzero(np.isin(store.labels["style"], store.targets)))
    shown = rows("real", store.images[np.sort(real[: _SHOWN * _ROWS])])
    results: dict[str, Any] = {}
    for name, own in RUNS.items():
        run = work / "runs" / name
        options = f"{COMMON} {own}"
        given = ["--data", str(work / "glyphs"), "--out", str(run), *options.split(), "--json"]
        report = json.loads(handgen("train", name, *given, capture=True))
        results[name] = {"options": options, **{key: report[key] for key in ("images", "diversity", "verdict")}}
        shown += rows(name, samples(run))
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    save_sheet(HERE / "samples.png", shown, cell=32)


if __name__ == "__main__":
    main()
