"""What follows the training of a recognizer: calibration, the floor of each font, and accuracy on each font."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from handgen.ocr.recognizer import Recognizer
from handgen.ocr.suspicion import SURE, floor
from handgen.seeds import generator
from handgen.training.read_glyphs import LabeledGlyphs

_BATCH = 256
_FLOOR = 256
"""The most glyphs of a font that its floor is computed from."""
_TEMPERATURES = (0.2, 5.0)
"""The range of the temperature."""


@torch.inference_mode()
def read(recognizer: Recognizer, glyphs: LabeledGlyphs, which: NDArray[np.int64]) -> Tensor:
    """Return the uncalibrated logits ``[n, classes]`` of glyphs; ``which`` has the number of at least one."""
    recognizer.eval()
    device = recognizer.temperature.device
    starts = range(0, len(which), _BATCH)
    parts = [recognizer(glyphs.images(which[start : start + _BATCH]).to(device)) for start in starts]
    return torch.cat(parts).float().cpu()


def find_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature, 0.2 to 5, that minimizes the cross entropy of the labels (Guo et al. 2017, section 4.2).

    The cross entropy has a single minimum in the temperature; a golden-section search finds it.

    Args:
        logits: ``[N, classes]`` of glyphs that were not in training.
        labels: int64 ``[N]``.
    """
    low, high = (math.log(value) for value in _TEMPERATURES)
    golden = (math.sqrt(5) - 1) / 2

    def cost(log_temperature: float) -> float:
        return float(F.cross_entropy(logits / math.exp(log_temperature), labels))

    for _ in range(20):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if cost(left) < cost(right) else (left, high)
    return math.exp((low + high) / 2)


def floors(recognizer: Recognizer, glyphs: LabeledGlyphs) -> dict[str, float]:
    """Return font name -> floor, the margin that almost all of its real glyphs have (``suspicion.floor``).

    The gate asks the same margin of drawings in that font.

    Args:
        recognizer: a calibrated recognizer.
        glyphs: real glyphs of the fonts.
    """
    found = {}
    for name in glyphs.fonts:
        rows = generator(0, "floor", name).permutation(glyphs.of_fonts([name]))[:_FLOOR]
        if len(rows):  # a font may have none of the characters
            logits, label = read(recognizer, glyphs, rows), glyphs.labels(rows)[:, None]
            own, other = logits.gather(1, label)[:, 0], logits.scatter(1, label, -torch.inf).amax(1)
            margins = (own - other) / recognizer.temperature.cpu()
            found[name] = round(floor(margins.numpy(), most=SURE), 2)
    return found


def by_font(recognizer: Recognizer, glyphs: LabeledGlyphs, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Measure the recognizer on each font.

    Args:
        recognizer: a calibrated recognizer.
        glyphs: glyphs of the fonts.
        names: the fonts to measure on.

    Returns:
        Font name -> ``top1`` and ``top5``, the shares of glyphs whose character is the best reading or among the best
        five, and ``confidence``, the mean probability of the best reading. Fonts without glyphs are left out.
    """
    measured = {}
    for name in names:
        rows = glyphs.of_fonts([name])
        sums = np.zeros(3)
        for start in range(0, len(rows), _BATCH):
            some = rows[start : start + _BATCH]
            logits = read(recognizer, glyphs, some) / recognizer.temperature.cpu()
            best = logits.topk(min(5, logits.shape[1])).indices
            right = (best == glyphs.labels(some)[:, None]).float()
            sums += [float(value.sum()) for value in (right[:, 0], right, logits.softmax(1).amax(1))]
        if len(rows):
            values = (sums / len(rows)).tolist()
            measured[name] = {
                key: round(value, 4) for key, value in zip(("top1", "top5", "confidence"), values, strict=True)
            }
    return measured
