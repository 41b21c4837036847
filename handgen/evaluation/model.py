"""A trained model on its held-out glyphs: every metric by style and by character, and who reads what it draws."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.errors import CheckpointError, UsageError
from handgen.evaluation.readers import GlyphReader, Judge
from handgen.evaluation.tally import Tally
from handgen.glyphs.sheet import save_sheet
from handgen.glyphs.store import GlyphStore, to_unit
from handgen.metrics import METRICS
from handgen.training import checkpoint
from handgen.training.data import DATA, Glyphs, Split
from handgen.training.evaluate import drawn
from handgen.training.run import CONFIG, SPLIT

SHEET = "worst.png"
_BATCH = 64
_SHOWN = 16


@dataclass(frozen=True)
class Drawn:
    """Held-out glyphs as a model draws them, beside the true ones.

    Attributes:
        output: uint8 ``[n, size, size]``.
        truth: uint8 ``[n, size, size]``.
        chars: what they show.
        styles: in which style.
    """

    output: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    chars: list[str]
    styles: list[str]


def draw_held_out(run: Path, data: Path | None, device: torch.device) -> Drawn:
    """Draw what a run held out.

    Args:
        run: its folder.
        data: the glyph store; by default the one that the run was trained with.
        device: where to compute.

    Raises:
        UsageError: there is no store, or the run held nothing out.
        CheckpointError: the run is damaged.
    """
    config, split = _read(run / CONFIG), _read(run / SPLIT)
    held = Split(split["train"], split["held_out"], tuple((char, style) for char, style in split.get("pairs", ())))
    loaded = checkpoint.load(run / checkpoint.MODEL)
    model = checkpoint.build(loaded)
    if model.needs != "pairs" or not held.holds_out:
        raise UsageError(
            f"{run} holds out no glyph to compare with", "Measure a dataset that it drew: handgen eval DATASET."
        )
    store = GlyphStore(data or Path(config["data"]))
    if store.size != loaded.facts["size"]:
        raise UsageError(f"{store.path} has another image size than {run}", "Name the run's own store with --data.")
    names = loaded.style_names
    pairs: Glyphs = DATA[model.needs](store, held, names, charset=loaded.facts["charset"], held_out=True)
    model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    output = drawn(model, pairs, np.arange(len(pairs)), device)
    chars = [str(char) for char in store.labels["char"][pairs.target]]
    return Drawn(output, store.images[pairs.target], chars, [names[number] for number in pairs.style])


def evaluate_model(
    glyphs: Drawn, reader: GlyphReader | None, judge: Judge | None, device: torch.device
) -> dict[str, Any]:
    """Measure drawn against true glyphs.

    Args:
        glyphs: both.
        reader: reads the drawn ones, if given.
        judge: likewise.
        device: where to compute.

    Returns:
        ``styles``, with ``mean`` over them at the end, and ``characters``, worst first: glyphs, every
        metric, and the shares that the readers read.
    """
    styles = _measured(glyphs, glyphs.styles, device)
    characters = _measured(glyphs, glyphs.chars, device)
    if reader is not None or judge is not None:
        tally = Tally(reader, judge)
        for start in range(0, len(glyphs.chars), _BATCH):
            some = slice(start, start + _BATCH)
            numbers = list(range(len(glyphs.chars)))[some]
            tally.add(glyphs.output[some], glyphs.chars[some], glyphs.styles[some], numbers)
        read = tally.result()
        for group, found in ((styles, read["styles"]), (characters, read["characters"])):
            for name, values in group.items():
                values.update({key: found[name][key] for key in ("reads", "judge") if key in found[name]})
    keys = [key for key in next(iter(styles.values())) if key != "glyphs"]
    mean: dict[str, Any] = {"glyphs": len(glyphs.chars)}
    for key in keys:
        shown = [row[key] for row in styles.values() if row[key] is not None]
        mean[key] = round(float(np.mean(shown)), 4) if shown else None
    worst = sorted(characters.items(), key=lambda item: -item[1]["l1"])
    return {"kind": "run", "styles": {**styles, "mean": mean}, "characters": dict(worst)}


def save_worst(path: Path, glyphs: Drawn) -> None:
    """Show the glyphs of each style that differ most from the true ones: drawn, and true below."""
    error = np.abs(glyphs.output.astype(np.int16) - glyphs.truth).mean(axis=(1, 2))
    rows = []
    for style in dict.fromkeys(glyphs.styles):
        of_style = np.array([place for place, name in enumerate(glyphs.styles) if name == style])
        worst = of_style[np.argsort(-error[of_style], kind="stable")[:_SHOWN]]
        rows += [(style, glyphs.output[worst]), ("true", glyphs.truth[worst])]
    save_sheet(path, rows)


def _measured(glyphs: Drawn, groups: Sequence[str], device: torch.device) -> dict[str, dict[str, Any]]:
    """Return every metric of each group of glyphs."""
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(groups):
        rows_of.setdefault(name, []).append(row)
    metrics = {entry.name: METRICS.load(entry.name)() for entry in METRICS}
    found: dict[str, dict[str, Any]] = {}
    for name, rows in rows_of.items():
        for metric in metrics.values():
            metric.reset()
        for start in range(0, len(rows), _BATCH):
            some = rows[start : start + _BATCH]
            output, truth = (to_unit(images[some])[:, None].to(device) for images in (glyphs.output, glyphs.truth))
            for metric in metrics.values():
                metric.update(output, truth)
        values = {key: float(metric.result()) for key, metric in metrics.items()}
        shown = {key: round(value, 4) if np.isfinite(value) else None for key, value in values.items()}
        found[name] = {"glyphs": len(rows), **shown}
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UsageError(f"there is no {path}", "Give the folder of a training run.") from None
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged ({error})", "Copy it again, or train again.") from error
