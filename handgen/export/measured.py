"""Reads from a run folder how the run was trained and what was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handgen.checkpoints.find import run_name
from handgen.checkpoints.record import read_stats
from handgen.checkpoints.run import read_config
from handgen.errors import CheckpointError
from handgen.report.evaluation import RESULTS
from handgen.settings import option_name
from handgen.weights import MODEL

_LOCAL = frozenset({"handgen", "model", "data", "from", "recognizer", "stroke_counts", "tensorboard"})
"""Keys of config.json that are not settings, or are paths of this machine."""


def settings_of(run: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run, without those of its model (``config``); empty without a config.json."""
    known = read_config(run)
    begun = {"from": run_name(Path(known["from"]))} if known.get("from") else {}
    return begun | {
        key: value
        for key, value in known.items()
        if key not in _LOCAL and key not in config and not key.endswith("_sha256")
    }


def measured(run: Path, images: int) -> dict[str, Any]:
    """Return the measurement on held-out glyphs: that of ``handgen eval``, or else the last one of the training.

    Args:
        run: the run folder.
        images: images seen by the model.

    Returns:
        ``images``; ``by``: ``eval`` or ``training``; ``styles``: style name -> metric -> value; ``diversity``, which
        may be empty; and for a training ``glyphs_per_style_at_most``. Empty if nothing was measured.
    """
    try:
        stats = read_stats(run)
    except CheckpointError:
        stats = []
    diversity = {key: value for key, value in _last(stats, "diversity").items() if key not in ("images", "kind")}
    if found := _evaluated(run):
        return {"images": images, "by": "eval", "styles": found, "diversity": diversity}
    last = {key: value for key, value in _last(stats, "held-out").items() if key != "kind"}
    return last | {"by": "training", "diversity": diversity} if last else {}


def _evaluated(run: Path) -> dict[str, Any]:
    """Return the values by style that ``handgen eval`` wrote; empty if there are none, or the model is newer."""
    file = run / RESULTS
    try:
        if file.stat().st_mtime < (run / MODEL).stat().st_mtime:
            return {}
        result = json.loads(file.read_text(encoding="utf-8"))
        return dict(result["styles"]) if result.get("kind") == "run" else {}
    except (OSError, ValueError, KeyError, AttributeError):
        return {}


def _last(stats: Sequence[Mapping[str, Any]], kind: str) -> dict[str, Any]:
    return dict(next((line for line in reversed(stats) if line.get("kind") == kind), {}))


def train_command(model: str, settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Return the ``handgen train`` command for some settings; those with their default value are left out."""
    words = ["handgen", "train", model]
    for key, value in settings.items():
        if key not in defaults or value == defaults[key]:
            continue
        flag = option_name(key)
        if isinstance(value, bool):
            words.append(flag if value else f"--no-{flag[2:]}")
        else:
            words += [flag, f"{value:g}" if isinstance(value, float) else str(value)]
    return " ".join(words)
