"""``handgen render``: fonts to a glyph store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from handgen.characters import listed
from handgen.cli.common import PLACES, Debug, DryRun, Json, Seed, Workers, print_json, stderr, stdout

if TYPE_CHECKING:
    from handgen.collect.render import Plan, Rendered

DRAWING = "What to draw"
_DEFAULT_OUT = Path("data/glyphs")
_DRAWINGS = 4
"""Of each source character, with ``--vary pen``."""


def render(
    font: Annotated[
        str,
        typer.Option(
            "--font",
            "-f",
            metavar="FONT",
            help="Source font, the content of every glyph: FILE, FILE#FACE, FILE@INSTANCE, a family or an alias.",
            show_default=False,
            rich_help_panel=DRAWING,
        ),
    ],
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            "-t",
            metavar="FONT|DIR",
            help="Font to learn, or a folder of them; may be repeated.",
            show_default="every suitable font found",
            rich_help_panel=DRAWING,
        ),
    ] = None,
    charset: Annotated[
        str | None,
        typer.Option(
            help="gb2312-1, gb2312, jis-1, big5-1, latin62, latin, digits, ascii, a UTF-8 file, or the characters.",
            show_default="gb2312-1 if the source has Chinese, else latin62",
            rich_help_panel=DRAWING,
        ),
    ] = None,
    size: Annotated[
        Literal["64", "128", "256"],
        typer.Option(help="Side of the square images in pixels.", rich_help_panel=DRAWING),
    ] = "64",
    per_font: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Characters sampled from each target font.",
            show_default="all it draws",
            rich_help_panel=DRAWING,
        ),
    ] = None,
    take: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FONT=N",
            help="N characters from this target, called by style or file name; may be repeated.",
            show_default="as --per-font",
            rich_help_panel=DRAWING,
        ),
    ] = None,
    align: Annotated[
        bool,
        typer.Option(
            "--align/--no-align",
            help="Scale and move each target font onto the source's ink; synth undoes it.",
            rich_help_panel=DRAWING,
        ),
    ] = True,
    vary: Annotated[
        Literal["none", "pen"],
        typer.Option(
            help="pen: beside the source's own glyphs, others whose strokes are written anew, each a little displaced, "
            "turned and scaled.",
            rich_help_panel=DRAWING,
        ),
    ] = "none",
    samples: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=100,
            help="Drawings of each source character with --vary pen, the font's own among them.",
            show_default="4",
            rich_help_panel=DRAWING,
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="Folder of the glyph store; a store there is replaced.", rich_help_panel=PLACES
        ),
    ] = _DEFAULT_OUT,
    workers: Workers = 0,
    seed: Seed = 0,
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw fonts into a glyph store, with a preview picture.

    Characters that a font lacks, or draws as a blank or a box, are skipped and counted.

    [bold]Examples:[/bold]

    handgen render --font Heiti.ttf

    handgen render -f Heiti -t fonts/han --per-font 2000 --take liu-jian-mao-cao=4000

    handgen render -f Caveat -t fonts/latin --charset latin62 --size 128 -o data/latin

    handgen render -f Heiti -t fonts/han --vary pen --samples 4 -o data/varied
    """
    from handgen.collect.render import make_plan
    from handgen.collect.render import render as draw
    from handgen.errors import UsageError

    if vary == "none" and samples is not None:
        raise UsageError("--samples counts the drawings of --vary pen", "Add --vary pen.")
    plan = make_plan(
        font,
        out=out,
        targets=target or (),
        charset=charset,
        size=int(size),
        per_font=per_font,
        take=take or (),
        seed=seed,
        align=align,
        workers=workers,
        drawings=1 if vary == "none" else samples or _DRAWINGS,
    )
    if dry_run:
        print_json(_plan_dict(plan)) if as_json else _print_plan(plan)
        return
    if not as_json:
        _print_plan(plan)
    rendered = _with_progress(plan, draw)
    for style, reason in rendered.failed.items():
        _warn(f"left out {style}: {reason}")
    for drawn in rendered.styles:
        if drawn.oversized:
            _warn(
                f"{drawn.style} draws {listed(drawn.oversized)} far larger than its other characters: "
                "the others are drawn at their own size, and these made to fit"
            )
    if as_json:
        print_json(_dict(plan, rendered))
    else:
        _print(rendered)


def _with_progress(plan: Plan, draw: Any) -> Rendered:
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task("drawing", total=None)

        def show(style: str, done: int, total: int) -> None:
            bar.update(task, description=escape(style), completed=done, total=total)

        rendered: Rendered = draw(plan, show)
    return rendered


def _warn(text: str) -> None:
    from rich.markup import escape

    stderr.print(f"[yellow]warning:[/yellow] {escape(text)}", soft_wrap=True)


def _print_plan(plan: Plan) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("source", Text(f"{plan.source.style} ({plan.source.ref.spec})"))
    table.add_row("charset", Text(f"{plan.charset}: {len(plan.chars):,} characters"))
    table.add_row(
        "images", f"{plan.size} x {plan.size} pixels, {'aligned to the source' if plan.align else 'not aligned'}"
    )
    if plan.drawings > 1:
        table.add_row("drawings", f"{plan.drawings} of each source character, {plan.drawings - 1} written anew")
    for number, font in enumerate(plan.targets):
        count = "all characters" if font.count is None else f"{font.count:,} characters"
        table.add_row("targets" if number == 0 else "", Text(f"{font.style}: {count} ({font.ref.spec})"))
    table.add_row("store", Text(str(plan.out)))
    stdout.print(table)


def _plan_dict(plan: Plan) -> dict[str, Any]:
    return {
        "source": {"style": plan.source.style, "font": plan.source.ref.spec},
        "targets": [{"style": t.style, "font": t.ref.spec, "characters": t.count} for t in plan.targets],
        "charset": plan.charset,
        "characters": len(plan.chars),
        "size": plan.size,
        "align": plan.align,
        "drawings": plan.drawings,
        "seed": plan.seed,
        "out": str(plan.out),
    }


def _dict(plan: Plan, rendered: Rendered) -> dict[str, Any]:
    return {
        **_plan_dict(plan),
        "preview": str(rendered.preview),
        "glyphs": rendered.glyphs,
        "styles": [
            {"style": s.style, "role": s.role, "drawn": s.count, "skipped": s.skipped}
            | ({"oversized": s.oversized} if s.oversized else {})
            for s in rendered.styles
        ],
        "failed": rendered.failed,
        "seconds": round(rendered.seconds, 2),
    }


def _print(rendered: Rendered) -> None:
    from rich.table import Table
    from rich.text import Text

    reasons = list(dict.fromkeys(reason for style in rendered.styles for reason in style.skipped))
    table = Table("style", "role", "drawn", *reasons)
    for column in table.columns[2:]:
        column.justify = "right"
    for style in rendered.styles:
        skipped = [f"{len(style.skipped[reason]):,}" if reason in style.skipped else "" for reason in reasons]
        table.add_row(Text(style.style), style.role, f"{style.count:,}", *skipped)
    stdout.print(table)
    stdout.print(f"{rendered.glyphs:,} glyphs in {rendered.seconds:.1f} s")
    stdout.print(f"store    {rendered.out}", soft_wrap=True, markup=False)
    stdout.print(f"preview  {rendered.preview}", soft_wrap=True, markup=False)
    data = "" if rendered.out == _DEFAULT_OUT else f" --data {rendered.out}"
    stdout.print(f"next: handgen train zi2zi{data}", soft_wrap=True, markup=False)
