"""The run folder: the files of a training run.

config.json          all settings; a run with other settings is refused
split.json           training and held-out characters
log.txt              messages with times
stats.jsonl          losses and measurements by images seen
curves.png           the same as curves, written when the run ends or is stopped
reals.png            a fixed grid of true glyphs
fakes-000010000.png  the same grid, drawn by the model
model.safetensors    the averaged weights, for synth
state.safetensors    everything that is needed to resume the run exactly
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any

from handgen.checkpoints.board import Board
from handgen.checkpoints.files import STATE
from handgen.checkpoints.record import STATS, lines_until, read_stats
from handgen.errors import CheckpointError, UsageError
from handgen.files import from_os_error, lock_folder, writable_folder, write_json, write_text
from handgen.version import __version__

CONFIG, SPLIT, LOG = "config.json", "split.json", "log.txt"
_MAY_CHANGE = frozenset(
    {"handgen", "images", "eval_every", "save_every", "data", "from"}
    | {"accumulate", "compile", "deterministic", "tensorboard"}
    | {"recognizer", "stroke_counts"}
)
"""Settings that may differ when a run is resumed: its length; paths, whose files have hashes of their own; and how the
same result is computed."""


def read_config(path: Path) -> dict[str, Any]:
    """Return the settings of the run in a folder; empty if there is no run, or they cannot be read."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        return dict(json.loads((path / CONFIG).read_text(encoding="utf-8")))
    return {}


def check_folder(path: Path, config: Mapping[str, Any], defaults: Mapping[str, Any] = MappingProxyType({})) -> None:
    """Raise an error if a run cannot use a folder; nothing is written.

    Args:
        path: the folder, which need not exist.
        config: all settings of the run.
        defaults: setting -> default, for runs of earlier versions that lack the setting.

    Raises:
        UsageError: the folder holds something else, or a run with other settings.
        CheckpointError: its settings cannot be read.
    """
    before = path / CONFIG
    if not before.is_file():
        if path.is_dir() and any(path.iterdir()):
            raise UsageError(f"{path} is not empty and holds no training run", "Choose another --out.")
        return
    try:
        old = json.loads(before.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{before} is damaged", f"Delete {path}, or choose another --out.") from error
    if not isinstance(old, dict) or "handgen" not in old:
        raise UsageError(f"{path} is not empty and holds no training run", "Choose another --out.")
    config, old = {"handgen": __version__, **json.loads(json.dumps(dict(config)))}, {**defaults, **old}
    different = [
        f"another {key.removesuffix('_sha256')}"
        if key.endswith("_sha256")
        else f"{key} {old.get(key)} -> {config.get(key)}"
        for key in sorted(set(old) | set(config))
        if old.get(key) != config.get(key) and key not in _MAY_CHANGE
    ]
    if different and (path / STATE).is_file():
        raise UsageError(
            f"{path} holds a run with other settings ({'; '.join(different)})",
            "Choose another --out, or delete that folder.",
        )


class RunFolder:
    """A folder that belongs to one training run.

    Args:
        path: the folder; it is created if it does not exist.
        config: all settings of the run, as JSON values.
        defaults: setting -> default, for runs of earlier versions that lack the setting.
        writes: whether this process writes to the folder (rank 0); if not, nothing is checked or created.

    Raises:
        UsageError: the folder holds something else, or a run with other settings.
    """

    def __init__(
        self,
        path: Path,
        config: dict[str, Any],
        defaults: Mapping[str, Any] = MappingProxyType({}),
        *,
        writes: bool = True,
    ) -> None:
        self.path = path
        self._writes = writes
        self._board: Board | None = None
        if writes:
            check_folder(path, config, defaults)
            writable_folder(path)
            write_json(path / CONFIG, {"handgen": __version__, **json.loads(json.dumps(config))})

    @property
    def has_state(self) -> bool:
        """Whether there is a state to resume from."""
        return (self.path / STATE).is_file()

    @contextlib.contextmanager
    def being_written(self, images: int, *, tensorboard: bool) -> Iterator[None]:
        """Lock the folder while the context lasts, so that no other run writes to it.

        Args:
            images: images seen at the start of the context.
            tensorboard: whether to write TensorBoard files, too.

        Raises:
            UsageError: another run writes to the folder.
        """
        if not self._writes:
            yield
            return
        lock = lock_folder(self.path)
        try:
            self._board = Board(self.path, images) if tensorboard else None
            yield
        finally:
            if self._board is not None:
                self._board.close()
            os.close(lock)

    def write_split(self, split: Mapping[str, str]) -> None:
        """Record which characters were held out."""
        if self._writes:
            write_json(self.path / SPLIT, dict(split))

    def log(self, line: str) -> None:
        """Append a line with the time to log.txt."""
        if self._writes:
            now = datetime.now(timezone.utc).isoformat(timespec="seconds")
            self._append(LOG, f"{now} {line}")

    def record(self, images: int, kind: str, values: dict[str, Any]) -> None:
        """Append one line to stats.jsonl: ``{"images": ..., "kind": "losses"|"held-out"|"diversity", ...}``."""
        if self._writes:
            self._append(STATS, json.dumps({"images": images, "kind": kind, **values}, ensure_ascii=False))
        if self._board is not None:
            self._board.numbers(images, kind, values)

    def show(self, images: int, name: str, picture: Path) -> None:
        """Add a picture to TensorBoard, if it is used."""
        if self._board is not None:
            self._board.picture(images, name, picture)

    def _append(self, name: str, line: str) -> None:
        try:
            with (self.path / name).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise from_os_error(error, self.path / name) from error

    def forget_after(self, images: int) -> None:
        """Delete what was recorded after the checkpoint at ``images`` images seen; 0 = everything."""
        if self._writes and (self.path / STATS).is_file():
            write_text(self.path / STATS, lines_until(self.path, images))

    def stats(self) -> list[dict[str, Any]]:
        """Return the lines of stats.jsonl, oldest first."""
        return read_stats(self.path)

    def measurements(self) -> list[dict[str, Any]]:
        """Return the recorded held-out measurements, oldest first."""
        return [line for line in self.stats() if line["kind"] == "held-out"]
