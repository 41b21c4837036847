"""Plant wrong labels into a set of real glyphs, and count how many of them ``handgen eval`` finds.

    python -m examples.trust.planted data/han --recognizer runs/recognizer --fonts fandol-kai,wqy-microhei

One image in twenty is replaced by that of a character which is easily taken for its own, in the same font: half of
them by another of its group in confusables.txt, as far as the store has it, half by the character whose
glyph in the store's source font has the most ink in common with its own.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.evaluation.dataset import evaluate_dataset
from handgen.formats.base import Sample
from handgen.formats.lmdb import LmdbWriter
from handgen.glyphs.store import GlyphStore
from handgen.ocr.reader import load_reader
from handgen.seeds import generator

CONFUSED = Path(__file__).with_name("confusables.txt")
"""Characters that are taken for each other, a group a line."""
SHARE = 0.05


def nearest(store: GlyphStore) -> dict[str, str]:
    """Return for each character of the source font the one with the most ink in common: intersection over union."""
    rows = store.rows(store.sources[0])
    chars = [str(char) for char in store.labels["char"][rows]]
    ink = torch.from_numpy((np.array(store.images[rows])[:, ::2, ::2] < 128).reshape(len(rows), -1).astype(np.float32))
    total = ink.sum(1)
    found: dict[str, str] = {}
    for start in range(0, len(rows), 512):
        common = ink[start : start + 512] @ ink.T
        alike = common / (total[start : start + 512, None] + total - common).clamp_min(1)
        alike[torch.arange(len(common)), torch.arange(start, start + len(common))] = -1
        found |= {chars[start + position]: chars[best] for position, best in enumerate(alike.argmax(1).tolist())}
    return found


def swaps(pairs: list[tuple[str, str]], like: dict[str, str], seed: int) -> tuple[dict[int, str], set[int]]:
    """Choose what to plant.

    Args:
        pairs: font and character of each sample.
        like: for each character the nearest other.
        seed: decides.

    Returns:
        For some samples the character that they are to show; and which of these are of a group.
    """
    rng = generator(seed, "planted")
    there, wanted = set(pairs), round(SHARE * len(pairs))
    groups = CONFUSED.read_text(encoding="utf-8").split()
    others = {
        char: [other for group in groups if char in group for other in group if other != char]
        for char in "".join(groups)
    }
    planted: dict[int, str] = {}
    listed: set[int] = set()
    for row in rng.permutation(len(pairs)).tolist():
        font, char = pairs[row]
        can = [other for other in others.get(char, ()) if (font, other) in there]
        if can and len(planted) < wanted / 2:
            planted[row] = can[int(rng.integers(len(can)))]
            listed.add(row)
    for row in rng.permutation(len(pairs)).tolist():
        font, char = pairs[row]
        if len(planted) < wanted and row not in planted and (font, like.get(char, "")) in there:
            planted[row] = like[char]
    return planted, listed


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Write the set, evaluate it, and count."""
    store = GlyphStore(given.store)
    fonts = [name.strip() for name in given.fonts.split(",")]
    numbers = [number for number, style in enumerate(store.styles) if style.name in fonts]
    rows: NDArray[np.int64] = np.concatenate([store.rows(number) for number in numbers])
    pairs = [(store.styles[label["style"]].name, str(label["char"])) for label in store.labels[rows]]
    row_of = dict(zip(pairs, rows.tolist(), strict=True))
    planted, listed = swaps(pairs, nearest(store), given.seed)

    def shown(row: int) -> NDArray[np.uint8]:
        font, char = pairs[row]
        return np.array(store.images[row_of[font, planted.get(row, char)]])

    with tempfile.TemporaryDirectory() as folder:
        dataset = Path(folder) / "set"
        with LmdbWriter(dataset, {"count": len(pairs)}, workers=1) as writer:
            for start in range(0, len(pairs), 1000):
                some = range(start, min(start + 1000, len(pairs)))
                writer.write([Sample(row, pairs[row][1], shown(row), {"style": pairs[row][0]}) for row in some])
            writer.finish({})
        result = evaluate_dataset(dataset, load_reader(given.recognizer, torch.device("cpu")))
    found = {sample["number"] - 1 for sample in result["suspicious"]}  # an LMDB counts from 1
    silver = {row for row in planted if {pairs[row][1], planted[row]} == {"银", "锒"}}
    missed = [f"{pairs[row][1]} shows {planted[row]}" for row in sorted(planted.keys() - found)]
    sound = len(pairs) - len(planted)
    return {
        "samples": len(pairs),
        "planted": len(planted),
        "found": len(planted.keys() & found),
        "listed": [len(listed & found), len(listed)],
        "nearest": [len((planted.keys() - listed) & found), len(planted) - len(listed)],
        "silver": [len(silver & found), len(silver)],
        "false_alarms": len(found - planted.keys()),
        "false_alarm_rate": len(found - planted.keys()) / sound,
        "styles": {name: shares["reads"] for name, shares in result["styles"].items()},
        "missed": missed,
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="glyph store with the fonts")
    parser.add_argument("--fonts", required=True, help="names with commas")
    parser.add_argument("--recognizer", type=Path, help="run folder or file (default: the latest in runs/)")
    parser.add_argument("--seed", type=int, default=0, help="decides what is planted (default: 0)")
    parser.add_argument("--json", action="store_true", help="print everything, what was missed included")
    given = parser.parse_args()
    result = measure(given)
    if given.json:
        print(json.dumps(result, ensure_ascii=False, indent=2))
        return
    print(f"{result['samples']:,} glyphs, {result['planted']:,} planted; read as they are labeled: {result['styles']}")
    print(f"found         {result['found']:,} ({result['found'] / result['planted']:.1%})")
    for name in ("listed", "nearest", "silver"):
        print(f"  {name:<12}{result[name][0]} of {result[name][1]}")
    print(f"false alarms  {result['false_alarms']:,} ({result['false_alarm_rate']:.2%})")


if __name__ == "__main__":
    main()
