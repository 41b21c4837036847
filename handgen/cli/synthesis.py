"""What ``handgen synth`` prints: the plan, how far it is, and the result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from handgen.cli.common import print_json, stderr, stdout

if TYPE_CHECKING:
    from handgen.sources.pen import PenRequest
    from handgen.synth.dataset import Run
    from handgen.synth.lines import Lines
    from handgen.synth.shards import Spread

_TRAINERS_LONGEST = 25
_LOOKED_AT = 1 << 16
"""Bytes of a text that tell which script it is in."""


def characters_meant(charset: str | None, text: Path | None, corpus: str = "") -> str:
    """Return the characters that a user asks for, as far as that tells which shipped weights suit.

    Args:
        charset: as for ``load_charset``.
        text: a UTF-8 file.
        corpus: the same, or a folder or generators, which tell nothing.

    Raises:
        UsageError: there is no such charset.
    """
    from handgen.fonts.charsets import load_charset, unique_chars

    if charset:
        return load_charset(charset)
    file = text or Path(corpus)
    if not file.is_file():
        return ""
    with file.open("rb") as stream:
        return unique_chars(stream.read(_LOOKED_AT).decode("utf-8", errors="ignore"))


def list_trained(file: Path, as_json: bool, pen: PenRequest) -> None:
    """Print the styles that a model was trained on and those that were added to it, or the writers of a file."""
    from rich.table import Table
    from rich.text import Text

    from handgen.glyphs.records import Origin
    from handgen.synth.source import list_styles

    records = list_styles(file, pen)
    if as_json:
        print_json(records)
        return
    table = Table("#", "style", "font", "license")
    for number, record in enumerate(records, 1):
        origin = Origin.from_json(record.get("origin", {}))
        license, family = origin.license, origin.family
        if record.get("added"):
            family = record.get("error") or f"added, from {record['glyphs']:,} glyphs" + (
                f" of {family}" if family else ""
            )
        table.add_row(str(number), Text(record["name"]), Text(family), Text(license[:60]))
    stdout.print(table)


def print_plan(run: Run) -> None:
    """Print what is going to be written, and what to beware of."""
    from rich.table import Table
    from rich.text import Text

    request, content = run.request, run.content
    names = ", ".join(style.name for style in run.styles[:20]) + (", …" if len(run.styles) > 20 else "")
    rows = {
        "model": str(request.model) + (f" ({seen:,} images seen)" if (seen := run.checkpoint.facts["images"]) else ""),
        "styles": f"{len(run.styles)}: {names}",
        "content": f"{len(content.chars):,} characters" + (f" of {content.font.path.name}" if content.font else ""),
        "samples": f"{request.count:,}{_kind(run)}, seed {request.seed}, on {request.device}",
        "gate": _gate(run),
        "out": str(request.out) + (f", in {request.shards:,} shards" if request.shards > 1 else ""),
    }
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in rows.items():
        table.add_row(key, Text(value))
    stdout.print(table)
    if run.gate and run.note:
        _warn(run.note)
    if run.lines:
        _warn_of_lines(run.lines)
        _warn_of_unlearnt(run, run.lines.unlearnt)
    elif not content.book:
        known = {*run.checkpoint.facts["charset"], *run.checkpoint.facts["held_out"]}
        _warn_of_unlearnt(run, "".join(char for char in content.chars if char not in known))
    for reason, chars in content.skipped.items() if not run.lines else ():
        shown = chars if len(chars) <= 40 else chars[:40] + "…"
        where = "" if content.book else "in the source font" if content.font else "by the model"
        stderr.print(f"[yellow]warning:[/yellow] left out, {f'{reason} {where}'.strip()}: {len(chars)} (", end="")
        stderr.print(Text(shown + ")"), soft_wrap=True)
    if not content.same_font:
        stderr.print("[yellow]warning:[/yellow] the source font is not the file that the model was trained with")


def _gate(run: Run) -> str:
    """Say whether a recognizer reads, and what for; or why not."""
    if run.gate is None:
        return f"off: {run.note}" if run.note else "off"
    if not run.gate.redraws:
        return run.gate.mode
    tries = run.gate.tries
    return f"{run.gate.mode}, up to {tries} further {'drawing' if tries == 1 else 'drawings'} of each"


def warn_of_gate(run: Run) -> None:
    """Say that nobody reads, where there is no plan that says it; nothing if that was asked for."""
    if run.gate is None and run.note:
        _warn(f"the gate is off: {run.note}")


def _kind(run: Run) -> str:
    """Say what the samples are, if they are no single characters."""
    if run.lines is None:
        return ""
    asked, source = run.lines.request, run.lines.script.source
    way = "wide, vertical" if asked.vertical else "high"
    names = asked.corpus if source.corpus else ", ".join(source.generators) or "all generators"
    return f" lines of {asked.min_chars} to {asked.max_chars} characters, {asked.height} pixels {way}, of {names}"


def _warn_of_lines(lines: Lines) -> None:
    from handgen.lines.corpus import describe

    if lines.left_out:
        count, times = len(lines.left_out), lines.left_out.total()
        warning = (
            f"the corpus has {count:,} characters that cannot be drawn, {times:,} times; lines are cut around them: "
        )
        _warn(warning + describe(lines.left_out))
    if lines.request.max_chars > _TRAINERS_LONGEST:
        _warn(
            f"many trainers drop labels of more than {_TRAINERS_LONGEST} characters; "
            "'handgen check --for' prints the flag that raises their limit"
        )


def _warn_of_unlearnt(run: Run, chars: str) -> None:
    """Name the characters that the model never saw and no gate reads: some hands draw them badly, or not at all."""
    if run.gate:
        chars = "".join(char for char in chars if char in run.gate.unknown)
    if chars:
        shown = chars if len(chars) <= 40 else chars[:40] + "…"
        _warn(f"{len(chars):,} characters were not in the model's store, look at preview.png: {shown}")


def _warn(message: str) -> None:
    stderr.print("[yellow]warning:[/yellow] ", end="")
    stderr.print(message, soft_wrap=True, markup=False)


def with_progress(run: Run, batch: int, workers: int, spread: Spread | None) -> bool:
    """Write the dataset under a progress bar; return whether there was anything to do."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task("", total=run.request.count, rate="")

        def show(samples: int) -> None:
            speed = bar.tasks[0].speed
            bar.update(
                task, completed=samples, rate=f"{speed:,.0f} {'lines' if run.lines else 'glyphs'}/s" if speed else ""
            )

        return run.write(show, batch=batch, workers=workers, spread=spread)


