"""Evaluation of a trained model on its held-out glyphs: metrics by style and by character, and readings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.checkpoints import files as checkpoint
from handgen.checkpoints.files import Checkpoint
from handgen.checkpoints.run import CONFIG, SPLIT
from handgen.errors import CheckpointError, UsageError
from handgen.evaluation.distance import Moments, frechet
from handgen.evaluation.tally import Tally, rows_of
from handgen.glyphs.contact_sheet import save_sheet
from handgen.glyphs.store import GlyphStore, to_bytes, to_unit
from handgen.glyphs.together import recorded_stores
from handgen.metrics import METRICS
from handgen.metrics.base import Images, Metric
from handgen.models.base import Generator, Model
from handgen.ocr.readers import GlyphReader, Judge
from handgen.sources import loading
from handgen.sources.added import load as load_added
from handgen.sources.added import with_added
from handgen.training.data import DATA, Glyphs, Pairs, Split
from handgen.training.evaluate import draw_pairs

SHEET = "worst.png"
_BATCH = 64
_SHOWN = 16
_RATES = ("reads", "judge")


@dataclass(frozen=True)
class HeldOutGlyphs:
    """Held-out glyphs, drawn by a model and true.

    Attributes:
        output: the drawn glyphs, uint8 ``[n, size, size]``, 0 = ink.
        truth: the true glyphs, likewise.
        chars: the character of each.
        styles: the name of the style of each.
    """

    output: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    chars: list[str]
    styles: list[str]


def draw_held_out(run: Path, data: Path | None, device: torch.device, styles: Sequence[str] = ()) -> HeldOutGlyphs:
    """Draw the held-out glyphs of a run.

    Args:
        run: its folder.
        data: the glyph store; None = the store that the run, or the added style, was trained on.
        device: where to compute.
        styles: names of trained or added styles to draw; empty = all trained styles.

    Raises:
        UsageError: there is no store or no such style, or the run held nothing out.
        CheckpointError: the run is damaged.
    """
    loaded = checkpoint.load(run / checkpoint.MODEL)
    model = loading.build(loaded).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    drawer = with_added(loaded, model)
    drawer.style_spec.pick(styles)
    trained = [name for name in styles if name in loaded.style_names]
    parts = [_trained_held_out(run, loaded, model, data, device, trained)] if trained or not styles else []
    parts += [_added_held_out(loaded, drawer, name, data, device) for name in styles if name not in loaded.style_names]
    return HeldOutGlyphs(
        np.concatenate([part.output for part in parts]),
        np.concatenate([part.truth for part in parts]),
        [char for part in parts for char in part.chars],
        [style for part in parts for style in part.styles],
    )


def _added_held_out(
    loaded: Checkpoint, drawer: Generator, name: str, data: Path | None, device: torch.device
) -> HeldOutGlyphs:
    """Draw all characters of an added style in the store that were not in its training."""
    facts = load_added(loaded, name)[1]
    store = GlyphStore(data) if data else recorded_stores(facts["data"])
    known = [store.styles[number].name for number in store.targets]
    # In another store, the style may have the name that it was added with, or be the only one.
    names = [each for each in (name, facts["hand"]) if each in known] or (known if len(known) == 1 else [facts["hand"]])
    style_name = names[0]
    others = "".join(sorted({str(char) for char in store.labels["char"]} - set(facts["charset"])))
    _refuse_size(store, loaded)
    split = Split(facts["charset"], others)
    pairs = Pairs(store, split, (style_name,), (style_name,), charset=others, held_out=True)
    (style,) = drawer.style_spec.pick([name])
    output = []
    with torch.inference_mode():
        for start in range(0, len(pairs), _BATCH):
            batch = pairs.batch(np.arange(start, min(start + _BATCH, len(pairs))), device, torch.zeros(0))
            images = drawer.generate(batch.content, style.vector.to(device).expand(len(batch.content), -1))
            output.append(to_bytes(images)[:, 0].cpu().numpy())
    chars = [str(char) for char in store.labels["char"][pairs.target]]
    return HeldOutGlyphs(np.concatenate(output), store.images[pairs.target], chars, [name] * len(chars))


def _refuse_size(store: GlyphStore, loaded: Checkpoint) -> None:
    if store.size != loaded.model.size:
        raise UsageError(
            f"{store.path} has another image size than {loaded.path}", "Name the run's own store with --data."
        )


def _trained_held_out(
    run: Path, loaded: Checkpoint, model: Model, data: Path | None, device: torch.device, only: Sequence[str]
) -> HeldOutGlyphs:
    config, split = _read(run / CONFIG), _read(run / SPLIT)
    held = Split(split["train"], split["held_out"], tuple((char, style) for char, style in split.get("pairs", ())))
    if model.needs != "pairs" or not held.holds_out:
        raise UsageError(
            f"{run} holds out no glyph to compare with", "Measure a dataset that it drew: handgen eval DATASET."
        )
    store = GlyphStore(data) if data else recorded_stores(config["data"])
    _refuse_size(store, loaded)
    names = loaded.style_names
    pairs: Glyphs = DATA[model.needs](store, held, names, only, charset=loaded.model.charset, held_out=True)
    output = draw_pairs(model, pairs, np.arange(len(pairs)), device)
    chars = [str(char) for char in store.labels["char"][pairs.target]]
    return HeldOutGlyphs(output, store.images[pairs.target], chars, [names[number] for number in pairs.style])


def evaluate_model(
    glyphs: HeldOutGlyphs, reader: GlyphReader | None, judge: Judge | None, device: torch.device
) -> dict[str, Any]:
    """Compare drawn with true glyphs.

    Args:
        glyphs: both.
        reader: a recognizer that reads drawn and true glyphs; None = no recognizer.
        judge: an independent reader, likewise.
        device: where to compute.

    Returns:
        ``styles``: style name -> values, and at the end ``mean`` over the styles; ``characters``: character -> values,
        worst strokes first. Values are ``glyphs``, the number of glyphs, and each metric. The recognizer adds
        ``reads`` and ``reads_true``, the shares of drawn and of true glyphs that are read as their character; the
        judge adds ``judge`` and ``judge_true``. With a recognizer, styles also have ``distance``, the Fréchet distance
        of drawn and true glyphs, and the result has ``unknown``, the number of glyphs whose character it does not know.
    """
    values = _measured(glyphs, device)
    result: dict[str, Any] = {"kind": "run"}
    for group, names in (("styles", glyphs.styles), ("characters", glyphs.chars)):
        result[group] = {
            name: {"glyphs": len(rows)} | {key: round(float(each[rows].mean()), 4) for key, each in values.items()}
            for name, rows in rows_of(names).items()
        }
    reads = reader is not None or judge is not None
    for images, ending in ((glyphs.output, ""), (glyphs.truth, "_true")) if reads else ():
        read = _read_all(images, glyphs, reader, judge)
        for group in ("styles", "characters"):
            for name, row in result[group].items():
                row.update({key + ending: read[group][name][key] for key in _RATES if key in read[group][name]})
        if "unknown" in read:
            result["unknown"] = read["unknown"]
    if reader is not None:
        for name, distance in _distances(glyphs, reader).items():
            result["styles"][name]["distance"] = distance
    result["styles"]["mean"] = {"glyphs": len(glyphs.chars)} | _mean(list(result["styles"].values()))
    worst = sorted(
        result["characters"].items(), key=lambda item: item[1]["stroke_recall"] + item[1]["stroke_precision"]
    )
    result["characters"] = dict(worst)
    return result


def _measured(glyphs: HeldOutGlyphs, device: torch.device) -> dict[str, NDArray[np.float64]]:
    """Return metric -> its values for all glyphs, ``[n]``."""
    metrics: dict[str, Metric] = {name: kind() for name, kind in METRICS.loaded().items()}
    found: dict[str, list[Tensor]] = {name: [] for name in metrics}
    for start in range(0, len(glyphs.chars), _BATCH):
        some = slice(start, start + _BATCH)
        output, truth = (Images(to_unit(each[some])[:, None].to(device)) for each in (glyphs.output, glyphs.truth))
        for name, metric in metrics.items():
            found[name].append(metric.per_image(output, truth).cpu())
    return {name: torch.cat(parts).double().numpy() for name, parts in found.items()}


def _read_all(
    images: NDArray[np.uint8], glyphs: HeldOutGlyphs, reader: GlyphReader | None, judge: Judge | None
) -> dict[str, Any]:
    """Return ``Tally.result`` for the drawn or the true images."""
    tally = Tally(reader, judge)
    numbers = list(range(len(images)))
    for start in range(0, len(images), _BATCH):
        some = slice(start, start + _BATCH)
        tally.add(images[some], glyphs.chars[some], glyphs.styles[some], numbers[some])
    return tally.result()


def _distances(glyphs: HeldOutGlyphs, reader: GlyphReader) -> dict[str, float | None]:
    """Return the Fréchet distance of drawn and true glyphs of each style; None for a style with one glyph."""
    found: dict[str, float | None] = {}
    for name, rows in rows_of(glyphs.styles).items():
        output, truth = Moments(), Moments()
        for start in range(0, len(rows), _BATCH):
            some = rows[start : start + _BATCH]
            output.update(reader.features(glyphs.output[some]))
            truth.update(reader.features(glyphs.truth[some]))
        found[name] = round(frechet(output, truth), 4) if len(rows) > 1 else None
    return found


def _mean(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the mean of each value over the rows, except ``glyphs``; None does not count."""
    found: dict[str, float | None] = {}
    for key in rows[0]:
        if key != "glyphs":
            known = [row[key] for row in rows if row[key] is not None]
            found[key] = round(float(np.mean(known)), 4) if known else None
    return found


def save_worst(path: Path, glyphs: HeldOutGlyphs) -> None:
    """Save a picture of the glyphs of each style that differ most from the true ones: drawn, and true below."""
    error = np.abs(glyphs.output.astype(np.int16) - glyphs.truth).mean(axis=(1, 2))
    rows = []
    for style, of_style in rows_of(glyphs.styles).items():
        worst = of_style[np.argsort(-error[of_style], kind="stable")[:_SHOWN]]
        rows += [(style, glyphs.output[worst]), ("true", glyphs.truth[worst])]
    save_sheet(path, rows)


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UsageError(f"there is no {path}", "Give the folder of a training run.") from None
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged ({error})", "Copy it again, or train again.") from error
