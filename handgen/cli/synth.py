"""``handgen synth``: a checkpoint to a labelled dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handgen.cli.common import PLACES, RUNNING, Debug, Device, DryRun, Json, Seed, Workers, print_json, stderr, stdout

if TYPE_CHECKING:
    from handgen.synth.dataset import Run
    from handgen.synth.lines import Lines

WRITING, HANDS, LINES = "What to write", "In which hands", "Lines of text"
_RUNS = Path("runs")
_TRAINERS_LONGEST = 25


def synth(
    styles: Annotated[
        str,
        typer.Option(
            metavar="N|NAMES|continuous",
            help="A number: the trained styles first, then mixtures of them; with a bicyclegan, N latents far apart. "
            "Names with commas between. Or continuous: another latent for every sample.",
            show_default="every trained style",
            rich_help_panel=HANDS,
        ),
    ] = "",
    like: Annotated[
        Path | None,
        typer.Option(
            metavar="IMAGE|DIR",
            help="Write in this hand: an image of one character, or a folder of them (bicyclegan).",
            rich_help_panel=HANDS,
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Samples to write.", rich_help_panel=WRITING)] = 10_000,
    charset: Annotated[
        str | None,
        typer.Option(
            help="gb2312-1, gb2312, jis-1, big5-1, latin62, digits, ascii, a UTF-8 file, or the characters.",
            show_default="the characters of the model's store",
            rich_help_panel=WRITING,
        ),
    ] = None,
    text: Annotated[
        Path | None, typer.Option(help="UTF-8 text whose characters to write.", rich_help_panel=WRITING)
    ] = None,
    balance: Annotated[
        bool,
        typer.Option(
            "--balance/--no-balance",
            help="Every character equally often, or as often as in --text.",
            rich_help_panel=WRITING,
        ),
    ] = True,
    vary: Annotated[
        float,
        typer.Option(min=0, max=1, help="How much each drawing differs from the next, 0 to 1.", rich_help_panel=HANDS),
    ] = 1.0,
    degrade: Annotated[
        str,
        typer.Option(
            metavar="PRESET|FILE",
            help="none, pen, notebook, scan, photo, or a YAML file of effects: what a real page does to ink.",
            rich_help_panel=WRITING,
        ),
    ] = "none",
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help="lmdb, imagefolder, webdataset, paddleocr, doctr, easyocr, kraken or parquet.",
            rich_help_panel=WRITING,
        ),
    ] = "lmdb",
    lines: Annotated[
        bool, typer.Option("--lines", help="Write lines of text in place of single characters.", rich_help_panel=LINES)
    ] = False,
    corpus: Annotated[
        str,
        typer.Option(
            metavar="FILE|DIR|GENERATORS",
            help="UTF-8 text, a folder of .txt files, or some of numbers, dates, amounts, money, names, latin-names, "
            "ids, serials, phones, random, with commas.",
            show_default="all generators",
            rich_help_panel=LINES,
        ),
    ] = "",
    height: Annotated[
        int,
        typer.Option(
            min=16,
            max=256,
            help="Pixels, 16 to 256; 32, 48 and 64 are usual. The width if vertical.",
            rich_help_panel=LINES,
        ),
    ] = 48,
    vertical: Annotated[bool, typer.Option("--vertical", help="From top to bottom.", rich_help_panel=LINES)] = False,
    min_chars: Annotated[
        int, typer.Option(min=1, max=256, help="Least characters of a line, spaces counted.", rich_help_panel=LINES)
    ] = 1,
    max_chars: Annotated[
        int,
        typer.Option(min=1, max=256, help="Most characters; trainers drop longer than 25.", rich_help_panel=LINES),
    ] = 25,
    boost: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Share of lines that get a character of --charset put in, all in turn. 0 keeps the texts as they are.",
            rich_help_panel=LINES,
        ),
    ] = 0.1,
    boxes: Annotated[
        bool, typer.Option("--boxes", help="Keep each character's box beside the label.", rich_help_panel=LINES)
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Refuse a corpus of which a character cannot be drawn.", rich_help_panel=LINES),
    ] = False,
    list_styles: Annotated[
        bool, typer.Option("--list-styles", help="Show the trained styles and stop.", rich_help_panel=HANDS)
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            help="Run folder or model file.",
            show_default="the latest in runs/",
            rich_help_panel=PLACES,
        ),
    ] = None,
    font: Annotated[
        str | None,
        typer.Option(help="Source font.", show_default="the one the model was trained with", rich_help_panel=PLACES),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Dataset folder.", show_default="datasets/RUN", rich_help_panel=PLACES),
    ] = None,
    seed: Seed = 0,
    batch: Annotated[
        int, typer.Option(min=1, help="Samples under way at once; does not change them.", rich_help_panel=RUNNING)
    ] = 1024,
    workers: Workers = 0,
    device: Device = "auto",
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a labelled dataset (LMDB) with a trained model.

    Stopped anywhere, the same command goes on. Sample i depends on the seed and i alone.

    [bold]Examples:[/bold]

    handgen synth --styles 15 --count 100000

    handgen synth --list-styles

    handgen synth --lines --corpus novel.txt --height 48 --degrade scan --out datasets/lines

    handgen synth --lines --corpus dates,amounts,names --boxes --out datasets/forms

    handgen synth --degrade scan --format webdataset --out datasets/scans

    handgen synth --model runs/bicyclegan --styles continuous --count 100000 --out datasets/everyone

    handgen synth --model runs/bicyclegan --like scans/mine --charset latin62 --out datasets/mine

    handgen synth --styles ma-shan-zheng --charset gb2312-1 --count 50000 --out datasets/brush
    """
    from handgen.devices import resolve_device
    from handgen.errors import UsageError
    from handgen.synth.dataset import Request, Run
    from handgen.synth.lines import LineRequest
    from handgen.training.checkpoint import find_model, run_name

    file = find_model(model, sorted(_RUNS.glob("*/")))
    if not balance and text is None:
        raise UsageError("--no-balance needs a text to take frequencies from", "Give it with --text.")
    asked = LineRequest(corpus, height, vertical, min_chars, max_chars, boxes, boost, strict)
    if not lines and asked != LineRequest():
        raise UsageError("--corpus and the options of lines say nothing of single characters", "Add --lines.")
    request = Request(
        model=file,
        out=out or Path("datasets") / run_name(file),
        count=count,
        styles=styles,
        like=like,
        charset=charset,
        text=text,
        balance=balance,
        font=font,
        vary=vary,
        degrade=degrade,
        format=format,
        lines=asked if lines else None,
        seed=seed,
        device=resolve_device(device),
    )
    if list_styles:
        _list_styles(file, as_json)
        return
    run = Run(request)
    if not as_json:
        _print_plan(run)
    if not dry_run:
        written = _with_progress(run, batch, workers)
        if not as_json:
            _print_result(run, written)
    if as_json:
        print_json({"out": str(request.out), "written": not dry_run, **run.identity()})


