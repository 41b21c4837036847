"""A dataset's page: one pass over its records, which decodes only the images that are shown."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from handgen.check.report import Track
from handgen.formats.find import Found, is_finished, manifest_of
from handgen.formats.findings import Findings
from handgen.formats.reading import Record
from handgen.report.charts import bars
from handgen.report.evaluation import RESULTS, remarks, tables
from handgen.report.page import Card, Chart, Grid, Page, settings_of
from handgen.report.pictures import Album, size_of
from handgen.report.rejects import turned_away
from handgen.seeds import generator

_STYLES, _COLUMNS, _CANDIDATES = 24, 16, 64
"""Styles of the grid, its characters, and those that it chooses them from."""
_FILLED = 0.6
"""From this share of cells on, styles are shown by the same characters."""
_RANDOM, _EACH, _WORST = 240, 24, 48
"""Random samples in all and of one style, and bad ones."""
_BINS = 24
_SECRET = "info.style_table"
"""Holds the vectors of styles, which tell a person nothing."""


_Kept = list[tuple[str, bytes | None]]
"""Labels and encoded images."""


class _Pass:
    """What one pass over the records keeps."""

    def __init__(self, suspicious: Iterable[int]) -> None:
        self.samples = 0
        self.styles: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self.widths: Counter[int] = Counter()
        self.heights: Counter[int] = Counter()
        self.cells: dict[tuple[str, str], bytes] = {}
        self.candidates: dict[str, None] = {}
        self.chosen: dict[str, _Kept] = {}
        self.suspicious: dict[int, tuple[str, str, bytes | None] | None] = dict.fromkeys(suspicious)
        self._random = generator(0, "report")

    def add(self, record: Record) -> None:
        """Take in one record; its image is kept, still encoded, only where it may be shown."""
        label = (record.label or b"").decode("utf-8", errors="replace")
        style, image = record.style or "", record.image
        self.samples += 1
        self.styles[style] += 1
        self.labels[label] += 1
        size = record.size or (size_of(image) if image else None)
        if size is not None:
            self.widths[size[0]] += 1
            self.heights[size[1]] += 1
        if record.number in self.suspicious:
            self.suspicious[record.number] = (style, label, image)
        if len(label) == 1 and len(self.candidates) < _CANDIDATES:
            self.candidates[label] = None
        shown = len(self.styles) <= _STYLES or style in self.chosen
        if image and shown and label in self.candidates:
            self.cells.setdefault((style, label), image)
        if shown:
            self._draw(style, label, image)

    def _draw(self, style: str, label: str, image: bytes | None) -> None:
        """Keep each sample of a style with the same chance (Vitter 1985, algorithm R)."""
        kept = self.chosen.setdefault(style, [])
        if len(kept) < _EACH:
            kept.append((label, image))
        elif (slot := int(self._random.integers(self.styles[style]))) < _EACH:
            kept[slot] = (label, image)


def dataset_page(dataset: Found, track: Track | None = None) -> Page:
    """Return the page of a dataset.

    Args:
        dataset: where it is, and what reads it.
        track: shows progress.

    Raises:
        UsageError: the file is of another kind.
    """
    path = dataset.path
    evaluated = _json(path / RESULTS)
    bad = {int(sample["number"]): sample for sample in evaluated.get("suspicious", [])[:_WORST]}
    found = _Pass(bad)
    with dataset.open() as reader:
        records: Iterable[Record] = reader.records(Findings())
        for record in track(records, path, reader.total) if track else records:
            found.add(record)
    album = Album()
    page = Page(path.resolve().name, f"dataset · {dataset.kind.format}", _facts(found))
    if not is_finished(path):
        page.remarks.append("This dataset is not finished. The command that made it goes on where it stopped.")
    page.remarks += [f"Evaluation: {remark}." for remark in remarks(evaluated)]
    page.grid = _grid(found, album)
    page.worst = [_bad_card(sample, bad[number], album) for number, sample in found.suspicious.items() if sample]
    page.sheets = _rejected(path, album)
    each = max(4, _RANDOM // max(1, len(found.chosen)))
    for style, samples in _in_order(found.chosen):
        page.samples += [Card(uri, style, label) for label, image in samples[:each] if (uri := album.add(image))]
    page.charts = _charts(found)
    page.tables = [*turned_away(path), *tables(evaluated)]
    rows = settings_of(manifest_of(path))
    page.settings = [(name, value) for name, value in rows if name != _SECRET]
    return page


def _facts(found: _Pass) -> list[tuple[str, str]]:
    characters = len(set().union(*found.labels)) if found.labels else 0
    styles = len([name for name in found.styles if name])
    named = [("samples", found.samples), ("different labels", len(found.labels)), ("characters", characters)]
    facts = [(name, f"{count:,}") for name, count in [*named, ("styles", styles)] if count]
    if found.widths:
        facts.append(("size", f"{_range(found.widths)} × {_range(found.heights)} px"))
    return facts


def _range(counts: Mapping[int, int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low}–{high}"


def _grid(found: _Pass, album: Album) -> Grid | None:
    """Show the characters that most styles have; where most styles lack most of them, each style's own."""
    styles = _in_order(found.chosen)
    often = Counter(char for _, char in found.cells)
    chars = [char for char, _ in often.most_common(_COLUMNS)]
    if not chars:
        return None
    filled = sum(often[char] for char in chars) / (len(chars) * len(styles))
    if filled >= _FILLED:
        rows = [(style, [(char, album.add(found.cells.get((style, char)))) for char in chars]) for style, _ in styles]
    else:
        chars, rows = [], [(style, _own(kept, album)) for style, kept in styles]
        if several := [row for row in rows if len(row[1]) > 1]:  # single samples are among those below
            rows = several
    return Grid(chars, rows, len(found.styles))


