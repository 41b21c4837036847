"""What a gate turned away: a table of what was read as what."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handgen.report.page import Table

_LIST = "rejects.jsonl"
_ROWS = 40
_OUTCOMES = ("redrawn", "dropped", "kept")
_WORDS = {
    "read as": "What the recognizer took the drawing for that did not pass; its label, where that did not "
    "stand out enough; nothing, where there was no ink.",
    "redrawn": "Drawn again until it read as its label.",
    "dropped": "Given up for another style or character; out of a line, left out.",
    "kept": "Never read as its label, and kept all the same.",
}


def turned_away(path: Path) -> list[Table]:
    """Return a table of the drawings that the gate of a dataset turned away, most frequent first; none without any.

    Args:
        path: the dataset, or the folder of its shards.
    """
    files = [path / _LIST, *sorted(path.glob(f"*/{_LIST}"))]
    counts: Counter[tuple[str, str]] = Counter()
    styles: dict[tuple[str, str], Counter[str]] = {}
    outcomes: Counter[tuple[str, str, str]] = Counter()
    for line in (line for file in files if file.is_file() for line in _lines(file)):
        pair = str(line.get("char", "")), str(line["as"])
        counts[pair] += 1
        styles.setdefault(pair, Counter())[str(line.get("style", ""))] += 1
        outcomes[(*pair, str(line.get("outcome", "")))] += 1
    if not counts:
        return []
    rows = [
        [
            char,
            read or "nothing",
            f"{count:,}",
            ", ".join(name for name, _ in styles[char, read].most_common(3)),
            *(f"{outcomes[char, read, outcome]:,}" for outcome in _OUTCOMES),
        ]
        for (char, read), count in counts.most_common(_ROWS)
    ]
    more = f", the {_ROWS} most frequent of {len(counts):,}" if len(counts) > _ROWS else ""
    head = ["character", "read as", "drawings", "styles", *_OUTCOMES]
    return [Table(f"What the gate turned away{more}", head, rows, _WORDS)]


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a list that say what was read; a line that is no entry is passed over."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        for text in lines:
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict) and "as" in line:
                yield line
