"""Measuring a generator on characters it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.glyphs.store import to_bytes
from handgen.metrics import METRICS
from handgen.metrics.base import Metric
from handgen.models.base import Batch, Model
from handgen.training.data import Glyphs

_BATCH = 64


@torch.inference_mode()
def drawn(model: Model, pairs: Glyphs, which: NDArray[np.int64], device: torch.device) -> NDArray[np.uint8]:
    """Draw the pairs numbered ``which``; return uint8 ``[n, size, size]``."""
    return np.concatenate(
        [to_bytes(model.redraw(batch))[:, 0].cpu().numpy() for batch in _batches(model, pairs, which, device)]
    )


def _batches(model: Model, pairs: Glyphs, which: NDArray[np.int64], device: torch.device) -> Iterator[Batch]:
    for start in range(0, len(which), _BATCH):
        some = which[start : start + _BATCH]
        noise = torch.randn(len(some), model.noise, generator=torch.Generator().manual_seed(start))
        yield pairs.batch(some, device, noise)


@torch.inference_mode()
def measure(
    model: Model, pairs: Glyphs, styles: Sequence[str], device: torch.device, *, per_style: int | None = None
) -> dict[str, dict[str, float]]:
    """Compare drawn with true glyphs, style by style.

    Args:
        model: in evaluation mode, with the weights to measure.
        pairs: held-out pairs.
        styles: names of the pairs' styles.
        device: where the model is.
        per_style: measure at most so many glyphs of each style; all by default.

    Returns:
        style name -> metric name -> mean over its glyphs, and ``mean`` over the styles.
    """
    which = pairs.sample(per_style or len(pairs), seed=0)
    result: dict[str, dict[str, float]] = {}
    for number in np.unique(pairs.style):
        metrics: dict[str, Metric] = {entry.name: METRICS.load(entry.name)() for entry in METRICS}
        rows = which[pairs.style[which] == number]
        for batch in _batches(model, pairs, rows, device):
            output = model.redraw(batch)
            for metric in metrics.values():
                metric.update(output, batch.target)
        result[styles[number]] = {name: round(metric.result(), 4) for name, metric in metrics.items()}
    means = {m.name: float(np.mean([values[m.name] for values in result.values()])) for m in METRICS}
    return result | {"mean": {name: round(value, 4) for name, value in means.items()}}
