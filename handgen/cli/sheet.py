"""``handgen sheet``: writing sheets to print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from handgen.cli.common import PATHS, Debug, DryRun, Json, print_json, say

if TYPE_CHECKING:
    from handgen.sheets.plan import Sheet

CONTENT = "What to write"
PRINT = "How it is printed"


_Charset = Annotated[
    str,
    typer.Option(
        metavar="FILE|NAME",
        help="latin62, hanzi100, hanzi300, hanzi775, gb2312-1, digits, ..., a UTF-8 file, or the characters.",
        rich_help_panel=CONTENT,
    ),
]
_Font = Annotated[
    str,
    typer.Option("--font", "-f", metavar="FONT", help="Font of the guide characters.", rich_help_panel=PRINT),
]
_Guides = Annotated[
    Literal["above", "inside"],
    typer.Option(help="Guide characters above the boxes, or in them, to be traced.", rich_help_panel=PRINT),
]
_Box = Annotated[
    float | None,
    typer.Option(
        min=10,
        max=40,
        help="Side of a box in millimeters.",
        show_default="the largest from 14 to 20 that needs no more pages",
        rich_help_panel=PRINT,
    ),
]
_Out = Annotated[
    Path, typer.Option("--out", "-o", help="PDF file; one that is there is replaced.", rich_help_panel=PATHS)
]


def sheet(
    charset: _Charset = "latin62",
    repeat: Annotated[int, typer.Option(min=1, max=20, help="Boxes for each character.", rich_help_panel=CONTENT)] = 1,
    font: _Font = "Heiti",
    guides: _Guides = "above",
    paper: Annotated[Literal["a4", "letter"], typer.Option(help="Size of the paper.", rich_help_panel=PRINT)] = "a4",
    box: _Box = None,
    out: _Out = Path("sheet.pdf"),
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Print writing sheets: a PDF with a box for each character, to be filled by hand.

    Print it at 100 %, write with a dark pen, photograph or scan the pages, and
    read them with 'handgen import sheet'. The page code in each page's head
    holds the layout and the characters: no other file is needed.

    hanzi100, hanzi300 and hanzi775 are Chinese characters that were chosen to
    cover components and structures; each set begins with the smaller one.

    [bold]Examples:[/bold]

    handgen sheet --charset latin62 --out sheet.pdf

    handgen sheet --charset hanzi300 --paper letter

    handgen sheet --charset mine.txt --repeat 3 --guides inside
    """
    from handgen.fonts.charsets import load_charset
    from handgen.fonts.find import resolve_font
    from handgen.sheets.plan import plan_sheet, save_sheet_pdf

    chars = load_charset(charset)
    title = charset if len(charset) <= 24 and not Path(charset).is_file() else Path(charset).stem[:24]
    planned = plan_sheet(
        chars,
        resolve_font(font),
        title=title,
        paper=paper,
        box=box,
        repeat=repeat,
        inside=guides == "inside",
    )
    if not dry_run:
        save_sheet_pdf(planned, out)
    if as_json:
        print_json(_dict(planned, out))
    else:
        _print(planned, out, dry_run)


def _dict(planned: Sheet, out: Path) -> dict[str, Any]:
    first = planned.pages[0]
    return {
        "sheet": first.name,
        "pages": len(planned.pages),
        "boxes": planned.boxes,
        "box": first.layout.box,
        "columns": first.layout.columns,
        "paper": first.layout.paper.name,
        "font": planned.font.spec,
        "skipped": planned.skipped,
        "out": str(out),
    }


def _print(planned: Sheet, out: Path, dry_run: bool) -> None:
    first = planned.pages[0]
    pages = f"{len(planned.pages):,} pages" if len(planned.pages) > 1 else "1 page"
    lines = [
        f"sheet {first.name}: {planned.boxes:,} boxes of {first.layout.box:g} mm on {pages} {first.layout.paper.name}"
    ]
    for reason, chars in planned.skipped.items():
        shown = chars if len(chars) <= 24 else chars[:24] + "…"
        lines.append(f"without a box {len(chars):,}, for the font lacks them ({reason}): {shown}")
    if not dry_run:
        lines += [f"pdf   {out}", "next: print it at 100 %, fill it, then: handgen import sheet SCAN..."]
    say(*lines)
