"""``handgen render``: fonts to a glyph store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handgen.cli import generated
from handgen.cli.common import Debug, DryRun, Json, print_json, say, say_facts, stdout, warn
from handgen.collect.settings import DRAWING, STORE, RenderSettings
from handgen.errors import quoted

if TYPE_CHECKING:
    from handgen.collect.render import Plan, Rendered


def _common(dry_run: DryRun = False, as_json: Json = False, debug: Debug = False) -> None:
    """The parameters beside the settings."""


def render(**given: Any) -> None:
    """Draw fonts into a glyph store, with a preview picture.

    Characters that a font lacks, or draws as a blank or a box, are skipped and counted.

    [bold]Examples:[/bold]

    handgen render --font Heiti.ttf

    handgen render -f Heiti -t fonts/han --per-font 2000 --take liu-jian-mao-cao=4000

    handgen render -f Caveat -t fonts/latin --charset latin62 --size 128 -o data/latin

    handgen render -f Heiti -t fonts/han --vary pen --samples 4 -o data/varied
    """
    settings = generated.values(RenderSettings, given)
    from handgen.characters import listed
    from handgen.collect.render import make_plan

    plan, as_json = make_plan(settings), given["as_json"]
    if given["dry_run"]:
        if plan.note:
            warn(plan.note)
        print_json(_plan_dict(plan)) if as_json else _print_plan(plan)
        return
    if not as_json:
        _print_plan(plan)
    if plan.note:
        warn(plan.note)
    rendered = _with_progress(plan)
    for style, reason in rendered.failed.items():
        warn(f"left out {style}: {reason}")
    for drawn in rendered.styles:
        if drawn.oversized:
            warn(
                f"{drawn.style} draws {listed(drawn.oversized)} far larger than its other characters: "
                "the others are drawn at their own size, and these made to fit"
            )
    if as_json:
        print_json(_dict(plan, rendered))
    else:
        _print(rendered)


generated.with_signature(render, [*generated.parameters(RenderSettings, DRAWING), *generated.options(_common)])


def _with_progress(plan: Plan) -> Rendered:
    from handgen.cli.progress import Bar
    from handgen.collect.render import render as draw

    with Bar("drawing", unit="glyphs") as bar:
        return draw(plan, lambda style, done, total: bar.show(done, f"drawing {style}", total))


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
    say_facts({"store": rendered.out, "preview": rendered.preview})
    data = "" if rendered.out == STORE else f" --data {quoted(rendered.out)}"
    say(f"next: handgen train zi2zi{data}")
