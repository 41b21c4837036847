"""``handgen train MODEL``: a glyph store to a checkpoint."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handgen.cli import adding, generated, recognizer
from handgen.cli.common import PATHS, Debug, Device, DryRun, Json, print_json, say, say_facts, stderr, stdout
from handgen.cli.help import Command, Group
from handgen.errors import quoted
from handgen.models import MODELS

if TYPE_CHECKING:
    from handgen.training.engine import Engine
    from handgen.training.gan import GANTask
    from handgen.training.plan import TrainingPlan

_DATA = Path("data/glyphs")
_OFTEN = frozenset({"data", "out", "start", "device", "dry_run", "as_json"})
"""Of the options that are no settings, those that the help always shows."""


class _ModelGroup(Group):
    """One subcommand a registered model. Listing them imports none; asking for one imports it."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*(entry.name for entry in MODELS), recognizer.NAME]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if ctx is not None and ctx.resilient_parsing:  # completion knows the names, and must not wait for torch
            return Command(cmd_name, help=self._summary(cmd_name)) if cmd_name in self.list_commands(ctx) else None
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
            rich_help_panel=PATHS,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Run folder.", show_default="runs/MODEL", rich_help_panel=PATHS),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Begin with the weights of this run folder or checkpoint, or those that come with handgen, by name.",
            show_default="random weights",
            rich_help_panel=PATHS,
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
    from handgen.training.settings import AddSettings, TrainSettings

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
    often = generated.often(TrainSettings, config, AddSettings) | _OFTEN
    app.command(name=name, cls=Command)(generated.with_signature(command, made, often))
    return typer.main.get_command(app)


def _run(name: str, settings: Any, config: Any, given: dict[str, Any]) -> None:
    from handgen.distributed import join_ranks
    from handgen.glyphs.together import open_stores
    from handgen.sources import loading
    from handgen.training.gan import open_run
    from handgen.training.plan import plan_training

    out: Path = given["out"] or Path("runs") / name
    with join_ranks(given["device"]) as (ranks, device):
        start = loading.load_for_training(given["start"], name) if given["start"] is not None else None
        store = open_stores(given["data"] or _DATA)
        plan = plan_training(name, settings, config, store, out, start, ranks)
        if given["dry_run"]:
            if ranks.leads:
                _print_plan(plan, str(device), given["as_json"])
            return
        engine = open_run(plan, device)
        finished = _lead(engine, plan, given["as_json"]) if ranks.leads else engine.run(lambda progress: None)
    if not finished:
        raise typer.Exit(130)


def _lead(engine: Engine[GANTask], plan: TrainingPlan, as_json: bool) -> bool:
    """Run and say so; return whether the budget is spent."""
    from handgen.cli.progress import TrainingBar

    task = engine.task
    if not as_json:
        known = f"going on from {engine.images:,}" if engine.images else "starting"
        processes = f" in {plan.ranks.size} processes" if plan.ranks.size > 1 else ""
        say(
            f"{plan.name}: {len(plan.data):,} glyphs, {len(plan.styles)} styles, "
            f"{len(plan.held_out):,} held-out glyphs, on {task.device}{processes}; {known} to "
            f"{plan.settings.images:,} images in {plan.out}",
        )
        for line in plan.resolved.notes:
            say(line)
        if plan.settings.deterministic and task.device.type != "cpu":
            say("some GPU kernels have no deterministic form: two such runs may still differ a little")
    with TrainingBar(stderr, plan.settings.images, engine.images) as bar:
        finished = engine.run(bar.show)
    _report(engine, finished, as_json)
    return finished


def _report(engine: Engine[GANTask], finished: bool, as_json: bool) -> None:
    from handgen.checkpoints.files import MODEL
    from handgen.cli.tables import show
    from handgen.report.evaluation import style_table
    from handgen.training.curves import CURVES
    from handgen.training.health import of_kind, verdict

    task = engine.task
    plan, path, stats = task.plan, engine.folder.path, engine.folder.stats()
    measured, compared = of_kind(stats, "held-out"), of_kind(stats, "diversity")
    latest = measured[-1]["styles"] if measured else {}
    diversity = {key: compared[-1][key] for key in ("generated", "real", "ratio")} if compared else {}
    health = verdict(stats, plan.settings.gan_loss)
    if as_json:
        facts = {"run": str(path), "model": str(path / MODEL), "images": engine.images, "done": finished}
        print_json(facts | {"held_out": latest, "diversity": diversity, "verdict": health})
        return
    if finished and latest:
        show(style_table(f"Held-out characters after {engine.images:,} images", latest))
    lines = [("learned", line) for line in task.notes]
    lines += [("diversity", _compared(diversity))] if diversity else []
    lines += [("health", line) for line in health]
    lines += [("curves", str(path / CURVES))] if (path / CURVES).is_file() else []
    if finished:
        where = "" if path == Path("runs") / plan.name else f" --model {quoted(path)}"
        synth = f"synth --styles {len(task.model.style_spec.names)} --count 100000"
        following = synth if task.model.prompt_kind.labeled else "preview"  # what no one can label is only looked at
        lines += [
            ("model", str(path / MODEL)),
            ("preview", str(path / f"fakes-{engine.images:09d}.png")),
            ("next:", f"handgen {following}{where}"),
        ]
    say_facts(lines)
    if not finished:
        say(f"stopped and saved at {engine.images:,} images; the same command goes on from there")


def _compared(diversity: dict[str, float | None]) -> str:
    if diversity["ratio"] is None:
        return "nothing to compare: the model or the store has one style"
    return f"{diversity['ratio']:.2f} of that among real glyphs ({diversity['generated']} against {diversity['real']})"


def _print_plan(plan: TrainingPlan, device: str, as_json: bool) -> None:
    from dataclasses import asdict

    store, notes = plan.store, plan.resolved.notes
    shown: dict[str, Any] = {
        "model": plan.name,
        "data": ", ".join(map(str, store.folders)),
        "out": str(plan.out),
        "device": device,
        "size": store.size,
        "styles": [store.styles[number].name for number in store.targets],
        "glyphs": len(store.labels),
        **asdict(plan.settings),
        **asdict(plan.config),  # type: ignore[call-overload]
        **({"notes": list(notes)} if notes else {}),
    }
    if as_json:
        print_json(shown)
        return
    say_facts(shown)
