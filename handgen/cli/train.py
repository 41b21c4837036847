"""``handgen train MODEL``: a glyph store to a checkpoint."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from handgen.cli import generated
from handgen.cli.common import PLACES, Data, Debug, Device, DryRun, Json, print_json, stderr, stdout
from handgen.models import MODELS

if TYPE_CHECKING:
    from handgen.training.loop import Trainer

_DATA = Path("data/glyphs")


class _ModelGroup(TyperGroup):
    """One subcommand a registered model. Listing them imports none; asking for one imports it."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [entry.name for entry in MODELS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if ctx is not None and ctx.resilient_parsing:  # completion must not wait for torch
            return None
        MODELS.entry(cmd_name)
        return _command(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """List the models from the registry, which knows a line on each without importing it."""
        from rich.table import Table

        table = Table(box=None, show_header=False, padding=(0, 2))
        for entry in MODELS:
            table.add_row(f"[bold cyan]{entry.name}[/bold cyan]", entry.summary)
        stdout.print("\n [bold]Usage:[/bold] handgen train MODEL \\[OPTIONS]\n\n Fit a model to a glyph store.\n")
        stdout.print(" [bold]Models:[/bold]")
        stdout.print(table)
        stdout.print("\n 'handgen train MODEL --help' shows its options.\n\n [bold]Examples:[/bold]\n")
        stdout.print(" handgen train zi2zi\n\n handgen train zi2zi --data data/latin --images 50000 --out runs/latin\n")


train = typer.Typer(name="train", cls=_ModelGroup, help="Fit a model to a glyph store.", no_args_is_help=True)


@train.callback()
def _train() -> None:
    """Fit a model to a glyph store."""


def _common(
    data: Data = _DATA,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Run folder.", show_default="runs/MODEL", rich_help_panel=PLACES),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Begin with the weights of this run folder or checkpoint.",
            show_default="random weights",
            rich_help_panel=PLACES,
        ),
    ] = None,
    device: Device = "auto",
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """The parameters that every ``train`` command has beside the settings."""


def _command(name: str) -> Any:
    """Make the command of one model from its settings classes."""
    from handgen.training.settings import TrainSettings

    model = MODELS.load(name)
    config = model.Config
    made = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(_common, eval_str=True).parameters.values()
    ]
    made += generated.parameters(TrainSettings, "Run", model.defaults) + generated.parameters(config, "Model")

    def command(**given: Any) -> None:
        _run(name, generated.values(TrainSettings, given), generated.values(config, given), given)

    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
    command.__doc__ = (
        f"{MODELS.entry(name).summary[:1].upper()}{MODELS.entry(name).summary[1:]}.\n\n"
        "Ctrl-C saves; the same command goes on where it stopped.\n\n"
        f"[bold]Examples:[/bold]\n\nhandgen train {name}\n\n"
        f"handgen train {name} --images 50000 --batch 32 --out runs/short\n\n"
        f"handgen train {name} --from runs/{name} --out runs/{name}-2 --lr 0.0002"
    )
    app.command(name=name)(generated.with_signature(command, made))
    return typer.main.get_command(app)


def _run(name: str, settings: Any, config: Any, given: dict[str, Any]) -> None:
    from handgen.devices import resolve_device
    from handgen.glyphs.store import GlyphStore
    from handgen.training import checkpoint
    from handgen.training.loop import Trainer

    out: Path = given["out"] or Path("runs") / name
    device = resolve_device(given["device"])
    start = None
    if given["start"] is not None:
        start = checkpoint.load_for_training(given["start"], name)
    store = GlyphStore(given["data"])
    if given["dry_run"]:
        _plan(name, settings, config, store, out, str(device), given["as_json"])
        return
    trainer = Trainer(name, settings, config, store, out, device, start)
    if not given["as_json"]:
        known = f"going on from {trainer.images:,}" if trainer.images else "starting"
        stdout.print(
            f"{name}: {len(trainer.data):,} glyphs, {len(trainer.styles)} styles, "
            f"{len(trainer.held_out):,} held-out glyphs, on {device}; {known} to {settings.images:,} images in {out}",
            soft_wrap=True,
            markup=False,
        )
    finished = _with_progress(trainer)
    _report(trainer, finished, given["as_json"])
    if not finished:
        raise typer.Exit(130)


def _with_progress(trainer: Trainer) -> bool:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=stderr, transient=True, speed_estimate_period=60) as bar:
        task = bar.add_task("", rate="", total=trainer.settings.images, completed=trainer.images)

        def show(progress: Any) -> None:
            shown = {k: v for k, v in progress.losses.items() if not k.endswith(" weighted")}
            text = " ".join(f"{name} {value:.3f}" for name, value in shown.items())
            bar.update(task, completed=progress.images, description=text, rate=f"{progress.rate:.0f} images/s")

        return trainer.run(show)


def _report(trainer: Trainer, finished: bool, as_json: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from handgen.training.checkpoint import MODEL

    path = trainer.folder.path
    measured = trainer.folder.measurements()
    latest = measured[-1]["styles"] if measured else {}
    if as_json:
        model = str(path / MODEL)
        print_json({"run": str(path), "model": model, "images": trainer.images, "done": finished, "held_out": latest})
        return
    if not finished:
        stdout.print(f"stopped and saved at {trainer.images:,} images; the same command goes on from there")
        return
    if latest:
        names = list(next(iter(latest.values())))
        table = Table("style", *names, title=f"held-out characters after {trainer.images:,} images")
        for style, values in latest.items():
            table.add_row(Text(style), *(f"{values[name]:.4f}" for name in names))
        stdout.print(table)
    where = "" if path == Path("runs") / trainer.name else f" --model {path}"
    lines = (
        f"model    {path / MODEL}",
        f"preview  {path / f'fakes-{trainer.images:09d}.png'}",
        f"next:    handgen synth --styles {len(trainer.styles)} --count 100000{where}",
    )
    stdout.print("\n".join(lines), soft_wrap=True, markup=False)


def _plan(name: str, settings: Any, config: Any, store: Any, out: Path, device: str, as_json: bool) -> None:
    from dataclasses import asdict

    plan = {"model": name, "data": str(store.path), "out": str(out), "device": device, "size": store.size}
    plan |= {"styles": [store.styles[n].name for n in store.targets], "glyphs": len(store.labels)}
    plan |= asdict(settings) | asdict(config)
    if as_json:
        print_json(plan)
        return
    width = max(map(len, plan))
    for key, value in plan.items():
        stdout.print(f"{key:<{width}}  {value}", soft_wrap=True, markup=False)
