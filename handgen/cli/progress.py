"""How far a command is: a bar on a terminal; where output is piped, a line every few seconds."""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from handgen.cli import common

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from handgen.training.engine import Progress as Report

EVERY = 5.0
"""Seconds between the lines of piped output at first; in a long run they become rarer, to one in a minute."""
_RAREST, _SHARE = 60.0, 0.02
_WEIGHTED, _ACCURACY = " weighted", " accuracy"
_HARD_SPACE = "\u00a0"
_GAP = 2
Item = TypeVar("Item")


class Bar:
    """Shows how far a job is, how fast it goes and how long it still takes. All of a bar goes when it ends.

    Use as a context manager.

    Args:
        what: what is being done, or to what.
        total: when it is done; None if nobody knows.
        done: how much of it was done before.
        counted: show numbers, of things; else a percentage, as of bytes.
        unit: what is counted, as in "310 glyphs/s".
        console: where to; stderr unless given.
        every: seconds between lines; ``EVERY`` unless given.
    """

    def __init__(
        self,
        what: str,
        total: float | None = None,
        *,
        done: float = 0,
        counted: bool = True,
        unit: str = "",
        console: Console | None = None,
        every: float | None = None,
    ) -> None:
        console = console or common.stderr
        self._what, self._total, self._counted, self._unit = what, total, counted, unit
        self._done = self._first = done
        self._bar: Progress | None = None
        self._lines: _Lines | None = None
        if console.is_terminal:
            columns: list[ProgressColumn] = [TextColumn("{task.description}", markup=False), BarColumn(bar_width=20)]
            columns += [MofNCompleteColumn(), _Rate(unit)] if counted else [TaskProgressColumn()]
            columns += [TimeElapsedColumn(), TimeRemainingColumn()]
            self._bar = Progress(*columns, console=console, transient=True, speed_estimate_period=60)
            self._task = self._bar.add_task(what, total=total, completed=int(done))
        else:
            self._lines = _Lines(self._line, console, every)

    def __enter__(self) -> Bar:
        if self._bar:
            self._bar.start()
        if self._lines:
            self._lines.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar:
            self._bar.stop()
        if self._lines:
            self._lines.stop()

    def show(self, done: float, what: str | None = None, total: float | None = None) -> None:
        """Show that so much is done by now; ``what`` and ``total`` replace former ones."""
        self._done = done
        self._what = self._what if what is None else what
        self._total = self._total if total is None else total
        if self._bar:
            self._bar.update(self._task, completed=done, description=self._what, total=self._total)

    def _line(self, seconds: float) -> str:
        rate = (self._done - self._first) / seconds
        return pace(self._what, self._done, self._total, rate, unit=self._unit, counted=self._counted)


def track(items: Iterable[Item], path: Path, total: int | None) -> Iterator[Item]:
    """Yield the records of a dataset, and show how far the reading is."""
    with Bar(f"reading {path.name}", total) as bar:
        for number, item in enumerate(items, 1):
            yield item
            bar.show(number)


def pace(what: str, done: float, total: float | None, rate: float, *, unit: str = "", counted: bool = True) -> str:
    """Return a line such as ``drawing Caveat: 1,200 of 6,000 (20%), 310/s, 15 s left``.

    Args:
        what: is being done.
        done: so much.
        total: of so much; None if nobody knows.
        rate: so much a second.
        unit: what is counted.
        counted: see ``Bar``.
    """
    parts = []
    if counted and (done or total):
        parts.append(f"{done:,.0f}" + (f" of {total:,.0f}" if total else "") + (f" {unit}" if unit else ""))
    if total:
        parts[-1:] = [" ".join([*parts[-1:], f"({done / total:.0%})" if counted else f"{done / total:.0%}"])]
    if counted and rate:
        parts.append(_speed(rate))
    if total and rate and done < total:
        parts.append(f"{_span((total - done) / rate)} left")
    return ": ".join(part for part in (what, ", ".join(parts)) if part)


