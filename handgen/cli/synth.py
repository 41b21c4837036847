"""``handgen synth``: a checkpoint to a labeled dataset."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handgen.cli import generated
from handgen.cli.common import PLACES, RUNNING, Debug, DryRun, Json, Workers, print_json
from handgen.settings import Settings
from handgen.sources.spec import DRAWN, STYLES, SourceSpec
from handgen.synth.request import LINES, LineRequest, Request

if TYPE_CHECKING:
    from handgen.synth.shards import ShardWriter

_OWN = frozenset({"source", "share"})
_NESTED = frozenset({"sources", "lines"})

Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="MODEL[=SHARE]",
        help="Run folder, model file, or the name of weights that come with handgen (see 'handgen models'); pen, which "
        "writes stroke by stroke; fonts, which draws fonts as they are; or a glyph store. Several with shares are "
        "mixed: --model zh=2 --model pen=3.",
        show_default="the latest in runs/; without one zh, for Latin characters en",
        rich_help_panel=DRAWN,
    ),
]
_Lines = Annotated[
    bool, typer.Option("--lines", help="Write lines of text in place of single characters.", rich_help_panel=LINES)
]
_ListStyles = Annotated[
    bool,
    typer.Option("--list-styles", help="Show the trained and the added styles and stop.", rich_help_panel=STYLES),
]
_Recipe = Annotated[
    Path | None,
    typer.Option(
        "--recipe",
        metavar="FILE|NAME",
        help="All of this from a YAML file, or from a recipe that comes with handgen; other options go before it.",
        show_default="none",
        rich_help_panel=PLACES,
    ),
]
_SaveRecipe = Annotated[
    Path | None,
    typer.Option(
        "--save-recipe", help="Write what is asked for as a YAML file.", show_default="none", rich_help_panel=PLACES
    ),
]
_Batch = Annotated[
    int, typer.Option(min=1, help="Samples under way at once; does not change them.", rich_help_panel=RUNNING)
]
_Processes = Annotated[
    int, typer.Option(min=1, help="Processes that write --shards at the same time.", rich_help_panel=RUNNING)
]
_Ray = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS|local",
        help="Write --shards on a Ray cluster: HOST:PORT, auto, or local.",
        show_default="none",
        rich_help_panel=RUNNING,
    ),
]
_COMMAND: dict[str, tuple[Any, Any]] = {
    "model": (Models, None),
    "recipe": (_Recipe, None),
    "save_recipe": (_SaveRecipe, None),
    "lines": (_Lines, False),
    "list_styles": (_ListStyles, False),
    "batch": (_Batch, 1024),
    "workers": (Workers, 0),
    "processes": (_Processes, 1),
    "ray": (_Ray, ""),
    "dry_run": (DryRun, False),
    "as_json": (Json, False),
    "debug": (Debug, False),
}
"""The options that are no settings of a request: annotation and default."""


def _parameters() -> list[inspect.Parameter]:
    def option(name: str) -> inspect.Parameter:
        annotation, default = _COMMAND[name]
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    of_source = generated.parameters(SourceSpec, DRAWN, but=_OWN)
    of_request = generated.parameters(Request, RUNNING, but=_NESTED)
    of_lines = generated.parameters(LineRequest, LINES)
    by_panel = [option("model"), *of_source, option("list_styles"), *of_request, option("lines"), *of_lines]
    return [context, *by_panel, *map(option, ("recipe", "save_recipe", *list(_COMMAND)[5:]))]


_HELP = """Write a labeled dataset (LMDB) with a trained model, a pen, fonts, or several of these.

Stopped anywhere, the same command goes on. Sample i depends on the seed and i alone.

[bold]Examples:[/bold]

handgen synth --styles 15 --count 100000

handgen synth --model zh --styles 15 --degrade scan --count 100000 --out datasets/scans

handgen synth --model zh=2 --model pen=3 --model fonts=1 --count 100000 --out datasets/mixed

handgen synth --list-styles

handgen synth --lines --corpus novel.txt --height 48 --degrade scan --out datasets/lines

