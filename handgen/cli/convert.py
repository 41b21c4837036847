"""``handgen convert``: one dataset format to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handgen.cli.common import Debug, DryRun, Json, Workers, print_json, stderr

if TYPE_CHECKING:
    from handgen.convert import Conversion


def convert(
    source: Annotated[
        Path,
        typer.Argument(metavar="IN", help="A dataset, or a folder of datasets to put together.", show_default=False),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the new dataset.", show_default=False)],
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="lmdb, imagefolder, parquet, webdataset, paddleocr, doctr, easyocr or kraken.",
        ),
    ] = "lmdb",
    workers: Workers = 0,
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a dataset in the format of another trainer; labels, images and order stay as they are.

    What kind of dataset IN is, handgen finds out itself. Stopped anywhere, the same command goes on.

    [bold]Examples:[/bold]

    handgen convert datasets/zi2zi datasets/doctr --format doctr

    handgen convert datasets/shards datasets/whole --format lmdb

    handgen convert datasets/zi2zi datasets/tars -f webdataset --dry-run
    """
    from handgen.convert import Conversion

    conversion = Conversion(source, out, format)
    written = False
    if not as_json:
        samples = "" if conversion.total is None else f", {conversion.total:,} samples"
        lines = f"in   {source} ({conversion.format}{samples})\nout  {out} ({conversion.target})"
        say(lines)
    if not dry_run:
        written = _with_progress(conversion, workers)
        if not as_json:
            done = f"next: handgen check {out}" if written else f"{out} is complete already"
            say(done)
    if as_json:
        facts = {"in": str(source), "out": str(out), "samples": conversion.total, "written": written}
        print_json({**facts, **conversion.identity()})


def _with_progress(conversion: Conversion, workers: int) -> bool:
    import os

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task("", total=conversion.total)
        return conversion.write(
            lambda samples: bar.update(task, completed=samples), workers=workers or os.cpu_count() or 1
        )
