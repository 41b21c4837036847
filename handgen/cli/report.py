"""``handgen report``: a page about a dataset or a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handgen.cli.common import PATHS, Debug, Json, print_json, say

if TYPE_CHECKING:
    from handgen.evaluation.likeness import Compared


def report(
    path: Annotated[
        Path, typer.Argument(metavar="DATASET|RUN", help="A dataset, or a run folder.", show_default=False)
    ],
    like: Annotated[
        Path | None,
        typer.Option(
            help="Real handwriting to show a dataset's ink beside: a dataset or a glyph store.",
            metavar="REAL",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="HTML file.", show_default="report-NAME.html", rich_help_panel=PATHS),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write one HTML page about a dataset or a training run; it needs no network and nothing beside it.

    A dataset's shows its styles, random and worst samples and histograms; a
    run's its curves, measurements and drawings. Results of 'handgen eval' are
    on it. --like REAL measures its ink beside that of real handwriting (how
    full, wide, dark, broad and grainy) and names what is farthest apart.

    [bold]Examples:[/bold]

    handgen report datasets/zi2zi

    handgen report datasets/zi2zi --like data/real

    handgen report runs/zi2zi --out zi2zi.html
    """
    from handgen.cli.progress import track
    from handgen.errors import UsageError
    from handgen.evaluation.likeness import compare
    from handgen.report.make import make_page
    from handgen.report.page import save
    from handgen.report.run import is_run

    file = out or Path(f"report-{path.resolve().name}.html")
    if file.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out {file} is no HTML file", "Let it end in .html.")
    if like is not None and is_run(path):
        raise UsageError("--like is for datasets", "Write one with 'handgen synth', and report that.")
    compared = compare(path, like, track) if like is not None else None
    page = make_page(path, track, compared)
    save(page, file)
    if as_json:
        beside = {"like": str(like), **compared.as_json()} if compared else {}
        print_json({"out": str(file), "kind": page.kind, "bytes": file.stat().st_size, **beside})
        return
    if compared:
        _print(compared)
    say(f"report  {file}")


def _print(compared: Compared) -> None:
    from handgen.cli.tables import show
    from handgen.report.beside import table_of

    show(table_of(compared.in_order))
    say(f"most    {compared.largest.sentence()}")
