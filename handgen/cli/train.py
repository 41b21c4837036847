"""``handgen train MODEL``: a glyph store to a checkpoint."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from handgen.cli import adding, generated, recognizer
from handgen.cli.common import PLACES, Debug, Device, DryRun, Json, print_json, say, say_facts, stderr, stdout
from handgen.models import MODELS

if TYPE_CHECKING:
    from handgen.models.base import Resolved
    from handgen.training.loop import Trainer

_DATA = Path("data/glyphs")


class _ModelGroup(TyperGroup):
    """One subcommand a registered model. Listing them imports none; asking for one imports it."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*(entry.name for entry in MODELS), recognizer.NAME]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if ctx is not None and ctx.resilient_parsing:  # completion knows the names, and must not wait for torch
            return TyperCommand(cmd_name, help=self._summary(cmd_name)) if cmd_name in self.list_commands(ctx) else None
        if cmd_name == recognizer.NAME:
            return recognizer.recognizer_command()
        MODELS.entry(cmd_name)
        return _command(cmd_name)

    def _summary(self, name: str) -> str:
        return recognizer.SUMMARY if name == recognizer.NAME else MODELS.entry(name).summary

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """List the models from the registry, which knows a line on each without importing it."""
        from rich.table import Table

        table = Table(box=None, show_header=False, padding=(0, 2))
        for entry in MODELS:
            table.add_row(f"[bold cyan]{entry.name}[/bold cyan]", entry.summary)
        table.add_row(f"[bold cyan]{recognizer.NAME}[/bold cyan]", recognizer.SUMMARY)
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
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            help="Glyph store; may be repeated, as for fonts and real writers in one run.",
            show_default="data/glyphs",
            rich_help_panel=PLACES,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Run folder.", show_default="runs/MODEL", rich_help_panel=PLACES),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Begin with the weights of this run folder or checkpoint, or those that come with handgen, by name.",
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
    from handgen.training.adapt import AddSettings
    from handgen.training.settings import TrainSettings

    model = MODELS.load(name)
    config = model.Config
    made = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(_common, eval_str=True).parameters.values()
    ]
    made += generated.parameters(TrainSettings, "Run", model.defaults) + generated.parameters(config, "Model")
    made += generated.parameters(AddSettings, "Run") if model.adaptable else []

    def command(**given: Any) -> None:
        settings: Any = generated.values(TrainSettings, given)
        own = generated.values(config, given)
        if model.adaptable:
            added: Any = generated.values(AddSettings, given)
            adding.refuse_alone(added)
            if added.add_style:
                adding.add_style(name, added, settings, own, {**given, "data": given["data"] or _DATA})
                return
        _run(name, settings, own, given)

    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
    command.__doc__ = (
        f"{MODELS.entry(name).summary[:1].upper()}{MODELS.entry(name).summary[1:]}.\n\n"
        "Ctrl-C saves; the same command goes on where it stopped.\n\n"
        f"[bold]Examples:[/bold]\n\nhandgen train {name}\n\n"
        f"handgen train {name} --images 50000 --batch 32 --out runs/short\n\n"
        f"handgen train {name} --from runs/{name} --out runs/{name}-2 --lr 0.0002\n\n"
        + (f"handgen train {name} --from runs/{name} --add-style mine --data data/mine\n\n" if model.adaptable else "")
        + f"torchrun --nproc-per-node 2 -m handgen train {name}"
    )
    app.command(name=name)(generated.with_signature(command, made))
    return typer.main.get_command(app)


def _run(name: str, settings: Any, config: Any, given: dict[str, Any]) -> None:
    from handgen.checkpoints.run import recorded
    from handgen.distributed import joined
    from handgen.glyphs.together import open_stores
    from handgen.sources import loading
    from handgen.training.loop import Trainer

    out: Path = given["out"] or Path("runs") / name
    with joined(given["device"]) as (world, device):
        start = None
        if given["start"] is not None:
            start = loading.load_for_training(given["start"], name)
        store = open_stores(given["data"] or _DATA)
        if given["dry_run"]:
            if world.leads:
                resolved = MODELS.load(name).resolve(config, store.charset, recorded(out))
                _plan(name, settings, resolved, store, out, str(device), given["as_json"])
            return
        trainer = Trainer(name, settings, config, store, out, device, start, world)
        finished = _lead(trainer, given["as_json"]) if world.leads else trainer.run(lambda progress: None)
    if not finished:
        raise typer.Exit(130)


