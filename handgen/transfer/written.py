"""Lines of a dataset, of any format, and their writers parted into two halves."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from handgen.errors import UsageError
from handgen.formats.find import one_dataset
from handgen.formats.findings import Findings
from handgen.glyphs.pictures import UNDECODABLE
from handgen.seeds import generator
from handgen.transfer.ctc import LabeledLines, leveled

_KEYS = ("writer", "style")


class Halves(NamedTuple):
    """Lines by some writers to learn from, and lines by others to test on."""

    learned: LabeledLines
    test: LabeledLines


def lines_in(path: Path) -> LabeledLines:
    """Return the lines of a dataset; those that cannot be decoded or have no label are passed over.

    Raises:
        UsageError: it holds no dataset, several, or no line.
    """
    lines = LabeledLines([], [], [])
    found = one_dataset(path)
    with found.open() as reader:
        for record in reader.records(Findings()):
            label = reader.label(record.number)
            if record.image is None or not label:
                continue
            try:
                image = np.asarray(Image.open(io.BytesIO(record.image)).convert("L"))
            except UNDECODABLE:
                continue
            meta = record.meta or {}
            lines.images.append(leveled(image))
            lines.labels.append(label)
            lines.groups.append(next((str(meta[key]) for key in _KEYS if key in meta), ""))
    if not len(lines):
        raise UsageError(f"{path} holds no line with a label", "Look at it with 'handgen check'.")
    return lines


def halves_of(lines: LabeledLines, name: str, split: Path | None, seed: int) -> Halves:
    """Part lines by writers.

    Args:
        lines: all of a set.
        name: of the set, which ``split`` may know by it.
        split: a JSON file with the names of writers under ``tuning`` and ``test``, or such under ``sets`` and the
            set's name; None = half of the writers each, by ``seed``.
        seed: of the parting.

    Raises:
        UsageError: the file is missing or names no writers of the set; all lines are one writer's.
    """
    writers = sorted(set(lines.groups))
    if split is not None:
        tuning, test = _read(split, name)
    else:
        shuffled = generator(seed, "writers of lines").permutation(len(writers)).tolist()
        half = len(writers) // 2
        tuning, test = ({writers[index] for index in some} for some in (shuffled[:half], shuffled[half:]))
    learned, tested = ([row for row, writer in enumerate(lines.groups) if writer in some] for some in (tuning, test))
    if not learned or not tested:
        remedy = "Look at --split." if split else "Give lines with a 'writer' in their meta, by two writers at least."
        raise UsageError("the real lines cannot be parted by their writers", remedy)
    return Halves(_rows(lines, learned), _rows(lines, tested))


def _read(split: Path, name: str) -> tuple[set[str], set[str]]:
    try:
        found = json.loads(split.read_text(encoding="utf-8"))
        found = found.get("sets", {}).get(name, found)
        return set(found["tuning"]), set(found["test"])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError):
        form = 'Write {"tuning": [names of writers], "test": [names of writers]}.'
        raise UsageError(f"--split {split} is no file that parts the writers of {name}", form) from None


def _rows(lines: LabeledLines, rows: list[int]) -> LabeledLines:
    return LabeledLines(
        [lines.images[row] for row in rows], [lines.labels[row] for row in rows], [lines.groups[row] for row in rows]
    )