handgen synth --lines --corpus dates,amounts,names --boxes --out datasets/forms

handgen synth --degrade scan --format webdataset --out datasets/shards

handgen synth --count 1000000 --shards 16 --processes 4 --out datasets/million

handgen synth --model runs/bicyclegan --styles continuous --count 100000 --out datasets/everyone

handgen synth --model runs/bicyclegan --like scans/mine --charset latin62 --out datasets/mine

handgen synth --styles ma-shan-zheng --charset gb2312-1 --count 50000 --out datasets/brush

handgen synth --model pen --styles 200 --cursiveness 0,0.3 --count 100000

handgen synth --model zh --model pen --dry-run --save-recipe recipe.yaml

handgen synth --recipe recipe.yaml --count 100000
"""


def _synth(**given: Any) -> None:
    from handgen.cli.synthesis import (
        list_trained,
        prepared_with_progress,
        print_plan,
        print_result,
        warn_of_gate,
        with_progress,
    )
    from handgen.synth.prepare import resolved, usual_model
    from handgen.synth.recipe import save_recipe

    asked = _request(given)
    request = resolved(asked)
    if given["list_styles"]:
        list_trained(request, given["as_json"])
        return
    batch, workers = given["batch"], given["workers"]
    shard_writer = _shard_writer(request, given["processes"], given["ray"], batch, workers)
    prepared = prepared_with_progress(request)
    if not given["as_json"]:
        print_plan(prepared, usual_model(asked).why)
    else:
        warn_of_gate(prepared)
    if given["save_recipe"]:
        save_recipe(request, given["save_recipe"])
    if not given["dry_run"]:
        report = with_progress(prepared, batch, workers or os.cpu_count() or 1, shard_writer)
        if not given["as_json"]:
            print_result(prepared, report)
    if given["as_json"]:
        print_json({"out": str(prepared.out), "written": not given["dry_run"], **prepared.identity()})


_synth.__doc__ = _HELP
synth = generated.with_signature(_synth, _parameters())


def _request(given: dict[str, Any]) -> Request:
    """Return what is asked for: of a recipe, if one is named, and before that on the command line."""
    from handgen.errors import UsageError
    from handgen.synth.recipe import find_recipe, read_recipe

    typed = {name for name in given if _is_typed(given["ctx"], name)}
    base = Request()
    if given["recipe"]:
        path = find_recipe(given["recipe"])
        base = dataclasses.replace(read_recipe(path), out=Path("datasets") / path.stem)
    of_lines = _typed(LineRequest, given, typed)
    lines = base.lines or (LineRequest() if given["lines"] else None)
    if of_lines and lines is None:
        raise UsageError("--corpus and the options of lines say nothing of single characters", "Add --lines.")
    of_source = _typed(SourceSpec, given, typed, _OWN)
    sources = tuple(map(_parse_model, given["model"])) if given["model"] else base.sources
    return dataclasses.replace(
        base,
        sources=tuple(dataclasses.replace(spec, **of_source) for spec in sources),
        lines=dataclasses.replace(lines, **of_lines) if lines else None,
        **_typed(Request, given, typed, _NESTED),
    )


def _is_typed(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _typed(
    settings: type[Settings], given: dict[str, Any], typed: Collection[str], but: Collection[str] = ()
) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(settings)} - set(but)  # type: ignore[arg-type]
    return {name: given[name] for name in sorted(names & set(typed))}


def _parse_model(text: str) -> SourceSpec:
    """Return the source that ``MODEL=SHARE`` means."""
    from handgen.errors import UsageError

    name, equals, share = text.rpartition("=")
    if not equals or Path(text).exists():
        return SourceSpec(source=text)
    try:
        number = float(share)
    except ValueError:
        raise UsageError(f"--model {text}: '{share}' is no share", "Write it as --model zh=2.") from None
    if not number >= 0 or not name:
        raise UsageError(f"--model {text} is not possible", "Write a name and a share from 0, as --model zh=2.")
    return SourceSpec(source=name, share=number)


def _shard_writer(request: Request, processes: int, ray: str, batch: int, workers: int) -> ShardWriter | None:
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
