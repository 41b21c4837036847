"""What the gate turned away, beside the dataset: a list, its sums for the manifest, and a picture."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.errors import DatasetError, quoted
from handgen.files import from_os_error, replacing
from handgen.formats.base import Sample
from handgen.glyphs.contact_sheet import save_sheet
from handgen.lines.gated import DROPPED, KEPT, REDRAWN
from handgen.seeds import SampleKey
from handgen.synthesis.samples import Synthesis
from handgen.typed import Record

REJECTS, SHEET = "rejects.jsonl", "rejects.png"
_OUTCOMES = (REDRAWN, DROPPED, KEPT)
_MOST = 1 << 48
_STYLES, _EACH = 8, 8
"""Styles in the picture, and glyphs of each."""


def resume(folder: Path, written: int) -> None:
    """Forget what is listed of samples that were not written, as after a crash."""
    file = folder / REJECTS
    if file.is_file():
        kept = [line for line in _lines(file) if line["index"] < written]
        with replacing(file) as part:
            part.write_text("".join(_text(line) for line in kept), encoding="utf-8")


def note(folder: Path, samples: Iterable[Sample]) -> None:
    """List what did not pass at first, glyphs of lines as well; before it is written, so that nothing is missing.

    Raises:
        HandgenError: the disk is full.
    """
    lines = "".join(_text(line) for sample in samples for line in _listed(sample))
    if lines:
        try:
            with (folder / REJECTS).open("a", encoding="utf-8") as out:
                out.write(lines)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise from_os_error(error, folder) from error


def _listed(sample: Sample) -> list[dict[str, Any]]:
    """Return what to list of a glyph, at most one thing, or of the glyphs of a line."""
    gate, style = sample.meta["gate"], sample.meta["style"]
    if isinstance(gate["p"], list):
        return [{"index": sample.index, "style": style, **fault} for fault in gate.get("faults", ())]
    if not gate.keys() & {"first", "rejected"}:
        return []
    planned = gate.get("instead", {"char": sample.text, "style": style})
    wrote = {"wrote": {"char": sample.text, "style": style}} if "instead" in gate else {}
    outcome = KEPT if "rejected" in gate else DROPPED if "instead" in gate else REDRAWN
    read = {"first": gate.get("first", gate["p"]), "as": gate.get("as", ""), "p": gate["p"]}
    return [{"index": sample.index, **planned, "outcome": outcome, **wrote, "tries": gate.get("tries", 0), **read}]


def _text(line: dict[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class _Line(Record):
    """What each line of the list has; see ``_listed``."""

    index: int
    style: str
    char: str
    outcome: str
    tries: int
    position: int | None = None
    wrote: Mapping[str, str] | None = None

    def fits(self) -> bool:
        """Whether the values are possible."""
        wrote = self.wrote is None or self.wrote.keys() >= {"char", "style"}
        numbers = (self.index, self.tries, self.position or 0)
        return wrote and self.outcome in _OUTCOMES and all(0 <= number < _MOST for number in numbers)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a list.

    Raises:
        DatasetError: one is damaged.
    """
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return  # what a kill cut short
            try:
                facts = json.loads(line)
                if not _Line.from_json(facts).fits():
                    raise ValueError
                _text(facts).encode()  # half a surrogate pair, which JSON can hold, is no text
            except (ValueError, RecursionError):
                raise _damaged(file, f"line {number} is damaged") from None
            yield facts


def _damaged(file: Path, what: str) -> DatasetError:
    return DatasetError(f"{file}: {what}", f"Delete {quoted(file.parent)} and run the command again.")


def summary(folders: Sequence[Path]) -> dict[str, Any]:
    """Return what the manifest says: how many were redrawn, dropped for something else, or kept all the same.

    In all, by style and by character, most frequent first.
    """
    found: dict[str, dict[str, Counter[str]]] = {"styles": {}, "characters": {}}
    total: Counter[str] = Counter()
    for folder in folders:
        for line in _lines(folder / REJECTS) if (folder / REJECTS).is_file() else ():
            total[line["outcome"]] += 1
            found["styles"].setdefault(line["style"], Counter())[line["outcome"]] += 1
            found["characters"].setdefault(line["char"], Counter())[line["outcome"]] += 1
    ordered = {
        group: {name: dict(counts) for name, counts in sorted(rows.items(), key=lambda row: (-row[1].total(), row[0]))}
        for group, rows in found.items()
    }
    return {outcome: total[outcome] for outcome in _OUTCOMES} | ordered


def save_rejects(out: Path, folders: Sequence[tuple[Path, int]], synthesis: Synthesis) -> None:
    """Draw what was turned away first: a row a style, and below it what the dataset has instead.

    Under each stands what was to be drawn, and what it was read as.

    Args:
        out: the dataset.
        folders: where lists are, and the number in the run of each's first sample.
        synthesis: draws them again.

    Raises:
        DatasetError: a list is damaged.
    """
    known = {style.name for style in synthesis.source.styles}
    chosen: dict[str, list[dict[str, Any]]] = {}
    for folder, start in folders:
        for line in _lines(folder / REJECTS) if (folder / REJECTS).is_file() else ():
            for each in (line, line.get("wrote") or line):
                if each["char"] not in synthesis.source.chars or each["style"] not in known:
                    raise _damaged(folder / REJECTS, f"nothing draws '{each['char']}' in the style '{each['style']}'")
            row = chosen.setdefault(line["style"], []) if len(chosen) < _STYLES else chosen.get(line["style"], [])
            if len(row) < _EACH:
                row.append(line | {"index": line["index"] + start})
        if len(chosen) == _STYLES and all(len(row) == _EACH for row in chosen.values()):
            break
    rows, words = [], []
    for style, lines in chosen.items():
        rows += [(style, _drawn(synthesis, lines, lines, [0] * len(lines)))]
        words += [[f"{line['char']} → {line.get('as') or 'nothing'}" for line in lines]]
        if any(line["tries"] for line in lines):
            rows += [("instead", _instead(synthesis, lines))]
            words += [[""] * len(lines)]
    if rows:
        save_sheet(out / SHEET, rows, words=words)


def _instead(synthesis: Synthesis, lines: Sequence[dict[str, Any]]) -> NDArray[np.uint8]:
    """Draw what came instead of rejects: blank paper, where a line was written without it."""
    wrote = [line.get("wrote") or line for line in lines]
    drawn = _drawn(synthesis, lines, wrote, [line["tries"] for line in lines])
    drawn[[line["outcome"] == DROPPED and "position" in line for line in lines]] = 255
    return drawn


def _drawn(
    synthesis: Synthesis, lines: Sequence[dict[str, Any]], shown: Sequence[dict[str, Any]], attempts: Sequence[int]
) -> NDArray[np.uint8]:
    """Draw chars in styles, uint8 ``[n, size, size]``, as they were drawn for the samples, or the lines, of rejects."""
    source = synthesis.source
    style_of = {style.name: number for number, style in enumerate(source.styles)}
    index = np.array([line["index"] for line in lines], np.int64)
    # Characters of lines are numbered from 1 in the keys of their drawings, and from 0 in the list.
    position = np.array([line["position"] + 1 if "position" in line else 0 for line in lines], np.int64)
    characters = np.array([source.chars.index(each["char"]) for each in shown], np.int64)
    styles = np.array([style_of[each["style"]] for each in shown], np.int64)
    key = SampleKey.of(synthesis.plan.seed, index, position, np.array(attempts, np.int64))
    return synthesis.draw(characters, styles, key).images
