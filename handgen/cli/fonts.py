"""``handgen fonts``: which fonts are here, what they draw, and where to get more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handgen.cli.common import PATHS, RUNNING, Debug, DryRun, Json, print_json, say, stderr, stdout
from handgen.cli.help import Command, Group

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handgen.fonts.catalog import Entry
    from handgen.fonts.coverage import Coverage
    from handgen.fonts.face import FontRef
    from handgen.fonts.fetch import Outcome
    from handgen.fonts.find import FoundFont

CHOICE = "Which fonts"
_SHOWN = 24
_NARROW, _LICENSE = 60, 12
"""Columns of a terminal below which a list leaves licenses out; letters that one of them may have."""

fonts = typer.Typer(
    cls=Group,
    name="fonts",
    no_args_is_help=True,
    help="List fonts, check what they draw, fetch more.",
    epilog="[bold]Example:[/bold]\n\nhandgen fonts list --kind handwriting",
)

Charset = Annotated[
    str | None,
    typer.Option(
        help="gb2312-1, gb2312, jis-1, big5-1, latin62, latin, digits, ascii, zh-marks, a UTF-8 file, or characters.",
        show_default="gb2312-1 for a font with Chinese, else latin62",
        rich_help_panel=CHOICE,
    ),
]


@fonts.command("list", cls=Command)
def list_fonts(
    script: Annotated[
        str | None,
        typer.Option(help="Only han, kana, latin or other.", show_default="all", rich_help_panel=CHOICE),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="Only one kind: pen, running, brush, kai, caps, hei, song, round, sans, serif, display; or several: "
            "handwriting, print.",
            show_default="all",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    charset: Charset = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List the fonts in ./fonts, in handgen's font cache, in pip packages and on the system.

    Coverage is read off the font's character map; `handgen fonts check` looks at the ink.

    [bold]Examples:[/bold]

    handgen fonts list

    handgen fonts list --script han --kind brush --charset gb2312
    """
    from handgen.fonts.find import SCRIPTS, find_fonts

    _known("script", script, SCRIPTS)
    if kind:
        from handgen.fonts.catalog import KIND_GROUPS, KINDS

        _known("kind", kind, sorted(KINDS | KIND_GROUPS.keys()))
        kinds = KIND_GROUPS.get(kind, {kind})
    found = find_fonts()
    good = [f for f in found if not f.broken and script in (None, f.script) and (not kind or f.kind in kinds)]
    broken = [f for f in found if f.broken]
    rows = [_row(font, charset) for font in good]
    if as_json:
        print_json({"fonts": rows, "broken": [{"path": f.ref.spec, "reason": f.broken} for f in broken]})
    else:
        _print_list(rows, broken)


def _known(what: str, value: str | None, known: Any) -> None:
    from handgen.errors import UsageError
    from handgen.registry import nearest

    if value is not None and value not in known:
        raise UsageError(f"unknown {what} '{value}'", nearest(value, known))


def _row(font: FoundFont, charset: str | None) -> dict[str, Any]:
    from handgen.fonts.charsets import load_charset
    from handgen.fonts.find import covered, default_charset

    name = default_charset(font.ref) if charset is None else charset
    chars = load_charset(name)
    return {
        "family": font.family,
        "subfamily": font.subfamily,
        "script": font.script,
        "kind": font.kind,
        "charset": name,
        "covered": covered(font.ref, chars),
        "characters": len(chars),
        "license": font.license,
        "where": font.where,
        "path": font.ref.spec,
    }


def _print_list(rows: list[dict[str, Any]], broken: list[FoundFont]) -> None:
    """Print one line a family: of its faces, the one that covers most; all of them are in --json."""
    from rich.table import Table
    from rich.text import Text

    families: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault(row["family"], []).append(row)
    shown = 4 if stdout.width < _NARROW else 6
    headings = ("family", "script", "kind", "covers", "license", "where")
    table = Table(*headings[:shown], box=None, pad_edge=False)
    for column in table.columns[1:4]:
        column.no_wrap = True
    for family, faces in families.items():
        best = max(faces, key=lambda row: row["covered"])
        name = f"{family} ({len(faces)})" if len(faces) > 1 else family
        covers = f"{best['covered'] / best['characters']:4.0%} {best['charset'][:8]}"
        license = best["license"].partition("://")[2] or best["license"]
        license = license if len(license) <= _LICENSE else license[: _LICENSE - 1] + "…"
        table.add_row(*map(Text, (name, best["script"], best["kind"], covers, license, best["where"])[:shown]))
    if rows:
        stdout.print(table)
    say(f"{len(families)} families. More: handgen fonts fetch zh|en")
    for font in broken:
        stderr.print(f"broken: {font.broken}", markup=False, soft_wrap=True)