def print_result(run: Run, written: bool) -> None:
    """Print where the dataset is, and what to do next."""
    from handgen.lines.corpus import describe
    from handgen.synth.rejects import SHEET

    out = run.request.out
    if not written:
        stdout.print(f"{out} is complete already: {run.request.count:,} samples", soft_wrap=True, markup=False)
        return
    if run.lines:
        covered = run.info["coverage"]
        missing = covered["missing"]
        shown = f"; missing: {missing[:40]}{'…' if len(missing) > 40 else ''}" if missing else ""
        stdout.print(
            f"charset  {covered['distinct']:,} of {covered['charset']:,} characters occur{shown}",
            soft_wrap=True,
            markup=False,
        )
    if "gate" in run.info:
        did = run.info["gate"]
        counts = ", ".join(f"{did[what]:,} {what}" for what in ("redrawn", "dropped", "kept") if did[what])
        where = f"; see {out / SHEET}" if counts else ""
        unread = run.gate is not None and run.gate.unknown != ""
        passed = f"all{' that it knows' if unread else ''} read as their labels"
        stdout.print(f"gate     {counts or passed}{where}", soft_wrap=True, markup=False)
    if run.blank:
        _warn(
            f"of the first lines {run.blank.total():,} characters were drawn without ink, and are left out of image "
            f"and label: {describe(run.blank)}"
        )
    lines = f"dataset  {out}\npreview  {out / 'preview.png'}\nnext:    handgen check {out}"
    stdout.print(lines, soft_wrap=True, markup=False)
