"""``handgen models``: what there is to draw with, and weights for others made of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handgen.cli.common import PATHS, Debug, Device, Json, print_json, say, stdout, warn
from handgen.cli.help import Command, Group
from handgen.errors import UsageError, quoted

if TYPE_CHECKING:
    from handgen.export.export import Exported
    from handgen.export.listing import Listed

_RUNS = Path("runs")
_CARD = "What the card says"

models = typer.Typer(
    cls=Group,
    name="models",
    invoke_without_command=True,
    help="List what there is to draw with: weights that come with handgen, runs, the pen.",
    epilog=(
        "[bold]Examples:[/bold]\n\nhandgen models\n\nhandgen synth --model zh --styles 15 --count 100000\n\n"
        "handgen models export runs/zi2zi --name mine"
    ),
)


@models.callback()
def list_models(context: typer.Context, as_json: Json = False, debug: Debug = False) -> None:
    """List what there is to draw with: weights that come with handgen, runs, the pen."""
    if context.invoked_subcommand is not None:
        return
    from dataclasses import asdict

    from handgen.export.listing import listed

    found = listed(sorted(_RUNS.glob("*/")))
    if as_json:
        print_json([asdict(each) for each in found])
        return
    _print(found)


def _print(found: list[Listed]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("name", "kind", "where", "styles", "characters", "size", "MB")
    for column in (3, 5, 6):
        table.columns[column].justify = "right"
    table.columns[0].no_wrap = True
    for each in found:
        table.add_row(
            Text(each.name),
            each.kind,
            each.where,
            str(each.styles or ""),
            each.charset.replace(" characters", ""),
            f"{each.size} px" if each.size else "",
            f"{each.bytes / 1e6:.1f}" if each.bytes else "",
        )
    stdout.print(table)
    licenses: dict[str, list[str]] = {}
    for each in found:
        if each.problem:
            stdout.print(Text.assemble(f"{each.name}: ", (each.problem, "red")))
        elif each.license:
            licenses.setdefault(each.license, []).append(each.name)
    # Beside the table, not in it: in what a terminal has left for a column, licenses break within words.
    for license, names in licenses.items():
        stdout.print(Text(f"{', '.join(names)}: fonts under {license}"))
    say("use one with 'handgen synth --model NAME', a recognizer with --recognizer NAME")


_Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Folder to write.", show_default="weights/NAME", rich_help_panel=PATHS),
]
_Recognizer = Annotated[
    Path | None,
    typer.Option(
        help="Run folder or file of a recognizer to go with it, for the gate.",
        show_default=False,
        rich_help_panel=PATHS,
    ),
]
_Data = Annotated[
    list[Path] | None,
    typer.Option(
        "--data",
        help="With --recognizer: glyph store of the real glyphs, which say how sure it must be; may be repeated.",
        show_default="the one the run was trained with",
        rich_help_panel=PATHS,
    ),
]
_Font = Annotated[
    str | None,
    typer.Option(
        help="Source font, if others have another file of it than the one in training.",
        show_default="the one the model was trained with",
        rich_help_panel=PATHS,
    ),
]
_Charset = Annotated[
    str | None,
    typer.Option(
        help="What synth is to write by default: gb2312, latin62, ..., a UTF-8 file, or the characters.",
        show_default="the characters of the run's store",
        rich_help_panel=PATHS,
    ),
]
_Fonts = Annotated[
    Path | None,
    typer.Option(
        help="CSV of fonts that 'handgen fonts' does not know: style,family,license,from.",
        show_default=False,
        rich_help_panel=_CARD,
    ),
]
_Notes = Annotated[
    Path | None,
    typer.Option(help="Markdown to end the card with.", show_default=False, rich_help_panel=_CARD),
]


_Name = Annotated[
    str | None,
    typer.Option(help="What the weights are to be called.", show_default="none, and needed", rich_help_panel=PATHS),
]
_Onnx = Annotated[
    bool,
    typer.Option("--onnx", help="Write the networks alone, as ONNX files; RUN may be a recognizer's run, too."),
]


@models.command("export", cls=Command)
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder or model file.", show_default=False)],
    name: _Name = None,
    out: _Out = None,
    recognizer: _Recognizer = None,
    data: _Data = None,
    font: _Font = None,
    charset: _Charset = None,
    fonts: _Fonts = None,
    notes: _Notes = None,
    onnx: _Onnx = False,
    device: Device = "auto",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make weights for others of a run: half precision, a model card, a picture, and a recognizer if one is named.

    What only this machine knows, such as paths, stays here. 'handgen synth --model DIR' draws with them.

    [bold]Examples:[/bold]

    handgen models export runs/zi2zi --name mine

    handgen models export runs/zi2zi --name mine --recognizer runs/recognizer --font Heiti --out shared/mine

    handgen models export zh --onnx --recognizer zh --out shared/zh-onnx
    """
    if onnx:
        ignored = {"data": data, "font": font, "charset": charset, "fonts": fonts, "notes": notes}
        _export_onnx(run, name, out, recognizer, [option for option, value in ignored.items() if value], as_json)
        return
    from handgen.devices import resolve_device
    from handgen.export.export import Export
    from handgen.export.export import export as write

    if name is None:
        raise UsageError("the weights have no name", "Give one with --name.")
    folder = out or Path("weights") / name
    request = Export(run, name, folder, recognizer, tuple(data or ()), font, charset, fonts, notes)
    done = write(request, resolve_device(device))
    if as_json:
        print_json({"out": str(folder), "files": done.files, "warnings": done.warnings})
        return
    _report(folder, done)


def _export_onnx(
    run: Path, name: str | None, out: Path | None, recognizer: Path | None, ignored: list[str], as_json: bool
) -> None:
    from handgen.export.onnx import export_onnx

    if ignored:
        raise UsageError(f"--onnx writes networks alone, and --{ignored[0]} says nothing to them", "Leave it out.")
    folder = out or Path("weights") / f"{name or run.resolve().stem}-onnx"
    files = export_onnx(run, folder, recognizer)
    if as_json:
        print_json({"out": str(folder), "files": files, "warnings": []})
        return
    for each, size in files.items():
        say(f"{folder / each}  {size / 1e6:.2f} MB")


def _report(folder: Path, done: Exported) -> None:
    for name, size in done.files.items():
        say(f"{folder / name}  {size / 1e6:.2f} MB")
    for warning in done.warnings:
        warn(warning)
    say(f"next: handgen synth --model {quoted(folder)}")