@fonts.command(cls=Command)
def check(
    font: Annotated[str, typer.Argument(help="FILE, FILE#FACE, FILE@INSTANCE, a family or an alias.", metavar="FONT")],
    charset: Charset = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with 1 when any character is not drawn.", rich_help_panel=RUNNING),
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw every character of a charset and tell which ones the font really has.

    A character may be missing from the font's map, blank, drawn as the box for
    missing glyphs, or drawn with one shape that many others share.

    [bold]Examples:[/bold]

    handgen fonts check Heiti --charset gb2312-1

    handgen fonts check Caveat --charset ascii --strict
    """
    from handgen.fonts.charsets import load_charset
    from handgen.fonts.coverage import survey
    from handgen.fonts.find import default_charset, resolve_font

    ref = resolve_font(font)
    charset = default_charset(ref) if charset is None else charset
    chars = load_charset(charset)
    coverage = survey(ref, chars)
    if as_json:
        print_json(
            {
                "font": ref.spec,
                "charset": charset,
                "characters": len(chars),
                "drawn": len(coverage.drawn),
                "skipped": coverage.skipped,
            }
        )
    else:
        _print_check(ref, charset, len(chars), coverage)
    if strict and coverage.skipped:
        raise typer.Exit(1)


def _print_check(ref: FontRef, charset: str, total: int, coverage: Coverage) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from handgen.characters import listed
    from handgen.fonts.coverage import REASONS

    say(f"{ref.spec}, {charset[:_SHOWN]}")
    table = Table("", "count", "characters", box=box.SIMPLE_HEAD, pad_edge=False)
    table.columns[1].justify = "right"
    table.add_row("drawn", f"{len(coverage.drawn):,}", f"of {total:,}")
    for reason, characters in coverage.skipped.items():
        more = f" and {len(characters) - _SHOWN:,} more" if len(characters) > _SHOWN else ""
        table.add_row(reason, f"{len(characters):,}", Text(listed(characters[:_SHOWN], _SHOWN) + more))
    stdout.print(table)
    for reason in coverage.skipped:
        say(f"{reason}: {REASONS[reason]}")


_Names = Annotated[
    list[str],
    typer.Argument(
        help="zh (Chinese), en (Latin), families; strokes: those of Chinese characters; kanjivg: those of "
        "Japanese and Latin ones.",
        metavar="zh|en|FAMILY|strokes|kanjivg...",
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="Folder for the fonts, their licenses and their provenance.",
        show_default="handgen's font cache, $HANDGEN_FONTS",
        rich_help_panel=PATHS,
    ),
]
_Everything = Annotated[
    bool,
    typer.Option("--all", help="With zh or en: every family of the catalog, decoration too.", rich_help_panel=CHOICE),
]
_Force = Annotated[bool, typer.Option("--force", help="Fetch again what is there already.", rich_help_panel=RUNNING)]


@fonts.command(cls=Command)
def fetch(
    names: _Names,
    out: _Out = None,
    everything: _Everything = False,
    force: _Force = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Fetch free fonts of the catalog with the npm and pip clients.

    Web fonts are put together into one TTF. Each font's license is stored beside it.

    Strokes are what `handgen synth --model pen` writes; with them come the
    counts that `handgen train zi2zi --lambda-strokes` reads.

    [bold]Examples:[/bold]

    handgen fonts fetch zh

    handgen fonts fetch en --all

    handgen fonts fetch "Ma Shan Zheng" Caveat --out fonts

    handgen fonts fetch strokes kanjivg
    """
    from itertools import chain

    from handgen.fonts.catalog import select
    from handgen.fonts.fetch import fetch_all, installed
    from handgen.fonts.find import font_cache
    from handgen.strokes.fetch import KANJIVG, STROKES, fetch_kanjivg, fetch_strokes

    strokes = {STROKES.family: (STROKES, fetch_strokes), KANJIVG.family: (KANJIVG, fetch_kanjivg)}
    families = select([name for name in names if name not in strokes], everything)
    wanted = [strokes[name] for name in strokes if name in names]
    entries = families + [entry for entry, _ in wanted]
    folder = out or font_cache()
    if dry_run:
        _print_plan(entries, folder, as_json)
        return
    fetched = chain(fetch_all(families, folder, force), *(bring(folder, force) for _, bring in wanted))
    present = 0 if force else sum(installed(entry, folder) is not None for entry in families)
    outcomes = _watched(fetched, len(entries), present)
    _print_outcomes(outcomes, folder, as_json)
    if any(outcome.error for outcome in outcomes):
        raise typer.Exit(1)


def _watched(fetched: Iterable[Outcome], total: int, present: int) -> list[Outcome]:
    """Fetch, and say how far it is; those ``present`` before say nothing of how fast it goes."""
    from handgen.cli.progress import Bar

    outcomes: list[Outcome] = []
    with Bar("fetching", total, done=present, unit="fonts") as bar:
        for outcome in fetched:
            outcomes.append(outcome)
            bar.show(max(present, len(outcomes)))
    return outcomes


def _print_plan(entries: list[Entry], folder: Path, as_json: bool) -> None:
    from dataclasses import asdict

    from rich import box
    from rich.table import Table

    if as_json:
        print_json({"out": str(folder), "fonts": [asdict(entry) for entry in entries]})
        return
    table = Table("family", "license", "from", box=box.SIMPLE_HEAD, pad_edge=False)
    for entry in entries:
        table.add_row(entry.family, entry.license, f"{entry.source.type} {entry.source.package}")
    stdout.print(table)
    say(f"into {folder}")


def _print_outcomes(outcomes: list[Outcome], folder: Path, as_json: bool) -> None:
    states: dict[str, list[str]] = {"fetched": [], "present": [], "failed": []}
    reasons: dict[str, list[str]] = {}
    for outcome in outcomes:
        states[outcome.state].append(outcome.entry.family)
        if outcome.error:
            reasons.setdefault(str(outcome.error), []).append(outcome.entry.family)
    if as_json:
        failed = {family: reason for reason, families in reasons.items() for family in families}
        print_json({"out": str(folder), **states, "failed": failed})
        return
    if states["fetched"]:
        say(f"fetched {len(states['fetched'])}: {', '.join(sorted(states['fetched']))}")
    if states["present"]:
        say(f"already there {len(states['present'])} (--force fetches again)")
    for reason, families in reasons.items():
        stderr.print(f"failed {len(families)}: {', '.join(sorted(families))}: {reason}", markup=False, soft_wrap=True)
    if states["fetched"] or states["present"]:
        say(f"they are in {folder}")
