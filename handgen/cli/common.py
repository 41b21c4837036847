"""The options that mean the same on every command, and the two consoles."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

_NARROWEST = 20


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


PLACES = "Where things are"
RUNNING = "How it runs"

Data = Annotated[Path, typer.Option("--data", help="Glyph store.", rich_help_panel=PLACES)]
Seed = Annotated[
    int,
    typer.Option(
        "--seed", min=0, max=2**32 - 1, help="Everything random follows from this number.", rich_help_panel=RUNNING
    ),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.", rich_help_panel=RUNNING)]
Workers = Annotated[
    int,
    typer.Option("--workers", min=0, help="Parallel workers; 0 = one for each core.", rich_help_panel=RUNNING),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the resolved plan and stop.", rich_help_panel=RUNNING)]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.", rich_help_panel=RUNNING)]
Debug = Annotated[
    bool,
    typer.Option("--debug", callback=_debug, is_eager=True, help="Show tracebacks.", rich_help_panel=RUNNING),
]


def print_json(value: Any) -> None:
    """Print ``value`` as JSON, and nothing else, on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))
