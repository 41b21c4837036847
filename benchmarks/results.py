"""Figures kept as JSON, and told as Markdown and as a plot. A part that is measured again replaces the old one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes

from benchmarks.row import Row

JSON, MARKDOWN, PLOT = "results.json", "RESULTS.md", "results.png"
_OURS, _PEER = "#1f6f8b", "#b8b8b8"


@dataclass(frozen=True)
class Measured:
    """A part of the benchmarks, once it was measured.

    Attributes:
        part: its name.
        title: what it shows.
        about: what a reader must know.
        scale: how much was measured.
        seconds: how long all of it took.
        machine: where.
        rows: the figures.
    """

    part: str
    title: str
    about: str
    scale: str
    seconds: float
    machine: Mapping[str, Any]
    rows: Sequence[Row]

    @property
    def key(self) -> tuple[str, str]:
        """What it replaces: the same part on the same kind of device."""
        return self.part, self.machine["gpu"]


def load(folder: Path) -> list[Measured]:
    """Return what was measured before; nothing if there is no file."""
    file = folder / JSON
    if not file.is_file():
        return []
    parts = json.loads(file.read_text(encoding="utf-8"))
    return [Measured(**{**part, "rows": [Row(**row) for row in part["rows"]]}) for part in parts]


def merged(before: Sequence[Measured], new: Measured, order: Sequence[str]) -> list[Measured]:
    """Return all parts, those of one machine together, in the order of ``order``; ``new`` replaces its like."""
    parts = [part for part in before if part.key != new.key] + [new]
    machines = [part.machine for part in parts]
    return sorted(parts, key=lambda part: (part.machine["gpu"], machines.index(part.machine), order.index(part.part)))


def save(folder: Path, parts: Sequence[Measured]) -> None:
    """Write the JSON, the Markdown and the plot."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_text(json.dumps([asdict(part) for part in parts], indent=1) + "\n", encoding="utf-8")
    (folder / MARKDOWN).write_text(markdown(parts), encoding="utf-8")
    plot(parts, folder / PLOT)


def groups(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows by group, in order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.group, []).append(row)
    return found


def base(rows: Sequence[Row]) -> float:
    """Return the rate of the fastest peer among the rows of a group; 0 if there is none."""
    return max((row.rate for row in rows if row.peer), default=0.0)


def markdown(parts: Sequence[Measured]) -> str:
    """Return the tables, a section for each part."""
    lines = [
        "# Results",
        "",
        "`make bench` wrote this file. Each ratio is to the fastest peer of its table, timed in the same run: quote",
        "ratios, never the absolutes. What is compared, and how, is in [README.md](README.md).",
        "",
        f"![The same figures as bars and curves]({PLOT})",
    ]
    shown: Mapping[str, Any] = {}
    for part in parts:
        if part.machine != shown:
            shown = part.machine
            lines += ["", f"## {_machine(shown)}"]
        lines += ["", f"### {part.title}", "", *_wrapped(part.about), ""]
        lines += [f"Scale {part.scale}; it took {part.seconds:.0f} s."]
        for name, rows in groups(part.rows).items():
            lines += ["", f"**{name}**", "", *_table(rows)]
    return "\n".join(lines) + "\n"


def _machine(machine: Mapping[str, Any]) -> str:
    gpu = f"{machine['gpu']}, " if machine["gpu"] else ""
    software = f"Python {machine['python']}, torch {machine['torch']}, handgen {machine['handgen']}"
    memory = f"{machine['memory_gib']:.0f} GiB"
    return f"{gpu}{machine['cpu']}, {machine['cores']} cores, {memory}; {machine['system']}; {software}"


def _wrapped(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def _table(rows: Sequence[Row]) -> list[str]:
    """Return a Markdown table; columns that say nothing are left out."""
    best, unit = base(rows), rows[0].unit
    columns = {
        "what": [row.name for row in rows],
        f"{unit}/s": [_number(row.rate) for row in rows],
        "ratio": [f"{row.rate / best:.2f}" if best else "" for row in rows],
        "seconds": [f"{row.seconds:,.1f}" if row.x else "" for row in rows],
        "peak MiB": [f"{row.peak_mib:,.0f}" if row.peak_mib else "" for row in rows],
        "share of peak arithmetic": [f"{row.share:.0%}" if row.share else "" for row in rows],
        "note": [row.note for row in rows],
    }
    kept = {head: cells for head, cells in columns.items() if any(cells)}
    lines = ["| " + " | ".join(kept) + " |"]
    lines.append("|" + "|".join("---" if head in ("what", "note") else "--:" for head in kept) + "|")
    return lines + ["| " + " | ".join(cells) + " |" for cells in zip(*kept.values(), strict=True)]


def _number(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def plot(parts: Sequence[Measured], path: Path) -> None:
    """Draw each group with a peer as bars, and each that grows as curves; the last machine's parts if there are two."""
    last = [part for part in parts if part.machine == parts[-1].machine]
    found = ((f"{part.title}: {name}", rows) for part in last for name, rows in groups(part.rows).items())
    shown = [(name, rows) for name, rows in found if base(rows) or rows[0].x]
    if not shown:
        return
    across = 2
    down = -(-len(shown) // across)
    figure, axes = pyplot.subplots(down, across, figsize=(13, 2.6 * down), squeeze=False, layout="constrained")
    for axis, (name, rows) in zip(axes.flat, shown, strict=False):
        (_curves if rows[0].x else _bars)(axis, name, rows)
    for axis in axes.flat[len(shown) :]:
        axis.set_axis_off()
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def _bars(axis: Axes, name: str, rows: Sequence[Row]) -> None:
    best = base(rows)
    rates = [row.rate / best for row in rows]
    bars = axis.barh([row.name for row in rows], rates, color=[_PEER if row.peer else _OURS for row in rows])
    axis.bar_label(bars, [f"{rate:.1f} ×" if rate >= 10 else f"{rate:.2f} ×" for rate in rates], padding=3)
    axis.set_xlim(0, 1.15 * max(rates))
    axis.invert_yaxis()
    axis.set_title(name, fontsize=10)
    axis.set_xlabel("speed, the fastest peer = 1", fontsize=8)
    axis.spines[["top", "right"]].set_visible(False)


def _curves(axis: Axes, name: str, rows: Sequence[Row]) -> None:
    x = [row.x for row in rows]
    axis.loglog(x, [row.seconds for row in rows], "o-", color=_OURS, label="seconds")
    axis.loglog(x, [row.peak_mib for row in rows], "s--", color="#c2571a", label="peak memory, MiB")
    axis.set_xticks(x, [f"{each:,}" for each in x], minor=False)
    axis.minorticks_off()
    axis.set_title(name, fontsize=10)
    axis.legend(fontsize=8)
    axis.spines[["top", "right"]].set_visible(False)
