"""The options that mean the same on every command, and how all of them speak."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from handgen.errors import HandgenWarning
from handgen.settings import PATHS as PATHS
from handgen.settings import RUNNING as RUNNING

_NARROWEST, _SHOWN = 20, 10


def _heed_width() -> None:
    """Forget a COLUMNS of 0, as some containers and editors set it: nothing at all would be printed."""
    columns = os.environ.get("COLUMNS", "").strip()
    if columns.isdecimal() and int(columns) < _NARROWEST:
        del os.environ["COLUMNS"]


_heed_width()
stdout = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)

debugging: list[bool] = []
"""Not empty once ``--debug`` was given; ``run`` clears it."""


def _debug(value: bool) -> None:
    if value:
        debugging.append(True)


Data = Annotated[Path, typer.Option("--data", help="Glyph store.", rich_help_panel=PATHS)]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.", rich_help_panel=RUNNING)]
Workers = Annotated[
    int,
    typer.Option("--workers", min=0, help="Parallel workers; 0 = one for each core.", rich_help_panel=RUNNING),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the resolved plan and stop.", rich_help_panel=RUNNING)]
SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad/--no-skip-bad",
        help="Leave out what cannot be read, and list it in OUT/left_out.jsonl; or stop at the first.",
        rich_help_panel=RUNNING,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.", rich_help_panel=RUNNING)]
Debug = Annotated[
    bool,
    typer.Option("--debug", callback=_debug, is_eager=True, help="Show tracebacks.", rich_help_panel=RUNNING),
]


def say(*lines: str) -> None:
    """Print lines on stdout as they are: never wrapped, and brackets are no markup."""
    for line in lines:
        stdout.print(line, soft_wrap=True, markup=False)


def say_facts(facts: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
    """Print names and values in two columns, as a plan or the files of a result."""
    rows = list(facts.items() if isinstance(facts, Mapping) else facts)
    width = max((len(name) for name, _ in rows), default=0)
    say(*(f"{name:<{width}}  {value}" for name, value in rows))


def say_left_out(left: Sequence[object], where: str) -> None:
    """Print the first samples that were left out, and where all are listed."""
    say(f"left out {len(left):,} ({where}):", *(f"  {each}" for each in left[:_SHOWN]))


def warn(text: str) -> None:
    """Print one line on stderr that begins with ``warning:``."""
    stderr.print(f"[yellow]warning:[/yellow] {escape(' '.join(text.split()))}", soft_wrap=True)


def report_error(text: str) -> None:
    """Print one line on stderr that begins with ``error:``."""
    stderr.print(f"[bold red]error:[/bold red] {escape(' '.join(text.split()))}", soft_wrap=True)


@contextlib.contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Print handgen's own warnings as ``warn`` does; others stay what Python makes of them."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, HandgenWarning):
                warn(str(message))
            else:
                others(message, category, *where, **more)

        warnings.simplefilter("always", HandgenWarning)
        warnings.showwarning = show
        yield


def print_json(value: Any) -> None:
    """Print ``value`` as JSON, and nothing else, on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))
