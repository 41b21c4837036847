"""``handgen train recognizer``: glyph stores to a reader of glyphs."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer

from handgen.cli import generated
from handgen.cli.common import PATHS, Debug, Device, DryRun, Json, print_json, say, say_facts, stderr, stdout
from handgen.cli.help import Command
from handgen.errors import quoted

NAME, SUMMARY = "recognizer", "reads single glyphs: what 'eval' and training against lost strokes ask"


def _common(
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            help="Glyph store; may be repeated, and more fonts make a better reader.",
            show_default="data/glyphs",
            rich_help_panel=PATHS,
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Run folder.", rich_help_panel=PATHS)] = Path("runs") / NAME,
    charset: Annotated[
        str | None,
        typer.Option(help="Characters to read, as for 'render'.", show_default="all that the stores have"),
    ] = None,
    device: Device = "auto",
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """The parameters beside the settings."""


def recognizer_command() -> Any:
    """Make the command from its settings class."""
    from handgen.training.recognizer import RecognizerSettings

    made = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(_common, eval_str=True).parameters.values()
    ]

    def command(**given: Any) -> None:
        _run(generated.values(RecognizerSettings, given), given)

    command.__doc__ = (
        "Train the recognizer: it reads single glyphs and says how sure it is.\n\n"
        "It learns every font of the stores but a few, on which it is calibrated and measured. "
        "Ctrl-C saves; the same command goes on where it stopped.\n\n"
        "[bold]Examples:[/bold]\n\nhandgen train recognizer\n\n"
        "handgen train recognizer --data data/glyphs --data data/more --holdout-fonts 5 --out runs/reader"
    )
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
    made += generated.parameters(RecognizerSettings, "Run")
    app.command(name=NAME, cls=Command)(generated.with_signature(command, made))
    return typer.main.get_command(app)


def _run(settings: Any, given: dict[str, Any]) -> None:
    from handgen.cli.progress import TrainingBar
    from handgen.devices import resolve_device
    from handgen.fonts.charsets import load_charset
    from handgen.training.read_glyphs import LabeledGlyphs
    from handgen.training.recognizer import check_run, open_run

    charset = load_charset(given["charset"]) if given["charset"] else ""
    glyphs = LabeledGlyphs(given["data"] or [Path("data/glyphs")], charset)
    settings = check_run(settings, glyphs, given["out"])
    held_out = glyphs.held_out_fonts(settings.holdout_fonts, settings.seed)
    plan = {
        "out": str(given["out"]),
        "characters": len(glyphs.charset),
        "glyphs": len(glyphs.char),
        "fonts": len(glyphs.fonts) - len(held_out),
        "held out": ", ".join(held_out),
        "images": settings.images,
        **({"minutes": settings.minutes} if settings.minutes else {}),
    }
    if not given["as_json"]:
        say_facts(plan)
    if given["dry_run"]:
        if given["as_json"]:
            print_json(plan)
        return
    engine = open_run(settings, glyphs, given["out"], resolve_device(given["device"]))
    with TrainingBar(stderr, settings.images, engine.images) as bar:
        finished = engine.run(bar.show)
    measured = engine.folder.measurements()
    _report(engine.images, finished, measured[-1]["styles"] if measured else {}, plan, given["as_json"])
    if not finished:
        raise typer.Exit(130)


def _report(
    images: int, finished: bool, measured: dict[str, dict[str, float]], plan: dict[str, Any], as_json: bool
) -> None:
    from rich.table import Table
    from rich.text import Text

    if as_json:
        print_json(plan | {"images": images, "done": finished, "held_out": measured})
        return
    if not finished:
        say(f"stopped and saved at {images:,} images; the same command goes on from there")
        return
    if measured:
        names = list(next(iter(measured.values())))
        table = Table("font never seen", *names, title=f"read rightly after {images:,} images")
        for font, values in measured.items():
            table.add_row(Text(font), *(f"{values[name]:.4f}" for name in names))
        stdout.print(table)
    say(f"next: handgen eval DATASET --recognizer {quoted(plan['out'])}")
