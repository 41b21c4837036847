"""What ``handgen import`` says: before it reads, and when it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handgen.cli.common import say, stdout

if TYPE_CHECKING:
    from handgen.collect.base import Reader
    from handgen.collect.build import Imported, ImportPlan

_ROWS, _LISTED, _REPORTED = 20, 10, 1000


def describe_plan(reader: Reader, plan: ImportPlan) -> dict[str, Any]:
    """Return what is to be read, in words."""
    found = reader.plan() | {"source": plan.font.spec if plan.font else "none", "size": plan.size}
    if plan.charset:
        found["charset"] = f"{len(plan.charset):,} characters"
    if plan.per_char:
        found["per char"] = plan.per_char
    if plan.writers:
        found["writers"] = f"the first {plan.writers}"
    ignored = [f"{count:,} × {why}" for why, count in reader.ignored.items()]
    return found | ({"ignored": "; ".join(ignored)} if ignored else {}) | {"store": str(plan.out)}


def facts_of(imported: Imported) -> dict[str, Any]:
    """Return what an import took and left out, as plain values."""
    return {
        "preview": str(imported.preview),
        "pictures": [str(path) for path in imported.pictures],
        "glyphs": imported.glyphs,
        "characters": imported.characters,
        "styles": imported.styles,
        "source_glyphs": imported.source,
        "not_in_source": imported.no_source,
        "skipped": imported.skipped,
        "ignored_files": imported.ignored,
        "labels_changed": imported.changes.count,
        "left_out": [vars(skip) for skip in imported.skips[:_REPORTED]],
        "seconds": round(imported.seconds, 2),
    }


def print_imported(imported: Imported, following: str) -> None:
    """Print what an import took and left out, and the command that may follow."""
    from rich.table import Table
    from rich.text import Text

    from handgen.check.bad import LEFT_OUT

    table = Table("style", "glyphs")
    table.columns[1].justify = "right"
    for name, count in list(imported.styles.items())[:_ROWS]:
        table.add_row(Text(name), f"{count:,}")
    if len(imported.styles) > _ROWS:
        table.add_row(f"and {len(imported.styles) - _ROWS:,} more", f"{sum([*imported.styles.values()][_ROWS:]):,}")
    stdout.print(table)
    lines = [
        f"{imported.glyphs:,} glyphs of {imported.characters:,} characters by {len(imported.styles):,} writers "
        f"in {imported.seconds:.1f} s"
    ]
    for reason, chars in imported.no_source.items():
        shown = chars if len(chars) <= 24 else chars[:24] + "…"
        lines.append(f"the source font lacks {len(chars):,} ({reason}), which no model learns by pairs: {shown}")
    if count := imported.changes.count:
        lines.append(f"NFC changed {count:,} labels: {'; '.join(imported.changes.described())}")
    for reason, count in imported.skipped.items():
        lines.append(f"skipped {count:,}: {reason}")
    lines += [f"  {skip}" for skip in imported.skips[:_LISTED]]
    if (rest := sum(imported.skipped.values()) - _LISTED) > 0:
        lines.append(f"  and {rest:,} more, listed in {imported.out / LEFT_OUT}")
    lines += [f"store    {imported.out}", f"preview  {imported.preview}"]
    if imported.pictures:
        more = f" to {imported.pictures[-1].name}" if len(imported.pictures) > 1 else ""
        lines.append(f"pages    {imported.pictures[0]}{more}")
    lines.append(f"next: {following}")
    say(*lines)
