"""Fit how people vary, and write the numbers with their confidence.

python -m examples.people.fit OMNIGLOT CHINESE_MNIST [--split SPLIT] [--out people.json]

OMNIGLOT is the file of drawings (omniglot-strokes.jsonl.gz), CHINESE_MNIST an LMDB of images whose ``meta`` names the
writer. Of the latter only writers of the tuning half are looked at.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from examples.people.components import (
    BENDS,
    LONG,
    PIXELS,
    SHORT,
    SLIDE,
    STROKE_WARP,
    STROKES,
    deviations,
    flat,
    moments,
)
from examples.people.matching import Array, read_characters
from examples.people.proportions import han_aspect
from examples.people.whole import LEVELS, NAMES, affine, moments_of, new_each_time, shares, spread, written

_TIMES = 200
_ABOUT = {
    "about": "How people's drawings of one character differ: standard deviations with 95 % intervals (bootstrap over "
    "characters or writers). size and aspect are logarithms; slant is x per y, tilt y per x; turn is in radians, "
    "scale a share of a stroke's length; all else is in longer sides of the character, each way. lengths are those of "
    "correlation. han_aspect is log width by height of Chinese characters as people write them, less that of the hands "
    "of fonts.",
    "paper": 0.5,
    "paper_about": "taken of the deviations by the pen: Omniglot was drawn with a mouse. At this share a writer "
    "differs from drawing to drawing about as much as writers of Chinese MNIST (check.py).",
    "sources": {
        "whole, warp, strokes": "Omniglot, 20 drawers a character (Lake, Salakhutdinov and Tenenbaum 2015; MIT)",
        "shares, anew, han_aspect": "Chinese MNIST, writers of the tuning half, 10 drawings of a character each "
        "(Newcastle University 2020; CC BY 4.0)",
    },
}
_COARSE, _FINE = 4.0, 1.0
"""Blurs, in pixels of 40, at which two people's images are compared."""


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("omniglot", type=Path)
    parser.add_argument("chinese_mnist", type=Path)
    parser.add_argument("--split", type=Path, default=Path("examples/worth/split.json"))
    parser.add_argument("--out", type=Path, default=Path("handgen/deform/people.json"))
    options = parser.parse_args()
    writers = json.loads(options.split.read_text(encoding="utf-8"))["sets"]["chinese-mnist"]["tuning"]
    found = {**_ABOUT, **_drawings(options.omniglot), **_repeated(options.chinese_mnist, writers)}
    found["han_aspect"] = han_aspect(options.chinese_mnist, writers)
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def _drawings(path: Path) -> dict[str, Any]:
    """Return the deviations of all levels over people who drew each character once."""
    matched = [each for each in read_characters(path) if not flat(each)]
    of_strokes, of_pixels = ([moments(each, names) for each in matched] for names in (STROKES, PIXELS))
    of_whole = [affine(each) for each in matched]
    random = np.random.default_rng(0)
    draws = [random.integers(0, len(matched), len(matched)) for _ in range(_TIMES)]
    whole = [np.sqrt(np.diag(spread([of_whole[i] for i in draw]))) for draw in draws]
    strokes = [deviations([of_strokes[i] for i in draw]) for draw in draws]
    pixels = [deviations([of_pixels[i] for i in draw]) for draw in draws]
    covariance = spread(of_whole)
    size = np.sqrt(np.diag(covariance))
    return {
        "drawings": sum(len(each.drawers) for each in matched),
        "left_out": sum(each.left_out for each in matched),
        "characters": len(matched),
        "whole": _named(NAMES, size, np.array(whole)),
        "correlation": (covariance / size / size[:, None]).round(3).tolist(),
        "warp": _named(PIXELS, deviations(of_pixels), np.array(pixels)),
        "strokes": _named(STROKES, deviations(of_strokes), np.array(strokes)),
        "lengths": {
            "long": LONG, "short": SHORT, "whole": STROKE_WARP,
            "bend_long": BENDS[0], "bend_short": BENDS[1], "slide": SLIDE,
        },
    }  # fmt: skip


def _named(names: tuple[str, ...], values: Array, again: Array) -> dict[str, dict[str, Any]]:
    low, high = np.quantile(again, [0.025, 0.975], axis=0).round(4)
    return {
        name: {"deviation": round(float(value), 4), "interval": [float(least), float(most)]}
        for name, value, least, most in zip(names, values, low, high, strict=True)
    }


def _repeated(folder: Path, writers: list[str]) -> dict[str, Any]:
    """Return how variances are shared out, from writers who wrote each character several times."""
    ink, chars, names = written(folder, writers)
    values = moments_of(ink)
    random = np.random.default_rng(1)
    draws = [random.integers(0, names.max() + 1, names.max() + 1) for _ in range(_TIMES)]
    rows = [np.flatnonzero(names == writer) for writer in range(names.max() + 1)]
    parts: dict[str, Any] = {}
    for column, name in enumerate(NAMES):
        kept = np.isfinite(values[:, column])
        again = []
        for draw in draws:
            taken = np.concatenate([rows[writer] for writer in draw])
            who = np.repeat(np.arange(len(draw)), [len(rows[writer]) for writer in draw])
            again.append(shares(np.where(kept, values[:, column], 0)[taken], chars[taken], who))
        got = shares(np.where(kept, values[:, column], 0), chars, names)
        low, high = np.quantile(again, [0.025, 0.975], axis=0).round(3)
        parts[name] = {
            level: {"share": round(float(v), 3), "interval": [float(a), float(b)]}
            for level, v, a, b in zip(LEVELS, got, low, high, strict=True)
        }
    scales = {"long": _COARSE, "short": _FINE}
    anew = {name: round(new_each_time(ink, chars, names, blur), 3) for name, blur in scales.items()}
    return {"writers": int(names.max() + 1), "shares": parts, "anew": anew}


if __name__ == "__main__":
    main()