def _speed(rate: float, unit: str = "") -> str:
    if rate < 1:
        return f"{_span(1 / rate)} each"
    return f"{rate:,.0f}{f' {unit}' if unit else ''}/s" if rate >= 10 else f"{rate:.1f}{f' {unit}' if unit else ''}/s"


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


class _Rate(ProgressColumn):
    """How much a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(_speed(speed, self._unit) if speed else "")


class _Lines:
    """Prints where a job is every now and then, from a thread: a job that waits for something is not silent either."""

    def __init__(self, line: Callable[[float], str], console: Console, every: float | None) -> None:
        self._line, self._console, self._every = line, console, EVERY if every is None else every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._print, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _print(self) -> None:
        began = time.monotonic()
        while not self._over.wait(max(self._every, min(_RAREST, _SHARE * (time.monotonic() - began)))):
            self._console.print(self._line(time.monotonic() - began), soft_wrap=True, markup=False)


class TrainingBar:
    """Shows how far a run is, images a second, the time left, and below them the losses of each phase.

    Use as a context manager, and ``show`` what the trainer tells. All of it goes when it ends; where output is
    piped, lines stay.

    Args:
        console: where to.
        total: images of the whole run.
        completed: images seen before.
        every: seconds between lines; ``EVERY`` unless given.
    """

    def __init__(self, console: Console, total: int, completed: int, *, every: float | None = None) -> None:
        columns = (
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        self._bar = Progress(*columns, console=console, speed_estimate_period=60)
        self._task = self._bar.add_task("", rate="", total=total, completed=completed)
        self._losses: Mapping[str, float] = {}
        self._total, self._images, self._rate = total, completed, 0.0
        self._live = Live(self, console=console, transient=True) if console.is_terminal else None
        self._lines = None if self._live else _Lines(self._line, console, every)

    def __enter__(self) -> TrainingBar:
        if self._live:
            self._live.start()
        if self._lines:
            self._lines.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live:
            self._live.stop()
        if self._lines:
            self._lines.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._bar.get_renderable()
        yield losses_table(self._losses, options.max_width)

    def show(self, report: Report) -> None:
        """Show the state of the run."""
        self._losses, self._images, self._rate = report.losses, report.images, report.rate
        self._bar.update(self._task, completed=report.images, rate=f"{report.rate:.0f} images/s")

    def _line(self, seconds: float) -> str:
        shown = {phase: entries for phase, entries in _by_phase(self._losses).items() if not phase.endswith(_ACCURACY)}
        losses = "; ".join(f"{phase} {' '.join(entries)}" for phase, entries in sorted(shown.items()))
        line = pace("training", self._images, self._total, self._rate, unit="images")
        return f"{line}; {losses}" if losses else line


def losses_table(losses: Mapping[str, float], width: int) -> Table:
    """Return the losses, a row for each phase, and the discriminator's accuracy.

    A name and its value stay together where a narrow terminal breaks the row.

    Args:
        losses: by name, as ``G/l1``; weighted ones are left out.
        width: of the terminal, in characters.
    """
    rows = _by_phase(losses)
    room = max(12, width - max(map(len, rows), default=0) - _GAP)
    table = Table.grid(padding=(0, _GAP))
    for name, entries in sorted(rows.items()):
        whole = "  ".join(entry.replace(" ", _HARD_SPACE) for entry in entries)
        table.add_row(Text(name), Text("\n".join(textwrap.wrap(whole, room))))  # rich breaks at hard spaces too
    return table


def _by_phase(losses: Mapping[str, float]) -> dict[str, list[str]]:
    """Return each phase's losses, and its accuracies, as names with their values."""
    rows: dict[str, list[str]] = {}
    for key, value in losses.items():
        phase, _, name = key.partition("/")
        if name.endswith(_ACCURACY):
            rows.setdefault(f"{phase}{_ACCURACY}", []).append(f"{name.removesuffix(_ACCURACY)} {value:.2f}")
        elif not name.endswith(_WEIGHTED):
            rows.setdefault(phase, []).append(f"{name} {_short(value)}")
    return rows


def _short(value: float) -> str:
    """Return a number in five characters or so: losses range from 1e-6 to 1e6."""
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.3g}"
