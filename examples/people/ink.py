"""Measure ink on scans: how wide, how dark and how large lines are, as ``handgen.degrade.real_ink`` takes it.

python -m examples.people.ink CHINESE_MNIST [--split SPLIT] [--out real_ink.json]

CHINESE_MNIST is an LMDB of scanned characters whose ``meta`` names the writer; only the tuning half is looked at.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from examples.people.whole import written
from handgen.degrade.real_ink import line_widths

_AT = (5, 25, 50, 75, 95)
_DARKEST = 0.006
"""Share of an image's pixels that are as dark as its lines are in their middle."""
_LEFT = 0.8
"""What is left of black ink in the middle of such thin lines when they are scanned so coarsely and pressed unevenly."""
_OWN = 0.17
"""How far that differs from drawing to drawing, as a logarithm: of what scans show, it is not the ink's."""
_UNEVEN = (0.02, 0.08, 0.15, 0.22, 0.3)
"""Seen at a side of 40 pixels, lines so uneven have the unevenness of real ones."""
_ABOUT = {
    "about": "5th, 25th, 50th, 75th and 95th percentile of: the width of lines against the longer side of a character; "
    "that side in pixels; the density of ink, 1 = black; what of it is lost where the hand presses less.",
    "source": "Chinese MNIST, writers of the tuning half (Newcastle University 2020; CC BY 4.0)",
}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chinese_mnist", type=Path)
    parser.add_argument("--split", type=Path, default=Path("examples/worth/split.json"))
    parser.add_argument("--out", type=Path, default=Path("handgen/degrade/real_ink.json"))
    options = parser.parse_args()
    writers = json.loads(options.split.read_text(encoding="utf-8"))["sets"]["chinese-mnist"]["tuning"]
    ink, _, _ = written(options.chinese_mnist, writers, relative=False)
    width, side = line_widths(torch.from_numpy(1 - ink))
    kept = side > 0
    peak = np.quantile(ink.reshape(len(ink), -1), 1 - _DARKEST, axis=1)
    found = {
        **_ABOUT,
        "width": _percentiles(width[kept] / side[kept]),
        "side": _percentiles(side[kept]),
        "density": _percentiles(_narrowed(peak[kept]) / _LEFT),
        "uneven": list(_UNEVEN),
    }
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def _narrowed(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return values whose logarithms spread less, by what is not the ink's."""
    logs = np.log(np.maximum(values, 1e-2))
    middle, spread = np.median(logs), float(np.subtract(*np.percentile(logs, [84, 16])) / 2)
    share = np.sqrt(max(spread**2 - _OWN**2, 0)) / spread
    return np.asarray(np.exp(middle + share * (logs - middle)), np.float64)


def _percentiles(values: NDArray[np.floating]) -> list[float]:
    return [round(float(value), 3) for value in np.percentile(values, _AT)]


if __name__ == "__main__":
    main()
