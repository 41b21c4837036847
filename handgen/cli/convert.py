"""``handgen convert``: one dataset format to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handgen.cli.common import Debug, DryRun, Json, Workers, print_json, stderr, stdout
from handgen.errors import quoted

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
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help="Leave out what cannot be read, and list it in OUT/left_out.jsonl."),
    ] = False,
    workers: Workers = 0,
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a dataset in the format of another trainer; labels, images and order stay as they are.

    Labels that are no NFC are put into NFC, as all formats want it, and counted; what is noted of samples in
    further columns goes along.

    What kind of dataset IN is, handgen finds out itself. Stopped anywhere, the same command goes on.

    [bold]Examples:[/bold]

    handgen convert datasets/zi2zi datasets/doctr --format doctr

    handgen convert datasets/shards datasets/whole --format lmdb

    handgen convert datasets/zi2zi datasets/tars -f webdataset --dry-run

    handgen convert theirs datasets/whole --skip-bad
    """
    from handgen.convert import Conversion

    conversion = Conversion(source, out, format, skip_bad=skip_bad)
    written = False
    if not as_json:
        samples = "" if conversion.total is None else f", {conversion.total:,} samples"
        lines = f"in   {source} ({conversion.format}{samples})\nout  {out} ({conversion.target})"
        stdout.print(lines, soft_wrap=True, markup=False)
    if not dry_run:
        written = _with_progress(conversion, workers)
        if not as_json:
            _print_changes(conversion)
            done = f"next: handgen check {quoted(out)}" if written else f"{out} is complete already"
            stdout.print(done, soft_wrap=True, markup=False)
    if as_json:
        facts = {"in": str(source), "out": str(out), "samples": conversion.total, "written": written}
        facts |= {"left_out": len(conversion.left_out), "labels_changed": conversion.changes.count}
        print_json({**facts, **conversion.identity()})


def _print_changes(conversion: Conversion) -> None:
    if count := conversion.changes.count:
        examples = "; ".join(conversion.changes.described())
        stdout.print(f"NFC changed {count:,} labels: {examples}", soft_wrap=True, markup=False)
    from handgen.convert import LEFT_OUT

    if left := conversion.left_out:
        stdout.print(f"left out {len(left):,} (all in {conversion.out}/{LEFT_OUT}):", soft_wrap=True, markup=False)
        for each in left[:5]:
            stdout.print(f"  {each}", soft_wrap=True, markup=False)


def _with_progress(conversion: Conversion, workers: int) -> bool:
    import os

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task("", total=conversion.total)
        return conversion.write(
            lambda samples: bar.update(task, completed=samples), workers=workers or os.cpu_count() or 1
        )
