"""CycleGAN from Heiti to a hand, unpaired: in training, no character is seen in both.

    python -m examples.cyclegan_unpaired.run

Everything but the measurement is a ``handgen`` command; run it again and it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from examples.commands import handgen
from handgen.checkpoints import files as checkpoint
from handgen.glyphs.contact_sheet import contact_sheet
from handgen.glyphs.store import GlyphStore, to_bytes
from handgen.metrics import METRICS
from handgen.models.base import Batch, Model
from handgen.sources import loading
from handgen.training.data import Pairs, Split

HERE = Path(__file__).parent
HAND = "lxgw-wenkai"
SETTINGS = "--disjoint --lambda-cycle 4 --images 12000 --eval-every 8000 --save-every 8000"
_SHOWN, _BATCH = 20, 64


@torch.inference_mode()
def measure(model: Model, pairs: Pairs) -> dict[str, dict[str, float]]:
    """Compare the untouched source and what is drawn from it with the true glyphs."""
    scores: dict[str, dict[str, float]] = {}
    for what in ("source", "drawn"):
        metrics: dict[str, Any] = {entry.name: METRICS.load(entry.name)() for entry in METRICS}
        for start in range(0, len(pairs), _BATCH):
            batch = _batch(pairs, np.arange(start, min(start + _BATCH, len(pairs))))
            image = batch.content if what == "source" else model.draw_batch(batch)
            for metric in metrics.values():
                metric.update(image, batch.target)
        scores[what] = {name: round(metric.result(), 4) for name, metric in metrics.items()}
    return scores


def _batch(pairs: Pairs, which: np.ndarray[Any, np.dtype[np.int64]]) -> Batch:
    return pairs.batch(which, torch.device("cpu"), torch.zeros(len(which), 0))


@torch.inference_mode()
def picture(model: Model, pairs: Pairs) -> Image.Image:
    """Show some held-out characters: source, drawn, true."""
    batch = _batch(pairs, pairs.sample(_SHOWN, seed=0))
    rows = {"source": batch.content, "drawn": model.draw_batch(batch), "true": batch.target}
    return contact_sheet([(name, to_bytes(images)[:, 0].numpy()) for name, images in rows.items()])


def main() -> None:
    """Fetch, render, train, measure, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("unpaired"), help="folder for font, glyphs and run")
    work: Path = parser.parse_args().work
    if not (work / "fonts").is_dir():
        handgen("fonts", "fetch", HAND, "--out", str(work / "fonts"))
    if not (work / "glyphs").is_dir():
        target = ["--target", str(work / "fonts" / f"{HAND}.ttf")]
        handgen("render", "--font", "Heiti", *target, "--out", str(work / "glyphs"))
    run = work / "run"
    given = ["--data", str(work / "glyphs"), "--out", str(run), "--finetune-styles", HAND]
    handgen("train", "cyclegan", *given, *SETTINGS.split())
    file = checkpoint.load(run / "model.safetensors")
    split = json.loads((run / "split.json").read_text(encoding="utf-8"))
    pairs = Pairs(GlyphStore(work / "glyphs"), Split(split["train"], split["held_out"]), [HAND], held_out=True)
    torch.set_num_threads(1)
    model = loading.build(file)
    scores = measure(model, pairs)
    change = 1 - scores["drawn"]["l1"] / scores["source"]["l1"]
    result = {"images": file.model.images, "held_out": len(pairs), **scores, "l1_falls_by": round(change, 4)}
    (HERE / "results.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    picture(model, pairs).convert("L").save(HERE / "preview.png", optimize=True)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