def _own(kept: _Kept, album: Album) -> list[tuple[str, str | None]]:
    """Return single characters of a style, no label twice."""
    images = {label: image for label, image in reversed(kept) if len(label) == 1 and image}
    return [(label, album.add(images[label])) for label in sorted(images)[:_COLUMNS]]


def _in_order(chosen: Mapping[str, _Kept]) -> list[tuple[str, _Kept]]:
    """Sort styles by name as a person would: style-2 before style-10."""
    return sorted(chosen.items(), key=lambda item: re.sub(r"\d+", lambda digits: digits[0].zfill(12), item[0]))


def _bad_card(sample: tuple[str, str, bytes | None], verdict: Mapping[str, Any], album: Album) -> Card:
    style, label, image = sample
    note = f"#{verdict['number']} reads as {verdict['read'] or 'nothing'}, {float(verdict['confidence']):.0%}"
    return Card(album.add(image), style, label, note)


def _rejected(path: Path, album: Album) -> list[tuple[str, str]]:
    files = [path / "rejects.png", *sorted((path / "rejects").glob("*.png"))]
    return [(f"rejected: {file.stem}", uri) for file in files if (uri := album.add_file(file))]


def _charts(found: _Pass) -> list[Chart]:
    charts = []
    if len(found.labels) > 1:
        often = Counter(found.labels.values())
        top = sorted(often.items())
        word = "How many labels occur how often: one bar alone means a balanced set."
        charts.append(Chart("Samples per label", bars(_binned(dict(top)), "labels by number of samples"), word))
        svg = bars(_short(found.labels.most_common(_BINS)), "most frequent labels")
        charts.append(Chart("Most frequent labels", svg))
    if len(found.widths) > 1:
        word = "Widths of the images in pixels."
        charts.append(Chart("Widths", bars(_binned(found.widths), "images by width in pixels"), word))
    if len([name for name in found.styles if name]) > 1:
        charts.append(Chart("Samples per style", bars(_short(found.styles.most_common(_BINS)), "samples by style")))
    return charts


def _short(counts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Cut captions to what there is room for under the bars, if not under each of them."""
    most = max(12, 84 // len(counts))
    return [(name if len(name) <= most else name[: most - 1] + "…", count) for name, count in counts]


def _binned(counts: Mapping[int, int]) -> list[tuple[str, int]]:
    """Gather counts of numbers into at most ``_BINS`` bars of equal range."""
    low, high = min(counts), max(counts)
    step = -(-(high - low + 1) // _BINS)
    bins = dict.fromkeys(range(low, high + 1, step), 0)
    for value, count in counts.items():
        bins[low + (value - low) // step * step] += count
    return [(f"{start}" if step == 1 else f"{start}–{start + step - 1}", count) for start, count in bins.items()]


def _json(path: Path) -> dict[str, Any]:
    """Return what a JSON file holds; nothing if it is not there or no JSON object."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