def _list_styles(file: Path, as_json: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from handgen.training import checkpoint

    records = checkpoint.load(file).facts["styles"]
    if as_json:
        print_json(records)
        return
    table = Table("#", "style", "font", "licence")
    for number, record in enumerate(records, 1):
        origin = record.get("origin", {})
        licence = str(origin.get("licence") or "")
        table.add_row(str(number), Text(record["name"]), Text(str(origin.get("family", ""))), Text(licence[:60]))
    stdout.print(table)


def _print_plan(run: Run) -> None:
    from rich.table import Table
    from rich.text import Text

    request, content = run.request, run.content
    names = ", ".join(style.name for style in run.styles[:20]) + (", …" if len(run.styles) > 20 else "")
    rows = {
        "model": f"{request.model} ({run.checkpoint.facts['images']:,} images seen)",
        "styles": f"{len(run.styles)}: {names}",
        "content": f"{len(content.chars):,} characters" + (f" of {content.font.path.name}" if content.font else ""),
        "samples": f"{request.count:,}{_kind(run)}, seed {request.seed}, on {request.device}",
        "out": str(request.out),
    }
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in rows.items():
        table.add_row(key, Text(value))
    stdout.print(table)
    if run.lines:
        _warn_of_lines(run.lines)
    for reason, chars in content.skipped.items() if not run.lines else ():
        shown = chars if len(chars) <= 40 else chars[:40] + "…"
        where = "in the source font" if content.font else "by the model"
        stderr.print(f"[yellow]warning:[/yellow] left out, {reason} {where}: {len(chars)} (", end="")
        stderr.print(Text(shown + ")"), soft_wrap=True)
    if not content.same_font:
        stderr.print("[yellow]warning:[/yellow] the source font is not the file that the model was trained with")


def _kind(run: Run) -> str:
    """Say what the samples are, if they are no single characters."""
    if run.lines is None:
        return ""
    asked, source = run.lines.request, run.lines.script.source
    way = "wide, vertical" if asked.vertical else "high"
    names = asked.corpus if source.corpus else ", ".join(source.generators) or "all generators"
    return f" lines of {asked.min_chars} to {asked.max_chars} characters, {asked.height} pixels {way}, of {names}"


def _warn_of_lines(lines: Lines) -> None:
    from handgen.lines.corpus import describe

    if lines.left_out:
        count, times = len(lines.left_out), lines.left_out.total()
        warning = (
            f"the corpus has {count:,} characters that cannot be drawn, {times:,} times; lines are cut around them: "
        )
        _warn(warning + describe(lines.left_out))
    if lines.unlearnt:
        shown = lines.unlearnt if len(lines.unlearnt) <= 40 else lines.unlearnt[:40] + "…"
        _warn(f"{len(lines.unlearnt):,} characters were not in the model's store, look at preview.png: {shown}")
    if lines.request.max_chars > _TRAINERS_LONGEST:
        _warn(
            f"many trainers drop labels of more than {_TRAINERS_LONGEST} characters; "
            "'handgen check --for' prints the flag that raises their limit"
        )


def _warn(message: str) -> None:
    stderr.print("[yellow]warning:[/yellow] ", end="")
    stderr.print(message, soft_wrap=True, markup=False)


def _with_progress(run: Run, batch: int, workers: int) -> bool:
    import os

    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task("", total=run.request.count, rate="")

        def show(samples: int) -> None:
            speed = bar.tasks[0].speed
            bar.update(
                task, completed=samples, rate=f"{speed:,.0f} {'lines' if run.lines else 'glyphs'}/s" if speed else ""
            )

        return run.write(show, batch=batch, workers=workers or os.cpu_count() or 1)


def _print_result(run: Run, written: bool) -> None:
    out = run.request.out
    if not written:
        stdout.print(f"{out} is complete already: {run.request.count:,} samples", soft_wrap=True, markup=False)
        return
    if run.lines:
        covered = run.info["coverage"]
        missing = covered["missing"]
        shown = f"; missing: {missing[:40]}{'…' if len(missing) > 40 else ''}" if missing else ""
        stdout.print(
            f"charset  {covered['distinct']:,} of {covered['charset']:,} characters occur{shown}",
            soft_wrap=True,
            markup=False,
        )
    lines = f"dataset  {out}\npreview  {out / 'preview.png'}\nnext:    handgen check {out}"
    stdout.print(lines, soft_wrap=True, markup=False)
