"""``handgen synth``: a checkpoint to a labeled dataset."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handgen.cli import generated
from handgen.cli.common import PATHS, RUNNING, Debug, DryRun, Json, Workers, print_json, warn
from handgen.pages.settings import PAGES, PageRequest
from handgen.sources.spec import DRAWN, OWN, STYLES, SourceSpec
from handgen.synthesis.request import LINES, NESTED, LineRequest, Request
from handgen.workers import cores

if TYPE_CHECKING:
    from handgen.synthesis.shards import ShardWriter


Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="MODEL[=SHARE]",
        help="Run folder, model file, or the name of weights that come with handgen (see 'handgen models'); pen, which "
        "writes stroke by stroke; fonts, which draws fonts as they are; or a glyph store. Several with shares are "
        "mixed: --model zh=2 --model pen=3.",
        show_default="the latest finished run; without one the recipe zh or latin",
        rich_help_panel=DRAWN,
    ),
]
_Lines = Annotated[
    bool, typer.Option("--lines", help="Write lines of text instead of single characters.", rich_help_panel=LINES)
]
_Pages = Annotated[
    bool,
    typer.Option("--pages", help="Write pages of such lines, and the lines cut out of them.", rich_help_panel=PAGES),
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
        rich_help_panel=PATHS,
    ),
]
_SaveRecipe = Annotated[
    Path | None,
    typer.Option(
        "--save-recipe", help="Write what is asked for as a YAML file.", show_default="none", rich_help_panel=PATHS
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
    "pages": (_Pages, False),
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
    of_source = generated.parameters(SourceSpec, DRAWN, but=OWN)
    of_request = generated.parameters(Request, RUNNING, but=NESTED)
    of_lines = generated.parameters(LineRequest, LINES)
    of_pages = generated.parameters(PageRequest, PAGES)
    by_panel = [option("model"), *of_source, option("list_styles"), *of_request, option("lines"), *of_lines]
    by_panel += [option("pages"), *of_pages]
    return [context, *by_panel, *map(option, ("recipe", "save_recipe", *list(_COMMAND)[6:]))]


_HELP = """Write a labeled dataset (LMDB) with a trained model, a pen, fonts, or several of these.

Stopped anywhere, the same command goes on. Sample i depends on the seed and i alone.

[bold]Examples:[/bold]

handgen synth --styles 15 --count 100000

handgen synth --model zh --styles 15 --degrade scan --count 100000 --out datasets/scans

handgen synth --model zh=2 --model pen=3 --model fonts=1 --count 100000 --out datasets/mixed

handgen synth --list-styles

handgen synth --lines --corpus novel.txt --height 48 --degrade scan --out datasets/lines

handgen synth --lines --corpus dates,amounts,names --boxes --out datasets/forms

handgen synth --pages --corpus novel.txt --model traced --count 1000 --out datasets/pages

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
    from handgen.synthesis.prepare import resolved
    from handgen.synthesis.recipe import save_recipe
    from handgen.synthesis.usual import with_usual_sources
    from handgen.synthesis.write import check_out

    asked = _request(given)
    request = resolved(asked)
    if given["list_styles"]:
        list_trained(request, given["as_json"])
        return
    batch, workers = given["batch"], given["workers"]
    shard_writer = _shard_writer(request, given["processes"], given["ray"], batch, workers)
    prepared = prepared_with_progress(request, workers or cores())
    check_out(prepared)
    if not given["as_json"]:
        print_plan(prepared, with_usual_sources(asked)[1])
    else:
        warn_of_gate(prepared)
    if given["save_recipe"]:
        save_recipe(request, given["save_recipe"])
    if not given["dry_run"]:
        report = with_progress(prepared, batch, workers or cores(), shard_writer)
        if not given["as_json"]:
            print_result(prepared, report)
        elif report.doubt:
            warn(report.doubt)
    if given["as_json"]:
        print_json({"out": str(prepared.out), "written": not given["dry_run"], **prepared.identity()})


_synth.__doc__ = _HELP
_OFTEN = frozenset({"model", "recipe", "lines", "pages", "list_styles", "workers", "dry_run", "as_json"})
"""Of the options that are no settings, those that the help always shows."""
synth = generated.with_signature(_synth, _parameters(), generated.often(SourceSpec, Request, LineRequest) | _OFTEN)


def _request(given: dict[str, Any]) -> Request:
    """Return what is asked for on the command line, and before that by a recipe."""
    from handgen.synthesis.options import make_request, names_of

    known = names_of(SourceSpec, OWN) | names_of(Request, NESTED) | names_of(LineRequest) | names_of(PageRequest)
    typed = {name: given[name] for name in sorted(known & given.keys()) if _is_typed(given["ctx"], name)}
    how = {name: given[name] for name in ("recipe", "lines", "pages")}
    return make_request(*(given["model"] or ()), **how, **typed)


def _is_typed(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


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
        from handgen.synthesis.cluster import Cluster

        return Cluster(ray, batch, workers or 1, processes if processes > 1 else None)
    if processes > 1:
        from handgen.synthesis.processes import Processes

        return Processes(processes, batch, workers or max(1, cores() // processes))
    return None
