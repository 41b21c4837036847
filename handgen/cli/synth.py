"""``handgen synth``: a checkpoint to a labeled dataset."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handgen.cli.common import PLACES, RUNNING, Debug, Device, DryRun, Json, Seed, Workers, print_json

if TYPE_CHECKING:
    from handgen.synth.dataset import Request
    from handgen.synth.shards import Spread

WRITING, HANDS, LINES, GATE = "What to write", "In which hands", "Lines of text", "Labels to trust"
PEN = "The pen (--model pen)"
_RUNS = Path("runs")


def synth(
    styles: Annotated[
        str,
        typer.Option(
            metavar="N|NAMES|continuous",
            help="A number: the trained styles first, then mixtures of them; with a bicyclegan, N latents far apart. "
            "Names with commas between, also of added styles. Or continuous: another latent for every sample.",
            show_default="every trained style",
            rich_help_panel=HANDS,
        ),
    ] = "",
    like: Annotated[
        Path | None,
        typer.Option(
            metavar="IMAGE|DIR|STORE",
            help="Write in this hand: an image of one character, a folder of them, or a glyph store (bicyclegan).",
            rich_help_panel=HANDS,
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Samples to write.", rich_help_panel=WRITING)] = 10_000,
    charset: Annotated[
        str | None,
        typer.Option(
            help="gb2312-1, gb2312, jis-1, big5-1, latin62, latin, digits, ascii, a UTF-8 file, or the characters.",
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
        typer.Option(
            min=0,
            max=1,
            help="How much each drawing differs from the next: 0 not at all, 1 as people do.",
            rich_help_panel=HANDS,
        ),
    ] = 1.0,
    content: Annotated[
        str,
        typer.Option(
            metavar="font|pen",
            help="What a model redraws: the source font's glyphs, or these written anew by a pen for each sample.",
            rich_help_panel=HANDS,
        ),
    ] = "font",
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
    shards: Annotated[
        int,
        typer.Option(
            min=1,
            help="Write so many datasets into one folder, which trainers read as one.",
            rich_help_panel=WRITING,
        ),
    ] = 1,
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
    gate: Annotated[
        str,
        typer.Option(
            metavar="off|mark|redraw",
            help="A recognizer reads each drawing. Draw again what does not read as its label, and another style or "
            "character in place of what never does (a line is written without it); or only mark it.",
            show_default="redraw, if there is a recognizer: the model's own, or one in runs/",
            rich_help_panel=GATE,
        ),
    ] = "auto",
    recognizer: Annotated[
        Path | None,
        typer.Option(
            help="Run folder or file of the recognizer, or the name of weights that have one.",
            show_default="the model's own, else the latest in runs/",
            rich_help_panel=GATE,
        ),
    ] = None,
    tries: Annotated[
        int,
        typer.Option(min=1, max=20, help="Further drawings before something else is drawn.", rich_help_panel=GATE),
    ] = 2,
    writer: Annotated[
        Path | None,
        typer.Option(help="Writers, as the writers.json of a dataset holds them.", rich_help_panel=PEN),
    ] = None,
    cursiveness: Annotated[
        str,
        typer.Option(
            metavar="LOW,HIGH",
            help="From print (0) to running hand (1): writers are spread evenly between the two.",
            show_default="mostly 0.1 to 0.6",
            rich_help_panel=PEN,
        ),
    ] = "",
    strokes: Annotated[
        str,
        typer.Option(
            metavar="SOURCES",
            help="Where strokes come from, first to last: hanzi, kanjivg, trace (the centerlines of --font).",
            rich_help_panel=PEN,
        ),
    ] = "hanzi,kanjivg,trace",
    size: Annotated[
        int, typer.Option("--size", min=16, max=512, help="Side of an image in pixels, 16 to 512.", rich_help_panel=PEN)
    ] = 64,
    list_styles: Annotated[
        bool,
        typer.Option("--list-styles", help="Show the trained and the added styles and stop.", rich_help_panel=HANDS),
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            help="Run folder, model file, or the name of weights that come with handgen (see 'handgen models'); or "
            "pen, which writes stroke by stroke and needs no training.",
            show_default="the latest in runs/; without one zh, for Latin characters en",
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
    processes: Annotated[
        int,
        typer.Option(min=1, help="Processes that write --shards at the same time.", rich_help_panel=RUNNING),
    ] = 1,
    ray: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS|local",
            help="Write --shards on a Ray cluster: HOST:PORT, auto, or local.",
            show_default="none",
            rich_help_panel=RUNNING,
        ),
    ] = "",
    device: Device = "auto",
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a labeled dataset (LMDB) with a trained model.

    Stopped anywhere, the same command goes on. Sample i depends on the seed and i alone.

    [bold]Examples:[/bold]

    handgen synth --styles 15 --count 100000

    handgen synth --model zh --styles 15 --degrade scan --count 100000 --out datasets/scans

    handgen synth --list-styles

    handgen synth --lines --corpus novel.txt --height 48 --degrade scan --out datasets/lines

    handgen synth --lines --corpus dates,amounts,names --boxes --out datasets/forms

    handgen synth --degrade scan --format webdataset --out datasets/shards

    handgen synth --count 1000000 --shards 16 --processes 4 --out datasets/million

    handgen synth --model runs/bicyclegan --styles continuous --count 100000 --out datasets/everyone

    handgen synth --model runs/bicyclegan --like scans/mine --charset latin62 --out datasets/mine

    handgen synth --styles ma-shan-zheng --charset gb2312-1 --count 50000 --out datasets/brush

    handgen synth --model pen --styles 200 --cursiveness 0,0.3 --count 100000
    """
    from handgen.checkpoints.find import run_name
    from handgen.cli.synthesis import (
        characters_meant,
        list_trained,
        print_plan,
        print_result,
        warn_of_gate,
        with_progress,
    )
    from handgen.devices import resolve_device
    from handgen.errors import UsageError
    from handgen.sources.find import find_model
    from handgen.sources.pen import PenRequest, parse_range
    from handgen.synth.dataset import Request, Run
    from handgen.synth.lines import LineRequest

    wanted = "" if model else characters_meant(charset, text, corpus)
    file = find_model(model, sorted(_RUNS.glob("*/")), wanted)
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
        content=content,
        degrade=degrade,
        format=format,
        lines=asked if lines else None,
        shards=shards,
        gate=gate,
        recognizer=recognizer,
        tries=tries,
        seed=seed,
        pen=PenRequest(writer, parse_range(cursiveness), strokes, size),
        device=resolve_device(device),
    )
    if list_styles:
        list_trained(file, as_json, request.pen)
        return
    spread = _spread(request, processes, ray, batch, workers)
    run = Run(request)
    if not as_json:
        print_plan(run)
    else:
        warn_of_gate(run)
    if not dry_run:
        written = with_progress(run, batch, workers or os.cpu_count() or 1, spread)
        if not as_json:
            print_result(run, written)
    if as_json:
        print_json({"out": str(request.out), "written": not dry_run, **run.identity()})


def _spread(request: Request, processes: int, ray: str, batch: int, workers: int) -> Spread | None:
    """Return who writes the shards, if not this process alone.

    Raises:
        UsageError: there are no shards to share out.
    """
    from handgen.errors import UsageError

    if request.shards == 1 and (ray or processes > 1):
        wanted = f"--shards {max(4, processes)}"
        raise UsageError("several processes write a shard each at a time, and there is one", f"Add {wanted}.")
    if ray:
        from handgen.synth.cluster import Cluster

        return Cluster(ray, batch, workers or 1, processes if processes > 1 else None)
    if processes > 1:
        from handgen.synth.processes import Processes

        return Processes(processes, batch, workers or max(1, (os.cpu_count() or 1) // processes))
    return None
