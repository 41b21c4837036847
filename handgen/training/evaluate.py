"""Measuring a generator on characters it was not trained on."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.glyphs.store import to_bytes
from handgen.metrics import METRICS
from handgen.metrics.base import Metric
from handgen.models.base import Model
from handgen.training.data import Pairs

_BATCH = 64


@torch.inference_mode()
def drawn(model: Model, pairs: Pairs, which: NDArray[np.int64], device: torch.device) -> NDArray[np.uint8]:
    """Draw the pairs numbered ``which``; return uint8 ``[n, size, size]``."""
    codes = [style.vector for style in model.style_spec.pick(model.style_spec.names)]
    table = torch.stack(codes).to(device)
    images = []
    for start in range(0, len(which), _BATCH):
        batch = pairs.batch(which[start : start + _BATCH], device)
        images.append(to_bytes(model.generate(batch.content, table[batch.style]))[:, 0].cpu().numpy())
    return np.concatenate(images)


@torch.inference_mode()
def measure(
    model: Model, pairs: Pairs, device: torch.device, *, per_style: int | None = None
) -> dict[str, dict[str, float]]:
    """Compare drawn with true glyphs, style by style.

    Args:
        model: in evaluation mode, with the weights to measure.
        pairs: held-out pairs.
        device: where the model is.
        per_style: measure at most so many glyphs of each style; all by default.

    Returns:
        style name -> metric name -> mean over its glyphs, and ``mean`` over the styles.
    """
    names = model.style_spec.names
    table = torch.stack([style.vector for style in model.style_spec.pick(names)]).to(device)
    which = pairs.sample(per_style or len(pairs), seed=0)
    result: dict[str, dict[str, float]] = {}
    for number in np.unique(pairs.style):
        metrics: dict[str, Metric] = {entry.name: METRICS.load(entry.name)() for entry in METRICS}
        rows = which[pairs.style[which] == number]
        for start in range(0, len(rows), _BATCH):
            batch = pairs.batch(rows[start : start + _BATCH], device)
            output = model.generate(batch.content, table[batch.style])
            for metric in metrics.values():
                metric.update(output, batch.target)
        result[names[number]] = {name: round(metric.result(), 4) for name, metric in metrics.items()}
    means = {m.name: float(np.mean([values[m.name] for values in result.values()])) for m in METRICS}
    return result | {"mean": {name: round(value, 4) for name, value in means.items()}}
