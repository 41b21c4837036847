"""A new hand from 30, 100 and 300 glyphs: fonts that the base was not trained on, measured on other characters.

    python -m examples.fewshot.run

A font's glyphs are saved as PNG files, as a person's scanned characters would be, and from there on
everything is a ``handgen`` command. Run it again and it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from examples.commands import handgen
from examples.tables import fill, markdown
from handgen.checkpoints import files as checkpoint
from handgen.checkpoints import find
from handgen.evaluation.model import HeldOutGlyphs, evaluate_model
from handgen.fonts.align import source_placement
from handgen.fonts.coverage import survey
from handgen.fonts.find import resolve_font
from handgen.fonts.outline import Outlines
from handgen.fonts.raster import Rasterizer
from handgen.glyphs.contact_sheet import save_sheet
from handgen.glyphs.store import GlyphStore, to_bytes, to_unit
from handgen.models.base import DrawnStyle, Generator
from handgen.ocr.judge import read
from handgen.seeds import generator
from handgen.sources.model import open_drawer

HERE = Path(__file__).parent
COUNTS = (30, 100, 300)
TESTED = 300
SIDE, SHOWN, BLOCK = 128, 16, 64
VARIANTS = {
    # name: (glyphs, flags of handgen train, what it is called in the table)
    "code": (30, "--adapter-images 0", "30 glyphs, the code alone"),
    "30": (30, "", "30 glyphs"),
    "100": (100, "", "100 glyphs"),
    "300": (300, "", "300 glyphs"),
    "30-plain": (30, "--adapter-rank 0 --adapter-lr 0.0005", "30 glyphs, plain fine-tuning"),
    "300-plain": (300, "--adapter-rank 0 --adapter-lr 0.0005", "300 glyphs, plain fine-tuning"),
}
PLAIN = "-plain"
METRICS = ("l1", "ssim", "stroke_recall", "judge")


def timed(*arguments: str) -> float:
    """Run a ``handgen`` command with one thread; return the seconds of processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    handgen(*arguments, threads=1)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def characters(font: str, facts: dict[str, Any]) -> tuple[str, str]:
    """Return the characters to learn from, in a random order, and those to test on, which the base never saw."""
    outlines = Outlines(resolve_font(font))
    order = generator(0, "few samples")
    parts = []
    for chars, count in ((facts["charset"], max(COUNTS)), (facts["held_out"], TESTED)):
        drawn = survey(outlines, chars).drawn
        parts.append("".join(drawn[position] for position in order.permutation(len(drawn))[:count]))
    return parts[0], parts[1]


def save_glyphs(font: str, chars: str, folder: Path) -> None:
    """Draw characters of a font, a PNG file each."""
    folder.mkdir(parents=True, exist_ok=True)
    outlines = Outlines(resolve_font(font))
    found = survey(outlines, chars)
    images = Rasterizer(outlines, SIDE, source_placement(found.boxes, SIDE)).draw_all(found.drawn)
    for char, image in zip(found.drawn, images, strict=True):
        Image.fromarray(image).save(folder / f"{char}_1.png")


def stores(work: Path, base: Path, hand: str, font: str) -> None:
    """Import the hand's few glyphs, and those to test on, each into a store of its own."""
    few, tested = characters(font, checkpoint.load(base / checkpoint.MODEL).facts)
    for name, chars in {"test": tested, **{str(count): few[:count] for count in COUNTS}}.items():
        store = work / hand / name
        if not (store / "manifest.json").is_file():
            images = work / hand / f"{name}-images"
            save_glyphs(font, chars, images)
            given = ["--style", hand, "--match", str(base), "--out", str(store)]
            handgen("import", "images", str(images), *given, threads=1)


def learn(work: Path, base: Path, hand: str, variant: str) -> None:
    """Add one style to the base, and remember the processor time."""
    style = f"{hand}-{variant}"
    if (base / "styles" / f"{style}.safetensors").is_file():
        return
    count, flags, _ = VARIANTS[variant]
    given = ["--from", str(base), "--add-style", style, "--data", str(work / hand / str(count))]
    seconds = timed("train", "zi2zi", *given, *flags.split())
    (work / f"{style}.json").write_text(json.dumps({"cpu_seconds": round(seconds, 1)}), encoding="utf-8")


def glyphs(store: GlyphStore, number: int, chars: str) -> NDArray[np.uint8]:
    """Return a style's glyphs of the characters."""
    row_of = {str(store.labels["char"][row]): int(row) for row in store.rows(number)}
    return np.array(store.images[[row_of[char] for char in chars]])


