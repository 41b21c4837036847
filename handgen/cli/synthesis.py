"""What ``handgen synth`` prints: the plan, how far it is, and the result."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

from handgen.characters import listed
from handgen.cli.common import print_json, say, stdout, warn
from handgen.cli.progress import Bar
from handgen.errors import quoted

if TYPE_CHECKING:
    from handgen.synthesis.lines import Lines
    from handgen.synthesis.prepare import Prepared
    from handgen.synthesis.request import Request
    from handgen.synthesis.shards import ShardWriter
    from handgen.synthesis.write import Report

_TRAINERS_LONGEST = 25
_SHOWN = 40
"""Characters that a warning lists at most."""


def list_trained(request: Request, as_json: bool) -> None:
    """Print the styles that sources know by name: trained ones and those that were added, writers of a file, fonts."""
    from rich.table import Table
    from rich.text import Text

    from handgen.glyphs.records import Origin
    from handgen.sources.opening import source_class

    records = [record for spec in request.sources for record in source_class(spec).list_styles(spec)]
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


def print_plan(prepared: Prepared, why: str = "") -> None:
    """Print what is going to be written, and what to beware of.

    Args:
        prepared: the plan.
        why: which model was taken, and why, where none was named.
    """
    from rich.table import Table
    from rich.text import Text

    from handgen.synthesis.licenses import licenses_of, summary

    request, source = prepared.request, prepared.source
    names = ", ".join(style.name for style in source.styles[:20]) + (", …" if len(source.styles) > 20 else "")
    rows = {
        "model": _sources(prepared) + (f": {why}" if why else ""),
        "styles": f"{len(source.styles)}: {names}",
        "content": f"{len(source.chars):,} characters{_of_font(prepared)}",
        "samples": f"{request.count:,}{_kind(prepared)}, seed {request.seed}, on {request.device}",
        **_of_corpus(prepared),
        "gate": _gate(prepared),
        "licenses": summary(licenses_of(source)),
        "out": str(prepared.out) + (f", in {request.shards:,} shards" if request.shards > 1 else ""),
    }
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in rows.items():
        table.add_row(key, Text(value))
    stdout.print(table)
    if prepared.glyphs.gate and prepared.gate_note:
        warn(prepared.gate_note)
    if prepared.lines:
        _warn_of_lines(prepared.lines, pages=prepared.pages is not None)
    if prepared.pages and (left := prepared.pages.left_out):
        warn(f"pages have paper and light of their own; of --degrade {request.degrade} is left out: {', '.join(left)}")
    _warn_of_unlearned(prepared)
    for reason, chars in source.skipped.items() if not prepared.lines else ():
        warn(f"left out, {reason}: {len(chars)} ({_some(chars)})")
    for line in source.warnings:
        warn(line)


def _sources(prepared: Prepared) -> str:
    """Say what draws: the model and how many images it has seen, or all sources with their shares."""
    parts = prepared.source.parts
    if len(parts) == 1:
        seen = prepared.source.identity().get("images_seen")
        return prepared.request.sources[0].source + (f" ({seen:,} images seen)" if seen else "")
    total = sum(part.share for part in parts)
    return ", ".join(f"{part.source.name} {100 * part.share / total:.3g} %" for part in parts)


def _of_font(prepared: Prepared) -> str:
    fonts = [part.source.identity().get("content_font") for part in prepared.source.parts]
    named = list(dict.fromkeys(font for font in fonts if font))
    return f" of {', '.join(named)}" if named else ""


def _gate(prepared: Prepared) -> str:
    """Say whether a recognizer reads, and what for; or why not."""
    gate, note = prepared.glyphs.gate, prepared.gate_note
    if gate is None:
        return f"off: {note}" if note else "off"
    if not gate.redraws:
        return gate.mode
    return f"{gate.mode}, up to {gate.tries} further {'drawing' if gate.tries == 1 else 'drawings'} of each"


def warn_of_gate(prepared: Prepared) -> None:
    """Say that nobody reads, where there is no plan that says it; nothing if that was asked for."""
    if prepared.glyphs.gate is None and prepared.gate_note:
        warn(f"the gate is off: {prepared.gate_note}")


def _kind(prepared: Prepared) -> str:
    """Say what the samples are, if they are no single characters."""
    if prepared.lines is None:
        return ""
    asked, source = prepared.lines.request, prepared.lines.script.source
    names = asked.corpus if source.corpus else ", ".join(source.generators) or "all generators"
    if prepared.pages:
        pages = prepared.pages.request
        width, height = pages.size
        papers, formats = ", ".join(pages.papers), ", ".join(pages.page_formats)
        return f" pages ({papers}) of {width} x {height} pixels, of {names}, as {formats}"
    way = "wide, vertical" if asked.vertical else "high"
    return f" lines of {asked.min_chars} to {asked.max_chars} characters, {asked.height} pixels {way}, of {names}"


def _of_corpus(prepared: Prepared) -> dict[str, str]:
    """Say how much of a corpus the lines use."""
    if not prepared.lines or prepared.pages or not (texts := prepared.lines.corpus_texts):
        return {}
    share = prepared.request.count / texts
    used = f"about {100 * share:.2g} % of them are used" if share < 1 else f"each comes about {share:.3g} times"
    return {"corpus": f"about {texts:,} texts, {used if share != 1 else 'each comes once'}"}


def _warn_of_lines(lines: Lines, pages: bool) -> None:
    from handgen.lines.corpus import describe

    if lines.left_out:
        count, times = len(lines.left_out), lines.left_out.total()
        warning = (
            f"the corpus has {count:,} characters that cannot be drawn, {times:,} times; lines are cut around them: "
        )
        warn(warning + describe(lines.left_out))
    if lines.request.max_chars > _TRAINERS_LONGEST and not pages:
        warn(
            f"many trainers drop labels of more than {_TRAINERS_LONGEST} characters; "
            "'handgen check --for' prints the flag that raises their limit"
        )


def _warn_of_unlearned(prepared: Prepared) -> None:
    """Name the characters that the model never saw and no gate reads: some styles draw them badly, or not at all."""
    chars = prepared.source.gate_facts().unlearned
    if gate := prepared.glyphs.gate:
        chars = "".join(char for char in chars if char in gate.unknown)
    if chars:
        warn(f"{len(chars):,} characters were not in the model's store, look at preview.png: {_some(chars)}")


def _some(chars: str) -> str:
    return listed(chars, _SHOWN)


def with_progress(prepared: Prepared, batch: int, workers: int, shard_writer: ShardWriter | None) -> Report:
    """Write the dataset under a progress bar."""
    from handgen.synthesis.write import write

    unit = "pages" if prepared.pages else "lines" if prepared.lines else "glyphs"
    with Bar("writing", prepared.request.count, unit=unit) as bar:
        return write(prepared, bar.show, batch=batch, workers=workers, shard_writer=shard_writer)


def prepared_with_progress(request: Request, workers: int) -> Prepared:
    """Make a request ready, under a progress bar if that takes long; ``workers`` as ``prepare`` has it."""
    from handgen.synthesis.prepare import prepare

    with contextlib.ExitStack() as stack:
        bars: list[Bar] = []

        def show(what: str, done: int, total: int) -> None:
            if not bars:
                bars.append(stack.enter_context(Bar(what, total)))
            bars[0].show(done, what, total)

        return prepare(request, show, workers)


def print_result(prepared: Prepared, report: Report) -> None:
    """Print where the dataset is, and what to do next."""
    from handgen.lines.corpus import describe
    from handgen.synthesis.rejects import SHEET

    out = report.out
    if not report.written:
        say(f"{out} is complete already: {report.count:,} samples")
        return
    if "coverage" in report.info:
        covered = report.info["coverage"]
        missing = covered["missing"]
        shown = f"; missing: {_some(missing)}" if missing else ""
        say(f"charset  {covered['distinct']:,} of {covered['charset']:,} characters occur{shown}")
    if gate := prepared.glyphs.gate:
        did = report.info["gate"]
        counts = ", ".join(f"{did[what]:,} {what}" for what in ("redrawn", "dropped", "kept") if did[what])
        where = f"; see {out / SHEET}" if counts and not prepared.pages else ""
        passed = f"all{' that it knows' if gate.unknown else ''} read as their labels"
        say(f"gate     {counts or passed}{where}")
    if report.doubt:
        warn(report.doubt)
    if report.blank:
        warn(
            f"in the first {report.shown:,} lines {sum(report.blank.values()):,} characters were drawn without ink, "
            f"and are left out of image and label: {describe(Counter(report.blank))}"
        )
    folder = out / "lines" if prepared.pages else out
    say(f"dataset  {out}", f"preview  {out / 'preview.png'}", f"next:    handgen check {quoted(folder)}")
