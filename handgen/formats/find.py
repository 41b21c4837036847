"""Finds the datasets in a folder and their formats. No other module decides what a dataset is."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handgen.errors import UsageError
from handgen.files import walk
from handgen.formats import FORMATS
from handgen.formats.base import MANIFEST
from handgen.formats.findings import Findings
from handgen.formats.nearby import no_dataset, no_folder
from handgen.formats.reading import Reader, Records
from handgen.formats.tree import Tree, TreeReader


@dataclass(frozen=True)
class Found:
    """A dataset that was found.

    Attributes:
        kind: the reader of its format.
        path: its folder.
        shards: the folders of its shards, in order; empty if it has none.
    """

    kind: type[Reader]
    path: Path
    shards: tuple[Path, ...] = ()

    @property
    def parts(self) -> tuple[Path, ...]:
        """The folders that hold samples."""
        return self.shards or (self.path,)

    def open(self) -> Records:
        """Open the dataset.

        Raises:
            UsageError: a file is not of this format.
            HandgenError: a package that this format needs is not installed.
        """
        return TreeReader(self.kind, self.shards) if self.shards else self.kind(self.path)


def find_datasets(root: Path, findings: Findings) -> list[Found]:
    """Return every dataset below ``root``; add to ``findings`` what is wrong around them.

    Raises:
        UsageError: there is no dataset, or none that is finished.
    """
    readers: list[type[Reader]] = [each.reader for each in FORMATS.loaded().values()]
    found = [(reader, path) for reader in readers for path in reader.find(root, findings)]
    folders = {path for _, path in found}
    begun = _begun(root)
    seen = folders | {path.parent for path in folders}
    unfinished = sorted(path for path, whole in begun.items() if not whole and path not in seen)
    if not found and unfinished:
        again = "Run the command that made it again: it goes on where it stopped."
        raise UsageError(f"{unfinished[0]} is not finished", again)
    if not found:
        known = ", ".join(entry.name for entry in FORMATS)
        raise no_dataset(root, known)
    for path in unfinished:
        findings.add("unfinished", detail=str(path))
    trees = {path: shards for path in begun if (shards := _shards_of(path))}
    for tree, shards in trees.items():
        here = sum(path.parent == tree for path in folders)
        if begun[tree] and shards > here:
            findings.add("missing-shard", detail=f"{here:,} of {shards:,} in {tree}", count=shards - here)
    return _gathered(found, [*trees])


def _shards_of(path: Path) -> int:
    """Return how many shards the manifest of a sharded dataset promises; 0 if ``path`` is no such dataset."""
    manifest = manifest_of(path)
    try:
        return int(manifest["plan"]["shards"]) if manifest["format"] == Tree.format else 0
    except (KeyError, TypeError, ValueError):
        return 0


def _begun(root: Path) -> dict[Path, bool]:
    """Return the folders that handgen has begun to write -> whether a sharded dataset there is finished.

    The value is False for every single dataset: only its reader knows whether it is finished.
    """
    begun = {}
    for folder, _, files in walk(root):
        manifest = manifest_of(folder) if MANIFEST in files else {}
        kind = manifest.get("format")
        if "plan" in manifest and isinstance(kind, str) and (kind in FORMATS or kind == Tree.format):
            begun[folder] = kind == Tree.format and bool(manifest.get("complete"))
    return begun


def one_dataset(path: Path) -> Found:
    """Return the dataset at ``path``; it may be sharded.

    Raises:
        UsageError: there is no dataset, or more than one.
    """
    if not path.is_dir():
        raise no_folder(path)
    datasets = find_datasets(path, Findings())
    if len(datasets) > 1:
        names = ", ".join(str(found.path) for found in datasets[:3])
        raise UsageError(f"{path} holds {len(datasets)} datasets ({names})", "Name one of them.")
    return datasets[0]


def manifest_of(path: Path) -> dict[str, Any]:
    """Return the manifest of a dataset; {} if it has none, because another program wrote it."""
    try:
        return dict(json.loads((path / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}


def is_finished(path: Path) -> bool:
    """Return whether the dataset at ``path`` is finished. A dataset without a manifest counts as finished."""
    return bool(manifest_of(path).get("complete", True))


def _gathered(found: Sequence[tuple[type[Reader], Path]], trees: Sequence[Path]) -> list[Found]:
    """Combine the shards of each sharded dataset into one entry; keep all other datasets."""
    result = []
    for (kind, tree), group in itertools.groupby(
        found, key=lambda each: (each[0], each[1].parent if each[1].parent in trees else each[1])
    ):
        paths = tuple(sorted(path for _, path in group))
        result.append(Found(kind, tree, paths if tree in trees else ()))
    return result
