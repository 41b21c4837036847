"""Measurements of a generator: metrics on held-out glyphs, and the diversity of its drawings."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.errors import UsageError
from handgen.glyphs.store import GlyphStore, to_bytes, to_unit
from handgen.metrics import METRICS
from handgen.metrics.base import Images, Metric
from handgen.metrics.diversity import Diversity
from handgen.models.base import CHARACTERS, GLYPHS, Batch, DrawnStyle, Model, StyleSpec
from handgen.models.styles import vectors
from handgen.seeds import generator, keys
from handgen.training.data import Glyphs, Split

_BATCH = 64
_CHARACTERS, _STYLES = 24, 16
"""The most characters and styles of which diversity is measured."""
_SAMPLES = 64
"""The most real glyphs of a character, and the number of drawings of a model that is not given a character."""


@torch.inference_mode()
def draw_pairs(model: Model, pairs: Glyphs, which: NDArray[np.int64], device: torch.device) -> NDArray[np.uint8]:
    """Draw the pairs numbered ``which``, int64 ``[n]``; return uint8 ``[n, size, size]``."""
    return np.concatenate(
        [to_bytes(model.draw_batch(batch))[:, 0].cpu().numpy() for batch in _batches(model, pairs, which, device)]
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
        model: the model, in evaluation mode.
        pairs: held-out pairs.
        styles: names of the styles, by their number in ``pairs``.
        device: where the model is.
        per_style: measure at most so many glyphs of each style; all by default.

    Returns:
        Style name -> metric -> mean over its glyphs, and under the name ``mean`` the mean over the styles.
    """
    which = pairs.sample(per_style or len(pairs), seed=0)
    result: dict[str, dict[str, float]] = {}
    for number in np.unique(pairs.style):
        metrics: dict[str, Metric] = {name: kind() for name, kind in METRICS.loaded().items()}
        rows = which[pairs.style[which] == number]
        for batch in _batches(model, pairs, rows, device):
            output, truth = Images(model.draw_batch(batch)), Images(batch.target)
            for metric in metrics.values():
                metric.update(output, truth)
        result[styles[number]] = {name: round(metric.result(), 4) for name, metric in metrics.items()}
    means = {name: float(np.mean([values[name] for values in result.values()])) for name in METRICS.loaded()}
    return result | {"mean": {name: round(value, 4) for name, value in means.items()}}


@torch.inference_mode()
def measure_diversity(
    model: Model, store: GlyphStore, split: Split, charset: str, device: torch.device
) -> dict[str, float | None]:
    """Compare the diversity of drawings of one character with that of real glyphs.

    Each character is drawn once in each of several styles. A model with one style and noise for each sample draws it
    several times. For a model that is not given a character, all its drawings are compared with real glyphs of all
    characters.

    Args:
        model: the model, in evaluation mode.
        store: a glyph store with real glyphs and source glyphs.
        split: its held-out characters are used first.
        charset: the model's characters, in order.
        device: where the model is.

    Returns:
        ``generated`` and ``real``, the mean pairwise L1 of gray values from 0 to 1, and their ``ratio``. A value is
        None if there is nothing to compare.
    """
    generated, real = Diversity(), Diversity()
    if not model.prompt_kind.labeled:
        samples = model.style_spec.draw(_SAMPLES, seed=0)
        rows = np.flatnonzero(np.isin(store.labels["style"], store.targets or store.sources))
        if len(rows) > 1:
            generated.update(_drawings(model, torch.zeros(len(samples), dtype=torch.int64), samples, 0, device))
            real.update(to_unit(store.images[np.sort(_some(rows, _SAMPLES))]))
    else:
        styles = _comparable_styles(model.style_spec, store)
        true = _true_rows(store, {name for style in styles for name in style.weights}) if styles else {}
        prompts = _prompts(model, store, charset)
        chars = [str(char) for part in (split.held_out, split.train) for char in _some(np.array([*part]), len(part))]
        usable = [char for char in chars if char in prompts and len(true.get(char, ())) > 1]
        for position, char in enumerate(usable[:_CHARACTERS]):
            number = np.full(len(styles), prompts[char])
            content = _content(model, store, char, number)
            generated.update(_drawings(model, content, styles, position, device))
            real.update(to_unit(store.images[np.sort(_some(np.array(true[char]), _SAMPLES))]))
    drawn, known = (None if math.isnan(value) else round(value, 4) for value in (generated.result(), real.result()))
    return {
        "generated": drawn,
        "real": known,
        "ratio": round(drawn / known, 4) if drawn is not None and known else None,
    }


def _some(values: NDArray[Any], count: int) -> NDArray[Any]:
    """Return a fixed choice of ``count`` values, in a fixed random order."""
    return generator(0, "diversity", len(values)).permutation(values)[:count]


def _content(model: Model, store: GlyphStore, char: str, number: NDArray[np.int64]) -> Any:
    """Return prompts for drawing a character ``len(number)`` times; ``number`` has its value in ``_prompts``."""
    numbers = torch.from_numpy(number)
    glyphs = to_unit(store.images[number])[:, None] if model.prompt_kind is GLYPHS else torch.empty(0)
    return model.prompt(glyphs, numbers, torch.full_like(numbers, ord(char[0])))


def _drawings(model: Model, content: Any, styles: Sequence[DrawnStyle], position: int, device: torch.device) -> Tensor:
    index = np.arange(position * len(styles), (position + 1) * len(styles), dtype=np.int64)
    content = content.to(device) if isinstance(content, Tensor) else content
    return model.generate(content, vectors(styles, keys(index)).to(device))


def _comparable_styles(spec: StyleSpec, store: GlyphStore) -> list[DrawnStyle]:
    """Return styles whose diversity can be compared with that of the store's; none if there are fewer than two.

    Mixtures are left out, since they lie between their parents. So are trained styles that the store lacks.
    """
    try:
        drawn = spec.draw(max(_STYLES, len(spec.names)), seed=0)
    except UsageError:  # a model of one style, which cannot be mixed
        (style,) = spec.draw(1, seed=0)
        return [style] * _STYLES if style.fresh else []
    here = {style.name for style in store.styles}
    kept = [style for style in drawn if len(style.weights) < 2 and here.issuperset(style.weights)]
    return kept[:_STYLES] if len(kept) > 1 else []


def _true_rows(store: GlyphStore, names: Collection[str]) -> dict[str, list[int]]:
    """Return the real glyphs of each character: one of every style, or all of a single style.

    Args:
        store: the glyph store.
        names: names of styles; empty = all targets.

    Returns:
        Character -> rows of the store.
    """
    styles = [number for number in store.targets or store.sources if not names or store.styles[number].name in names]
    found: dict[str, dict[tuple[int, int], int]] = {}
    for row in np.flatnonzero(np.isin(store.labels["style"], styles)):
        _, style, sample = label = store.labels[row]
        key = (int(style), 0 if len(styles) > 1 else int(sample))
        found.setdefault(str(label["char"]), {}).setdefault(key, int(row))
    return {char: list(rows.values()) for char, rows in found.items()}


def _prompts(model: Model, store: GlyphStore, charset: str) -> dict[str, int]:
    """Return for each character its index in ``charset``, or the row of its source glyph for a model that needs one."""
    if model.prompt_kind is CHARACTERS:
        return {char: number for number, char in enumerate(charset)}
    rows = [int(row) for row in store.rows(store.sources[0])] if store.sources else []
    return {str(store.labels["char"][row]): row for row in reversed(rows)}  # of several samples, the first
