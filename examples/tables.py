"""Tables of measurements, and where they stand in a README."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    first, *others = ("".join(f"| {cell} " if cell else "| " for cell in cells) + "|" for cells in (head, *rows))
    return "\n".join([first, "|" + "---|" * len(head), *others])


def fill(page: Path, tables: Mapping[str, str]) -> None:
    """Put each table between the lines ``<!-- name -->`` and ``<!-- end name -->`` of a page.

    Raises:
        ValueError: a page has no such lines.
    """
    text = page.read_text(encoding="utf-8")
    for name, table in tables.items():
        head, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, tail = rest.partition(f"<!-- end {name} -->")
        if not end:
            raise ValueError(f"{page} has no markers for the table {name}")
        text = f"{head}{begin}{table}\n{end}{tail}"
    page.write_text(text, encoding="utf-8")