def _lead(trainer: Trainer, as_json: bool) -> bool:
    """Run and say so; return whether the budget is spent."""
    if not as_json:
        known = f"going on from {trainer.images:,}" if trainer.images else "starting"
        processes = f" in {trainer.world.size} processes" if trainer.world.size > 1 else ""
        say(
            f"{trainer.name}: {len(trainer.data):,} glyphs, {len(trainer.styles)} styles, "
            f"{len(trainer.held_out):,} held-out glyphs, on {trainer.device}{processes}; {known} to "
            f"{trainer.settings.images:,} images in {trainer.folder.path}",
        )
        for line in trainer.resolved.notes:
            say(line)
        if trainer.settings.deterministic and trainer.device.type != "cpu":
            say("some GPU kernels have no deterministic form: two such runs may still differ a little")
    finished = _with_progress(trainer)
    _report(trainer, finished, as_json)
    return finished


def _with_progress(trainer: Trainer) -> bool:
    from handgen.cli.progress import TrainingBar

    with TrainingBar(stderr, trainer.settings.images, trainer.images) as bar:
        return trainer.run(bar.show)


def _report(trainer: Trainer, finished: bool, as_json: bool) -> None:
    from handgen.checkpoints.files import MODEL
    from handgen.cli.tables import show
    from handgen.report.evaluation import style_table
    from handgen.training.curves import CURVES
    from handgen.training.health import of_kind, verdict

    path, stats = trainer.folder.path, trainer.folder.stats()
    measured, compared = of_kind(stats, "held-out"), of_kind(stats, "diversity")
    latest = measured[-1]["styles"] if measured else {}
    diversity = {key: compared[-1][key] for key in ("generated", "real", "ratio")} if compared else {}
    health = verdict(stats, trainer.settings.gan_loss)
    if as_json:
        facts = {"run": str(path), "model": str(path / MODEL), "images": trainer.images, "done": finished}
        print_json(facts | {"held_out": latest, "diversity": diversity, "verdict": health})
        return
    if finished and latest:
        show(style_table(f"Held-out characters after {trainer.images:,} images", latest))
    lines = [("learned", line) for line in trainer.notes]
    lines += [("diversity", _compared(diversity))] if diversity else []
    lines += [("health", line) for line in health]
    lines += [("curves", str(path / CURVES))] if (path / CURVES).is_file() else []
    if finished:
        where = "" if path == Path("runs") / trainer.name else f" --model {path}"
        synth = f"synth --styles {len(trainer.model.style_spec.names)} --count 100000"
        following = "preview" if trainer.model.draws == "nothing" else synth  # what no one can label is only looked at
        lines += [
            ("model", str(path / MODEL)),
            ("preview", str(path / f"fakes-{trainer.images:09d}.png")),
            ("next:", f"handgen {following}{where}"),
        ]
    say_facts(lines)
    if not finished:
        say(f"stopped and saved at {trainer.images:,} images; the same command goes on from there")


def _compared(diversity: dict[str, float | None]) -> str:
    if diversity["ratio"] is None:
        return "nothing to compare: the model or the store has one style"
    return f"{diversity['ratio']:.2f} of that among real glyphs ({diversity['generated']} against {diversity['real']})"


def _plan(name: str, settings: Any, resolved: Resolved, store: Any, out: Path, device: str, as_json: bool) -> None:
    from dataclasses import asdict

    plan = {
        "model": name,
        "data": ", ".join(map(str, store.folders)),
        "out": str(out),
        "device": device,
        "size": store.size,
    }
    plan |= {"styles": [store.styles[n].name for n in store.targets], "glyphs": len(store.labels)}
    plan |= asdict(settings) | asdict(resolved.config)
    plan |= {"notes": list(resolved.notes)} if resolved.notes else {}
    if as_json:
        print_json(plan)
        return
    say_facts(plan)
