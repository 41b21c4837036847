"""The live lines of a training run: a bar, and below it every loss."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from handgen.training.engine import Progress as Report

_WEIGHTED, _ACCURACY = " weighted", " accuracy"
_HARD_SPACE = "\u00a0"
_GAP = 2


class TrainingBar:
    """Shows how far a run is, images a second, the time left, and below them the losses of each phase.

    Use as a context manager, and ``show`` what the trainer tells. All of it goes when it ends.

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
        self._live = Live(self, console=console, transient=True)

    def __enter__(self) -> TrainingBar:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._bar.get_renderable()
        yield losses_table(self._losses, options.max_width)

    def show(self, report: Report) -> None:
        """Show the state of the run."""
        self._losses = report.losses
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


def _short(value: float) -> str:
    """Return a number in five characters or so: losses range from 1e-6 to 1e6."""
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.3g}"
