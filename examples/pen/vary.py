"""Measure training for varied content: a plain Zi2Zi, one with ``--displace``, and one of ``render --vary pen``.

    python -m examples.pen.vary FOLDER HAND HAND HAND

trains the three on Heiti and the given fonts, 1,200 characters, in FOLDER, or goes on where it stopped, and measures
them on the characters that none has seen: against the true glyphs, and by an independent OCR (extra ``judge``), with
the font's own glyphs as content and with ``--content pen``. It prints the table and writes FOLDER/table.json. About
fifteen minutes of one idle core.
"""

from __future__ import annotations

import argparse
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.cli import run
from handgen.fonts.charsets import load_charset
from handgen.glyphs.store import to_bytes, to_unit
from handgen.ocr.judge import read
from handgen.seeds import generator, keys
from handgen.sources.model import ModelSource
from handgen.sources.prompts import GlyphPrompts
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import Prepared, prepare
from handgen.synthesis.request import OFF

IMAGES, WIDTH, CHARS, GLYPHS = 12_000, 16, 1200, 600
RUNS: dict[str, tuple[str, list[str]]] = {
    "plain": ("plain", []),
    "displace": ("plain", ["--displace", "0.6"]),
    "vary pen": ("varied", []),
}
"""Name -> its store, and options of training."""
DRAWINGS, SHOWN = 4, 40


def train(folder: Path, hands: list[str]) -> None:
    """Make the stores and the models."""
    chars = load_charset("gb2312-1")
    some = sorted(generator(0, "vary").permutation(len(chars))[:CHARS])
    charset = folder / "chars.txt"
    folder.mkdir(parents=True, exist_ok=True)
    charset.write_text("".join(chars[i] for i in some), encoding="utf-8")
    fonts = [word for hand in hands for word in ("--target", hand)]
    for store, options in (("plain", []), ("varied", ["--vary", "pen", "--samples", "4"])):
        if not (folder / store / "manifest.json").is_file():
            common = ["--charset", str(charset), "--out", str(folder / store)]
            assert run(["render", "--font", "Heiti", *fonts, *common, *options]) == 0
    for name, (store, options) in RUNS.items():
        wanted = ["--images", str(IMAGES), "--width", str(WIDTH), "--eval-every", "100000"]
        common = ["--data", str(folder / store), "--out", str(folder / name)]
        assert run(["train", "zi2zi", *common, *wanted, *options]) == 0


def measured(folder: Path, name: str) -> dict[str, Any]:
    """Measure one model."""
    stats = [json.loads(line) for line in (folder / name / "stats.jsonl").read_text().splitlines()]
    row: dict[str, Any] = dict([line for line in stats if line["kind"] == "held-out"][-1]["styles"]["mean"])
    unseen = json.loads((folder / name / "split.json").read_text(encoding="utf-8"))["held_out"]
    charset = folder / "unseen.txt"
    charset.write_text(unseen, encoding="utf-8")
    ready: dict[str, Prepared] = {}
    for content in ("font", "pen"):
        model = folder / name / "model.safetensors"
        ready[content] = prepare(make_request(model, count=GLYPHS, charset=str(charset), content=content, gate=OFF))
        samples = list(ready[content].glyphs.samples(0, GLYPHS))
        texts = read(np.stack([np.asarray(sample.image) for sample in samples]))
        right = [text == sample.text for text, sample in zip(texts, samples, strict=True)]
        row[f"read, {content}"] = round(float(np.mean(right)), 4)
    return row | varied(ready["pen"])


def varied(ready: Prepared) -> dict[str, float]:
    """Tell how much drawings of one character differ as what they are drawn from does; nothing else varies."""
    source, chars = ready.source, np.arange(SHOWN)
    assert isinstance(source, ModelSource)
    prompts = source.content.prompts
    assert isinstance(prompts, GlyphPrompts)
    assert prompts.restroke is not None
    given, made = [], []
    for number in range(DRAWINGS):
        content = prompts.restroke(prompts.glyphs[chars], chars, chars * 0, keys(chars, 100 + number), 1.0)
        given.append(content)
        with torch.inference_mode():
            told = to_unit(content)[:, None]
            drawn = [source.drawer.generate(told, style.vector.repeat(SHOWN, 1)) for style in source.styles]
        made.append(to_bytes(torch.cat(drawn))[:, 0].numpy())
    return {"variety of content": _spread(given), "variety of drawings": _spread(made)}


def _spread(images: list[NDArray[np.uint8]]) -> float:
    """Return the mean L1 between two drawings of one thing, 0 to 1."""
    pairs = combinations([some.astype(np.float32) / 255 for some in images], 2)
    return round(float(np.mean([np.abs(one - other).mean() for one, other in pairs])), 4)


def main() -> None:
    """Train, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="for stores and runs")
    parser.add_argument("hands", nargs="+", metavar="hand", help="font, by name or file")
    given = parser.parse_args()
    folder: Path = given.folder
    train(folder, given.hands)
    table = {name: measured(folder, name) for name in RUNS}
    (folder / "table.json").write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()
