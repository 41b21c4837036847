"""What presets leave of the label, by matching glyphs against clean templates of their font.

The reader is a simple one: the greatest normalized correlation over shifts, sizes and widths. It
fails sooner than a person does, so what it loses is more than what is really lost.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from handgen.degrade.pipeline import Pipeline
from handgen.degrade.presets import PRESETS
from handgen.degrade.step import make_step
from tests.degrade.conftest import LATIN, draw

CONFUSABLE = "己已巳土士未末人入八大太犬木本日曰目自白百千干于天夫失矢石右古田由甲申王玉主银锒"
COMMON = "的一是不了在有我他这中来上个们到说国和地也子时道出而要以生会自着去之过家学对可里后小么心多天能好都然没"
COMMON += "年作永字魔馨赢鑫曦警疆囊繁翻霸露籍耀攀蹲爆颤镶嚷罐"
SAME = str.maketrans("0iI1|", "ollll")
SHIFTS = range(-2, 3)
SIZES = [(1.0, 1.0), (0.9, 0.9), (1.1, 1.1), (0.92, 1.08), (1.08, 0.92)]
SIDE, ROUNDS = 32, 3


def features(images):
    """Ink against its surroundings, blurred, at half the size: float32 ``[n, 32, 32]``."""
    ink = 255 - torch.as_tensor(images, dtype=torch.float32)
    if ink.ndim == 4:
        ink = ink.amax(3)
    small = F.interpolate(ink[:, None], size=(SIDE, SIDE), mode="bilinear", antialias=True)
    small = F.avg_pool2d(F.pad(small, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return (small - F.avg_pool2d(F.pad(small, (8, 8, 8, 8), mode="replicate"), 17, 1))[:, 0]


def normal(rows):
    rows = rows.flatten(1) - rows.flatten(1).mean(1, keepdim=True)
    return rows / rows.norm(dim=1, keepdim=True)


def read(images, templates, chars):
    """The best template of each image, as a character."""
    best = torch.full((len(images), len(chars)), -1.0)
    seen = normal(features(images))
    clean = torch.as_tensor(templates, dtype=torch.float32)[:, None] - 255
    for width, height in SIZES:
        theta = torch.tensor([[1 / width, 0, 0], [0, 1 / height, 0]]).expand(len(chars), 2, 3)
        grid = F.affine_grid(theta, list(clean.shape), align_corners=False)
        scaled = features(255 + F.grid_sample(clean, grid, align_corners=False)[:, 0])
        for dx in SHIFTS:
            for dy in SHIFTS:
                best = torch.maximum(best, seen @ normal(scaled.roll((dy, dx), (1, 2))).T)
    return "".join(chars[k] for k in best.argmax(1))


@pytest.fixture(scope="session")
def fonts(heiti, caveat):
    """Characters and clean images of a Chinese and a Latin font."""
    han = "".join(dict.fromkeys(CONFUSABLE + COMMON))
    return [(chars, draw(path, chars, 64)) for path, chars in ((heiti, han), (caveat, LATIN))]


def fold(char):
    return char.translate(SAME).lower()


def lost(pipeline, fonts):
    """The share that is read wrong, and what of it."""
    wrong, total = [], 0
    for chars, images in fonts:
        assert len(chars) == len(images)
        truth = chars * ROUNDS
        done, records = pipeline(np.tile(images, (ROUNDS, 1, 1)), np.arange(len(truth)), 0)
        answer = read(done, images, chars)
        wrong += [f"{a} as {b}: {r}" for a, b, r in zip(truth, answer, records, strict=True) if fold(a) != fold(b)]
        total += len(truth)
    return len(wrong) / total, wrong[:20]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_leaves_glyphs_readable(name, fonts):
    share, wrong = lost(Pipeline.load(name), fonts)
    assert share <= PRESETS[name].lost, wrong


def test_the_reader_notices_when_labels_are_lost(fonts):
    harsh = {"rotation": {"degrees": 20}, "elastic": {"coarse": 0.1, "fine": 0.03}, "blur": {"sigma": 0.04}}
    share, _ = lost(Pipeline("harsh", [make_step(name, facts) for name, facts in harsh.items()]), fonts)
    assert share > 0.1
