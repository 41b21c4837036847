"""``handgen gallery``: a page to choose hands from."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer

from handgen.cli import generated
from handgen.cli.common import Debug, Json, print_json, say
from handgen.report.gallery_settings import SHOWN, GallerySettings

_What = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL|RECIPE",
        help="What draws, as --model of synth has it, or a recipe: zh is the model, zh.yaml the recipe.",
        show_default="what synth takes: the latest finished run, else the recipe zh or latin",
    ),
]


def _common(as_json: Json = False, debug: Debug = False) -> None:
    """The parameters beside the settings."""


def gallery(**given: Any) -> None:
    """Write a page to choose hands from: every style with the same words; it needs no network and nothing beside it.

    Filter by kind, license, writing and legibility, click, and copy what
    synth needs: --styles of a model, or a recipe.

    [bold]Examples:[/bold]

    handgen gallery zh

    handgen gallery en --styles 60 --text Handwriting

    handgen gallery latin --seed 7 --out hands.html

    handgen gallery fonts --text 永和九年
    """
    settings = generated.values(GallerySettings, given)
    from handgen.cli.progress import Bar
    from handgen.report.gallery import make_gallery
    from handgen.report.gallery_page import save_gallery

    with Bar("opening", unit="styles") as bar:
        made = make_gallery(given["what"], settings, lambda what, done, total: bar.show(done, what, total))
    out = settings.out or Path(f"gallery-{made.name}.html")
    save_gallery(made, out)
    shown, count = sum(len(wall.hands) for wall in made.walls), sum(wall.count for wall in made.walls)
    if given["as_json"]:
        print_json({"out": str(out), "bytes": out.stat().st_size, "shown": shown, "styles": count})
        return
    some = f"{shown:,} of {count:,} styles" if shown < count else f"{count:,} styles"
    say(f"gallery  {out} ({some}, {out.stat().st_size / 1e6:.1f} MB)")


generated.with_signature(
    gallery,
    [
        inspect.Parameter("what", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_What),
        *generated.parameters(GallerySettings, SHOWN),
        *generated.options(_common),
    ],
)
