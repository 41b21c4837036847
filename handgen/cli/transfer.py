"""``handgen bench``: what training sets are worth on real handwriting."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handgen.cli import generated
from handgen.cli.common import PLACES, Debug, Device, DryRun, Json, print_json, stderr, stdout
from handgen.transfer.settings import TransferSettings

if TYPE_CHECKING:
    from handgen.transfer.transfer import Transfer, TransferRequest

NAME = "transfer"
SETS, DRAWN = "The sets", "What is drawn for them"


bench = typer.Typer(
    name="bench",
    no_args_is_help=True,
    help="Measure what training sets are worth on real handwriting.",
    epilog="[bold]Example:[/bold]\n\nhandgen bench transfer --real digits --model runs/bicyclegan",
)


@bench.callback()
def _root() -> None:
    """Measure what training sets are worth on real handwriting."""


def _common(
    real: Annotated[
        str | None,
        typer.Option(
            "--real",
            metavar="digits|STORE|DATASET",
            help="Real handwriting to test on: scikit-learn's digits, a store of 'handgen import', or a dataset.",
            show_default=False,
            rich_help_panel=SETS,
        ),
    ] = None,
    sets: Annotated[
        str,
        typer.Option(
            "--sets",
            metavar="NAMES",
            help="What to compare, with commas: fonts, warped, scanned, pen, traced, gan, gated, pen-gan, real, "
            "union, names of --set; fonts+pen is equal parts of both.",
            show_default="all that can be made of what is given, but traced",
            rich_help_panel=SETS,
        ),
    ] = "",
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=DATASET|STORE",
            help="A training set of your own; may be repeated.",
            show_default="none",
            rich_help_panel=SETS,
        ),
    ] = None,
    charset: Annotated[
        str | None,
        typer.Option(
            help="Test on these characters alone: gb2312-1, latin62, digits, ..., a UTF-8 file, or the characters.",
            show_default="all that the real set and every training set have",
            rich_help_panel=SETS,
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="Run folder or model file that draws gan, gated and pen-gan.",
            show_default="none",
            rich_help_panel=DRAWN,
        ),
    ] = None,
    recognizer: Annotated[
        Path | None,
        typer.Option(
            help="Run folder or file of the recognizer that reads for gated.",
            show_default="the latest in runs/",
            rich_help_panel=DRAWN,
        ),
    ] = None,
    styles: Annotated[
        str,
        typer.Option(
            metavar="N|NAMES|continuous",
            help="Styles of the model's drawings, as for 'synth'.",
            show_default="continuous if the model can, else every trained style",
            rich_help_panel=DRAWN,
        ),
    ] = "",
    strokes: Annotated[
        str,
        typer.Option(metavar="SOURCES", help="Strokes of the pen, as for 'synth'.", rich_help_panel=DRAWN),
    ] = "hanzi,kanjivg,trace",
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            help="Glyph store of fonts; may be repeated.",
            show_default="data/glyphs",
            rich_help_panel=PLACES,
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the comparison.", rich_help_panel=PLACES)] = Path(
        "runs"
    )
    / NAME,
    device: Device = "auto",
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """The parameters beside the settings."""


_DOC = """Train one small recognizer on each of several training sets of the same size; each reads real handwriting.

Every image, of the sets and of the test, is brought to one form first: ink
in the middle, its longer side of one length and resolution. Ctrl-C keeps what
is finished; the same command goes on. A further set or repetition costs only
its own.

[bold]Examples:[/bold]

handgen bench transfer --real digits

handgen bench transfer --real data/casia --model runs/zi2zi --count 40000 --images 1000000

handgen bench transfer --real data/mine --set a=datasets/zi2zi --set b=datasets/pen --sets fonts,a,b,a+b
"""


def _transfer(**given: Any) -> None:
    settings: Any = generated.values(TransferSettings, given)
    _run(_request(settings, given), given)


_transfer.__doc__ = _DOC
_OWN = [
    parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
    for parameter in inspect.signature(_common, eval_str=True).parameters.values()
]
bench.command(NAME)(generated.with_signature(_transfer, _OWN + generated.parameters(TransferSettings, SETS)))


def _request(settings: TransferSettings, given: dict[str, Any]) -> TransferRequest:
    from handgen.devices import resolve_device
    from handgen.errors import UsageError
    from handgen.transfer.transfer import TransferRequest

    if not given["real"]:
        raise UsageError(
            "there is no real handwriting to test on",
            "Give --real digits, a store that 'handgen import' made, or a dataset.",
        )
    sets = {}
    for text in given["given"] or ():
        name, _, place = text.partition("=")
        if not name or not place:
            raise UsageError(f"--set {text} is not of the form NAME=PLACE", "As in: --set mine=datasets/zi2zi.")
        if name in sets:
            raise UsageError(f"--set {name}= is there twice", "Give each set a name of its own.")
        sets[name] = Path(place)
    return TransferRequest(
        real=given["real"],
        out=given["out"],
        data=tuple(given["data"] or [Path("data/glyphs")]),
        sets=sets,
        names=tuple(name.strip() for name in given["sets"].split(",") if name.strip()),
        model=given["model"],
        recognizer=given["recognizer"],
        charset=given["charset"],
        styles=given["styles"],
        strokes=given["strokes"],
        settings=settings,
        device=resolve_device(given["device"]),
    )


def _run(request: TransferRequest, given: dict[str, Any]) -> None:
    from handgen.transfer.transfer import Transfer

    transfer = Transfer(request)
    if not given["as_json"]:
        for key, value in transfer.plan().items():
            stdout.print(f"{key:<10}  {value}", soft_wrap=True, markup=False)
    if given["dry_run"]:
        if given["as_json"]:
            print_json(transfer.plan())
        return
    finished = _with_progress(transfer)
    if given["as_json"]:
        print_json(transfer.results() | {"done": finished})
    else:
        _print(transfer, finished)
    if not finished:
        raise typer.Exit(130)


def _with_progress(transfer: Transfer) -> bool:
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, transient=True, speed_estimate_period=120) as bar:
        task = bar.add_task("", total=transfer.total)
        return transfer.run(lambda what, done: bar.update(task, description=what, completed=done))


def _print(transfer: Transfer, finished: bool) -> None:
    from handgen.cli.tables import show
    from handgen.report.page import Table
    from handgen.transfer.transfer import PLOT, RESULTS, SHEET

    results = transfer.results()
    head = ["training set", "images", "different", "% read", "sd", "least", "most"]
    rows = [
        [
            name,
            f"{values['images']:,}",
            f"{values['different']:,}",
            f"{100 * values['mean']:.1f}",
            "–" if values["sd"] is None else f"{100 * values['sd']:.1f}",
            f"{100 * min(values['read']):.1f}",
            f"{100 * max(values['read']):.1f}",
        ]
        for name, values in results["sets"].items()
    ]
    repeated = transfer.request.settings.seeds
    show(Table(f"Read of {results['tested']:,} real images ({results['real']}), {repeated} repetitions", head, rows))
    if not finished:
        stdout.print("stopped; the same command goes on from there")
        return
    out = transfer.request.out
    for what, name in (("results", RESULTS), ("plot", PLOT), ("look at", SHEET)):
        stdout.print(f"{what:<8} {out / name}", soft_wrap=True, markup=False)
