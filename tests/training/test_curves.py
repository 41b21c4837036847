from __future__ import annotations

import math
import random

import numpy as np
import pytest
from PIL import Image

from handgen.training.curves import save_curves


def losses(count, **more):
    rng = random.Random(0)
    return [
        {
            "images": 400 * (number + 1),
            "kind": "losses",
            "D/real": 0.5,
            "D/real weighted": 0.5 + rng.gauss(0, 0.02),
            "G/l1": 0.3,
            "G/l1 weighted": 40 / (1 + number / count),
            "G/tv weighted": 1e-4,
            **more,
        }
        for number in range(count)
    ]


ACCURACY = {"D/real accuracy": 0.7, "D/fake accuracy": 0.6}
HELD_OUT = [
    {"images": images, "kind": "held-out", "styles": {name: {"l1": 0.1, "ssim": 0.5} for name in ("楷体", "b", "mean")}}
    for images in (1000, 2000)
]
DIVERSITY = [
    {"images": images, "kind": "diversity", "generated": ratio and ratio / 5, "real": 0.2, "ratio": ratio}
    for images, ratio in ((1000, None), (2000, 0.8))
]


@pytest.mark.parametrize(
    ("stats", "rows"),
    [
        (losses(900, **ACCURACY) + HELD_OUT + DIVERSITY, 2),
        (losses(5) + DIVERSITY[:1], 1),
        (losses(5, **{"D/gp weighted": -3.0, "G/x weighted": 0.0, "G/y weighted": math.nan}), 1),
    ],
    ids=["all", "nothing measured", "odd values"],
)
def test_each_run_has_its_panels(tmp_path, stats, rows, recwarn):
    assert save_curves(tmp_path / "curves.png", stats)
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.size == (1260, 290 * rows)
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    colored = (pixels.max(axis=2) - pixels.min(axis=2) > 60).sum()
    assert colored > 500  # curves, not just axes
    assert not [str(warning.message) for warning in recwarn]
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]


@pytest.mark.parametrize("stats", [[], losses(1), HELD_OUT])
def test_without_two_lines_there_is_no_curve(tmp_path, stats):
    assert not save_curves(tmp_path / "curves.png", stats)
    assert not list(tmp_path.iterdir())
