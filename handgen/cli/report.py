"""``handgen report``: a page about a dataset or a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handgen.cli.common import PATHS, Debug, Json, print_json, say


def report(
    path: Annotated[
        Path, typer.Argument(metavar="DATASET|RUN", help="A dataset, or a run folder.", show_default=False)
    ],
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
    on it.

    [bold]Examples:[/bold]

    handgen report datasets/zi2zi

    handgen report runs/zi2zi --out zi2zi.html
    """
    from handgen.cli.progress import track
    from handgen.errors import UsageError
    from handgen.report.make import make_page
    from handgen.report.page import save

    file = out or Path(f"report-{path.resolve().name}.html")
    if file.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out {file} is no HTML file", "Let it end in .html.")
    page = make_page(path, track)
    save(page, file)
    if as_json:
        print_json({"out": str(file), "kind": page.kind, "bytes": file.stat().st_size})
    else:
        say(f"report  {file}")
