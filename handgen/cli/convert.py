"""``handgen convert``: one dataset format to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handgen.cli import generated
from handgen.cli.common import Debug, DryRun, Json, print_json, say, say_facts, say_left_out
from handgen.formats.settings import ConvertSettings

if TYPE_CHECKING:
    from handgen.convert import Conversion


def _common(
    source: Annotated[
        Path,
        typer.Argument(metavar="IN", help="A dataset, or a folder of datasets to put together.", show_default=False),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the new dataset.", show_default=False)],
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """The parameters beside the settings."""


def convert(**given: Any) -> None:
    """Write a dataset in the format of another trainer; labels, images and order stay as they are.

    Labels that are no NFC are put into NFC, as all formats want it, and counted;
    what is noted of samples in further columns goes along.

    What kind of dataset IN is, handgen finds out itself. Stopped anywhere, the same command goes on.

    [bold]Examples:[/bold]

    handgen convert datasets/zi2zi datasets/doctr --format doctr

    handgen convert datasets/shards datasets/whole --format lmdb

    handgen convert datasets/zi2zi datasets/tars -f webdataset --dry-run

    handgen convert theirs datasets/whole --skip-bad

    handgen convert datasets/lines datasets/chats --format conversations --instructions en,fr
    """
    settings = generated.values(ConvertSettings, given)
    from handgen.convert import Conversion
    from handgen.errors import quoted

    source, out, as_json = given["source"], given["out"], given["as_json"]
    conversion = Conversion(
        source, out, settings.format, skip_bad=settings.skip_bad, instructions=settings.instructions
    )
    written = False
    if not as_json:
        samples = "" if conversion.total is None else f", {conversion.total:,} samples"
        say_facts({"in": f"{source} ({conversion.format}{samples})", "out": f"{out} ({conversion.target})"})
    if not given["dry_run"]:
        written = _with_progress(conversion, settings.workers)
        if not as_json:
            _print_changes(conversion)
            say(f"next: handgen check {quoted(out)}" if written else f"{out} is complete already")
    if as_json:
        facts = {"in": str(source), "out": str(out), "samples": conversion.total, "written": written}
        facts |= {"left_out": len(conversion.left_out), "labels_changed": conversion.changes.count}
        print_json({**facts, **conversion.identity()})


generated.with_signature(
    convert, [*generated.options(_common), *generated.parameters(ConvertSettings, "How it is written")]
)


def _print_changes(conversion: Conversion) -> None:
    if count := conversion.changes.count:
        say(f"NFC changed {count:,} labels: {'; '.join(conversion.changes.described())}")
    if conversion.left_out:
        from handgen.check.bad import LEFT_OUT

        say_left_out(conversion.left_out, f"all in {conversion.out / LEFT_OUT}")


def _with_progress(conversion: Conversion, workers: int) -> bool:
    from handgen.cli.progress import Bar
    from handgen.workers import cores

    with Bar("writing", conversion.total, unit="samples") as bar:
        return conversion.write(bar.show, workers=workers or cores())
