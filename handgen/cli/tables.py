"""Tables of numbers on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handgen.cli.common import stdout

if TYPE_CHECKING:
    from handgen.report.page import Table

_BETWEEN = 3
"""What a column takes beside its text."""


def show(table: Table, most: int = 1000) -> None:
    """Print the first ``most`` rows; columns that find no room follow in a table below."""
    import rich.table
    from rich.cells import cell_len
    from rich.text import Text

    from handgen.formats.findings import visible

    rows = [(row[0], *map(visible, row[1:])) for row in table.rows[:most]]
    cells = [[*table.head[column].split(), *(row[column] for row in rows)] for column in range(len(table.head))]
    widths = [max(map(cell_len, column)) for column in cells]
    widths[0] = min(widths[0], stdout.width // 3)
    for number, part in enumerate(_parts(widths, stdout.width - 1)):
        title = table.title + (", continued" if number else "")
        shown = rich.table.Table(title=Text(title, "bold"), title_justify="left")
        for column in part:
            shown.add_column(table.head[column], justify="right" if column else "left", width=widths[column])
        for row in rows:
            shown.add_row(*(Text(row[column], overflow="fold") for column in part))
        stdout.print(shown)


def _parts(widths: list[int], room: int) -> list[list[int]]:
    """Part the columns into tables that have room, each with the first column at its left."""
    parts = [[0]]
    left = first = room - widths[0] - _BETWEEN
    for column, width in enumerate(widths[1:], start=1):
        if len(parts[-1]) > 1 and width + _BETWEEN > left:
            parts.append([0])
            left = first
        parts[-1].append(column)
        left -= width + _BETWEEN
    return parts