@torch.inference_mode()
def drawn(drawer: Generator, style: DrawnStyle, source: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw source glyphs in one style."""

    def blocks() -> Iterator[NDArray[np.uint8]]:
        for start in range(0, len(source), BLOCK):
            content = to_unit(source[start : start + BLOCK])[:, None].contiguous(memory_format=torch.channels_last)
            yield to_bytes(drawer.generate(content, style.vector.expand(len(content), -1)))[:, 0].numpy()

    return np.concatenate(list(blocks()))


def measure(work: Path, base: Path, hand: str) -> tuple[dict[str, Any], list[tuple[str, NDArray[np.uint8]]]]:
    """Return the table's rows for one hand, and the picture's."""
    torch.set_num_threads(1)
    store = GlyphStore(work / hand / "test")
    of_source, of_hand = ({str(c) for c in store.labels["char"][store.rows(number)]} for number in (0, 1))
    chars = "".join(sorted(of_source & of_hand))
    source, truth = glyphs(store, 0, chars), glyphs(store, 1, chars)
    _, drawer = open_drawer(base / checkpoint.MODEL, torch.device("cpu"))
    spec = drawer.style_spec
    trained = {style.name: drawn(drawer, style, source) for style in spec.pick(spec.names)}
    apart = {name: float(np.abs(images.astype(float) - truth).mean()) for name, images in trained.items()}
    nearest = min(apart, key=lambda name: apart[name])
    variants = [name for name in VARIANTS if (base / "styles" / f"{hand}-{name}.safetensors").is_file()]
    pictures = {"nearest": trained[nearest]}
    pictures |= {name: drawn(drawer, spec.pick([f"{hand}-{name}"])[0], source) for name in variants}
    rows: dict[str, Any] = {}
    for name, images in pictures.items():
        one = HeldOutGlyphs(images, truth, list(chars), [name] * len(chars))
        result = evaluate_model(one, None, read, torch.device("cpu"))["styles"][name]
        rows[name] = {key: result[key] for key in (*METRICS, "judge_true")}
        if name == "nearest":
            rows[name]["style"] = nearest
            continue
        file = base / "styles" / f"{hand}-{name}.safetensors"
        rows[name] |= {"bytes": file.stat().st_size, **json.loads((work / f"{hand}-{name}.json").read_text("utf-8"))}
        rows[name]["best_at"] = checkpoint.load(file).facts["images"]
    some = slice(0, SHOWN)
    shown = [(f"{name} glyphs", pictures[name][some]) for name in map(str, COUNTS) if name in pictures]
    return rows, [("source", source[some]), (nearest, trained[nearest][some]), *shown, (f"true: {hand}", truth[some])]


def tables(results: dict[str, Any]) -> dict[str, str]:
    """Return the README's table of the results."""
    head = ["hand", "learned from", "L1", "SSIM", "stroke recall", "read by PP-OCR", "processor time", "file"]
    lines = []
    for hand, rows in results["hands"].items():
        for name, row in rows.items():
            label = f"nearest trained style: {row['style']}" if name == "nearest" else VARIANTS[name][2]
            scores = [f"{row['l1']:.4f}", f"{row['ssim']:.4f}", f"{row['stroke_recall']:.3f}", f"{row['judge']:.1%}"]
            cost = [f"{row['cpu_seconds']:.0f} s", f"{row['bytes'] / 1024:.0f} KiB"] if "bytes" in row else ["", ""]
            lines.append([hand, label, *scores, *cost])
        lines.append([hand, "the font itself", "0", "1", "1", f"{rows['nearest']['judge_true']:.1%}", "", ""])
    return {"results": markdown(head, lines)}


def write_results(results: dict[str, Any]) -> None:
    """Write results.json, and the table into README.md."""
    text = json.dumps(results, indent=2, ensure_ascii=False)
    (HERE / "results.json").write_text(text + "\n", encoding="utf-8")
    fill(HERE / "README.md", tables(results))


def main() -> None:
    """Draw, import, learn, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("fewshot"), help="folder for glyphs and styles")
    parser.add_argument("--base", type=Path, default=Path("runs/zi2zi"), help="trained zi2zi, or shipped weights")
    parser.add_argument("--fonts", nargs="+", default=["ZCOOL KuaiLe", "ZCOOL XiaoWei"], help="names or files")
    parser.add_argument("--only", nargs="*", default=list(VARIANTS), choices=VARIANTS, help="rows of the table")
    given = parser.parse_args()
    base = given.work / "base"
    if not base.is_dir():  # a copy, so that the styles of this experiment stay with it
        base.mkdir(parents=True)
        shutil.copy(find.find_model(given.base, ()), base / checkpoint.MODEL)
    hands: dict[str, Any] = {}
    rows = []
    for font in given.fonts:
        hand = resolve_font(font).style_name
        stores(given.work, base, hand, font)
        for variant in given.only:
            if hands and variant.endswith(PLAIN):  # compared on the first hand
                continue
            learn(given.work, base, hand, variant)
        hands[hand], shown = measure(given.work, base, hand)
        rows += shown
    facts = checkpoint.load(base / checkpoint.MODEL).facts
    about = {"images": facts["images"], "styles": [style["name"] for style in facts["styles"]]}
    results = {"base": about, "hands": hands}
    write_results(results)
    save_sheet(HERE / "hands.png", rows)
    print(tables(results)["results"])


if __name__ == "__main__":
    main()
