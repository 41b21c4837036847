"""How far long work is: live lines on a terminal, and a line every few seconds where output is piped or kept."""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from handgen.training.engine import Progress as Report

EVERY = 5.0
"""Seconds between two lines."""
_TRAINING_EVERY = 30.0
_WEIGHTED, _ACCURACY = " weighted", " accuracy"
_HARD_SPACE = "\u00a0"
_GAP = 2


class Lines:
    """Prints how far work is every few seconds, from a thread of its own: a long step is not silent, either.

    Use as a context manager. Nothing is printed before the first few seconds have passed.

    Args:
        console: where to.
        say: returns the line; an empty one is not printed.
        every: seconds between lines; EVERY by default.
    """

    def __init__(self, console: Console, say: Callable[[], str], every: float | None = None) -> None:
        self._console, self._say, self._every = console, say, EVERY if every is None else every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Lines:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._every):
            if line := self._say():
                self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class Pace:
    """Counts what is done and says so: ``fonts: 12 of 61, 1.3 a second, 38 s left``.

    Args:
        what: is counted, in the plural.
        total: how many there are.
    """

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0
        self._begun = time.monotonic()

    def line(self) -> str:
        """Return how far it is."""
        return pace_line(self.what, self.done, self.total, self.done / max(time.monotonic() - self._begun, 1e-9))


def pace_line(what: str, done: int, total: int, rate: float) -> str:
    """Return a line of how far work is.

    Args:
        what: is counted, in the plural.
        done: how many are done.
        total: how many there are.
        rate: how many a second; 0 = nobody knows yet, and no time left is told.
    """
    line = f"{what}: {done:,} of {total:,}"
    if rate <= 0 or not done:
        return line
    pace = f"{rate:.3g} a second" if rate >= 1 else f"{_duration(1 / rate)} each"
    return f"{line}, {pace}, {_duration((total - done) / rate)} left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


class TrainingBar:
    """Shows how far a run is, images a second, the time left, and below them the losses of each phase.

    Use as a context manager, and ``show`` what the trainer tells. All of it goes when it ends. Where there is no
    terminal, a line every half a minute says how far it is, and the losses.

    Args:
        console: where to.
        total: images of the whole run.
        completed: images seen before.
    """

    def __init__(self, console: Console, total: int, completed: int) -> None:
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
        self._total, self._line = total, ""
        self._shown: Live | Lines = (
            Live(self, console=console, transient=True)
            if console.is_terminal
            else Lines(console, lambda: self._line, _TRAINING_EVERY)
        )

    def __enter__(self) -> TrainingBar:
        self._shown.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._shown.__exit__(None, None, None)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._bar.get_renderable()
        yield losses_table(self._losses, options.max_width)

    def show(self, report: Report) -> None:
        """Show the state of the run."""
        self._losses = report.losses
        told = "  ".join(f"{name} {_short(value)}" for name, value in report.losses.items() if _is_loss(name))
        self._line = f"{pace_line('images', report.images, self._total, report.rate)}  {told}".rstrip()
        self._bar.update(self._task, completed=report.images, rate=f"{report.rate:.0f} images/s")


def losses_table(losses: Mapping[str, float], width: int) -> Table:
    """Return the losses, a row for each phase, and the discriminator's accuracy.

    A name and its value stay together where a narrow terminal breaks the row.

    Args:
        losses: by name, as ``G/l1``; weighted ones are left out.
        width: of the terminal, in characters.
    """
    rows: dict[str, list[str]] = {}
    for key, value in losses.items():
        phase, _, name = key.rpartition("/")
        if name.endswith(_ACCURACY):
            rows.setdefault(f"{phase} accuracy", []).append(f"{name.removesuffix(_ACCURACY)} {value:.2f}")
        elif not name.endswith(_WEIGHTED):
            rows.setdefault(phase, []).append(f"{name} {_short(value)}")
    room = max(12, width - max(map(len, rows), default=0) - _GAP)
    table = Table.grid(padding=(0, _GAP))
    for name, entries in sorted(rows.items()):
        whole = "  ".join(entry.replace(" ", _HARD_SPACE) for entry in entries)
        table.add_row(Text(name), Text("\n".join(textwrap.wrap(whole, room))))  # rich breaks at hard spaces too
    return table


def _is_loss(name: str) -> bool:
    return not name.endswith((_WEIGHTED, _ACCURACY))


def _short(value: float) -> str:
    """Return a number in five characters or so: losses range from 1e-6 to 1e6."""
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.3g}"
