"""A dataset in shards: a folder of whole datasets, beside a manifest that says what belongs together.

Trainers that walk a folder read every leaf of it as a dataset of its own. So the shards are
leaves, and beside them lie files alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from handgen.formats.base import CHARSET, MANIFEST, Folder


class Tree(Folder):
    """The folder around shards, which writers of their own fill; see ``Folder``.

    Args:
        path: the folder.
        plan: what decides the samples of all shards.
        leaves: the names of the shards' folders.
    """

    format = "shards"

    def __init__(self, path: Path, plan: Mapping[str, Any], leaves: Sequence[str]) -> None:
        super().__init__(path, plan)
        self.leaves = tuple(leaves)

    def finished(self) -> dict[str, int]:
        """Return how many samples each shard has that is whole."""
        return {leaf: count for leaf in self.leaves if (count := _count(self.path / leaf / MANIFEST))}

    def _open(self, resources: ExitStack) -> tuple[int, bool]:
        finished = self.finished()
        return sum(finished.values()), len(finished) == len(self.leaves)

    def _labels(self) -> Iterable[str]:
        return ()

    def _flush(self) -> None:
        self.written = sum(self.finished().values())
        self._characters.update(self._charset())

    def _charset(self) -> Iterator[str]:
        for leaf in self.leaves:
            yield from (self.path / leaf / CHARSET).read_text(encoding="utf-8").splitlines()

    def _write_count(self) -> None:
        """Every shard has its own."""


def _count(manifest: Path) -> int:
    """Return how many samples a shard has by its manifest; 0 if it is not whole."""
    try:
        facts = json.loads(manifest.read_text(encoding="utf-8"))
        return int(facts["count"]) if facts["complete"] else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0
