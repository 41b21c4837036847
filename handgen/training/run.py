"""The run folder: what a training run writes, and how it is found again.

config.json          resolved settings; a run with others is refused
split.json           training and held-out characters
log.txt              what was said, with times
stats.jsonl          losses and measurements by images seen
reals.png            a fixed grid of true glyphs
fakes-000010000.png  the same grid, drawn
model.safetensors    averaged weights: what synth needs
state.safetensors    everything needed to go on exactly
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from handgen import __version__
from handgen.errors import CheckpointError, UsageError
from handgen.files import from_os_error, writable_folder, write_json, write_text
from handgen.training.checkpoint import STATE
from handgen.training.data import Split

CONFIG, SPLIT, LOG, STATS = "config.json", "split.json", "log.txt", "stats.jsonl"
_MAY_CHANGE = ("handgen", "images", "eval_every", "save_every", "data", "from")
"""What a run may be continued with although it changed: its length, and where things lie (their hashes tell)."""


class RunFolder:
    """A folder that belongs to one training run.

    Args:
        path: created if need be.
        config: the resolved settings, as JSON holds them.

    Raises:
        UsageError: the folder holds something else, or a run with other settings.
    """

    def __init__(self, path: Path, config: dict[str, Any]) -> None:
        self.path = path
        config = {"handgen": __version__, **json.loads(json.dumps(config))}
        before = path / CONFIG
        if before.is_file():
            self._refuse_other(config, before)
        elif path.is_dir() and any(path.iterdir()):
            raise UsageError(f"{path} is not empty and holds no training run", "Choose another --out.")
        writable_folder(path)
        write_json(before, config)

    def _refuse_other(self, config: dict[str, Any], before: Path) -> None:
        try:
            old = json.loads(before.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CheckpointError(f"{before} is damaged", f"Delete {self.path}, or choose another --out.") from error
        if not isinstance(old, dict) or "handgen" not in old:
            raise UsageError(f"{self.path} is not empty and holds no training run", "Choose another --out.")
        different = [
            f"another {key.removesuffix('_sha256')}"
            if key.endswith("_sha256")
            else f"{key} {old.get(key)} -> {config.get(key)}"
            for key in sorted(set(old) | set(config))
            if old.get(key) != config.get(key) and key not in _MAY_CHANGE
        ]
        if different and self.has_state:
            raise UsageError(
                f"{self.path} holds a run with other settings ({'; '.join(different)})",
                "Choose another --out, or delete that folder.",
            )

    @property
    def has_state(self) -> bool:
        """Whether there is something to go on from."""
        return (self.path / STATE).is_file()

    def write_split(self, split: Split) -> None:
        """Record which characters were held out."""
        write_json(self.path / SPLIT, asdict(split))

    def log(self, line: str) -> None:
        """Append a line with the time to log.txt."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._append(LOG, f"{now} {line}")

    def record(self, images: int, kind: str, values: dict[str, Any]) -> None:
        """Append one line to stats.jsonl: ``{"images": ..., "kind": "losses"|"held-out", ...}``."""
        self._append(STATS, json.dumps({"images": images, "kind": kind, **values}, ensure_ascii=False))

    def _append(self, name: str, line: str) -> None:
        try:
            with (self.path / name).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise from_os_error(error, self.path / name) from error

    def forget_after(self, images: int) -> None:
        """Drop what was recorded after the checkpoint to go on from; all of it when there is none."""
        file = self.path / STATS
        if file.is_file():
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if line.endswith("\n") and json.loads(line)["images"] <= images]
            write_text(file, "".join(kept))

    def measurements(self) -> list[dict[str, Any]]:
        """Return the recorded held-out measurements, oldest first."""
        file = self.path / STATS
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        return [line for line in map(json.loads, lines) if line["kind"] == "held-out"]
