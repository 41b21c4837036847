"""``handgen check``: read a dataset back the way trainers do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handgen.check.trainers import TRAINERS
from handgen.cli.common import Debug, Json, print_json, say, say_left_out, stdout

if TYPE_CHECKING:
    from rich.table import Table

    from handgen.check.report import DatasetReport, Report
    from handgen.check.trainers.judge import Judgment, Verdict
    from handgen.formats.findings import Finding

RULES = "What counts as wrong"


_Charset = Annotated[
    str | None,
    typer.Option(
        help="Characters that labels may have: a name (gb2312-1, latin62, ...), a UTF-8 file, or the characters.",
        show_default="the dataset's charset.txt",
        rich_help_panel=RULES,
    ),
]
_Trainer = Annotated[
    str | None,
    typer.Option(
        "--for",
        metavar="TRAINER",
        help=f"Say what it keeps, alters and drops: {', '.join(entry.name for entry in TRAINERS)}.",
        show_default=False,
        rich_help_panel=RULES,
    ),
]
_Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Exit with 1 on a warning too, or when --for loses or alters a sample even with its flags.",
        rich_help_panel=RULES,
    ),
]


_SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad",
        help="List the samples that cannot be read, and judge the others: what 'convert --skip-bad' keeps.",
        rich_help_panel=RULES,
    ),
]


def check(
    dataset: Annotated[Path, typer.Argument(help="A dataset, or a folder of datasets.", show_default=False)],
    charset: _Charset = None,
    trainer: _Trainer = None,
    strict: _Strict = False,
    skip_bad: _SkipBad = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Read a dataset back the way OCR trainers do, and say what is wrong with it.

    Exits with 0 when it is sound, 1 on a defect, 2 when there is no dataset.

    [bold]Examples:[/bold]

    handgen check datasets/zi2zi

    handgen check datasets/zi2zi --charset gb2312-1 --strict

    handgen check datasets/zi2zi --for parseq

    handgen check datasets --json > report.json
    """
    from handgen.check.labels import Labels
    from handgen.check.report import check_folder
    from handgen.check.trainers.judge import judge
    from handgen.cli.progress import track

    if trainer is not None:
        TRAINERS.entry(trainer)  # before a long reading
    if charset is not None:
        from handgen.fonts.charsets import load_charset

        charset = load_charset(charset)
    labels = None if trainer is None else Labels()
    report = check_folder(dataset, charset, track, labels, skip_bad=skip_bad)
    judgment = judge(trainer, report, labels, charset) if trainer is not None and labels is not None else None
    if as_json:
        print_json({**report.as_dict(), **({"trainer": judgment.as_dict()} if judgment else {})})
    else:
        _print(report)
        if judgment:
            _print_judgment(judgment)
    lost = judgment is not None and judgment.with_flags.altered + judgment.with_flags.dropped > 0
    if report.count("defect") or (strict and (report.count("warning") or lost)):
        raise typer.Exit(1)


def _print(report: Report) -> None:
    for dataset in report.datasets:
        stdout.print(_facts(dataset))
        if found := dataset.findings.sorted():
            stdout.print(_table(found))
    if found := report.findings.sorted():
        stdout.print(_table(found))
    if report.left_out:
        say_left_out(report.left_out, "--json lists all")
    defects, warnings = report.count("defect"), report.count("warning")
    if defects:
        stdout.print(f"[bold red]{_counted(defects, 'defect')}[/], {_counted(warnings, 'warning')}")
    else:
        stdout.print(f"[bold green]no defect[/], {_counted(warnings, 'warning')}")


def _facts(dataset: DatasetReport) -> Table:
    """Lay out what a dataset holds."""
    from rich.table import Table
    from rich.text import Text

    shards = f", {dataset.shards:,} shards" if dataset.shards else ""
    title = Text(f"{dataset.path} ({dataset.format}{shards})", "bold")
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    promised = "" if dataset.count is None else f" (num-samples {dataset.count:,})"
    table.add_row("samples", f"{dataset.samples:,}{promised}")
    table.add_row("images", f"{_histogram(dataset.sizes)} pixels, mode {_histogram(dataset.modes)}")
    labels = dataset.labels
    if labels["different"]:
        spread = f"{labels['least']:,} to {labels['most']:,} samples each, median {labels['median']:,g}"
        table.add_row("labels", f"{labels['different']:,} different; {spread}")
        if labels["least"] < labels["most"]:
            table.add_row("most frequent", Text(_histogram(labels["most_frequent"])))
            table.add_row("least frequent", Text(_histogram(labels["least_frequent"])))
    of_charset = "" if dataset.charset is None else f" of the {dataset.charset:,} in the charset"
    table.add_row("characters", f"{dataset.characters:,}{of_charset}")
    if dataset.styles:
        table.add_row("styles", Text(f"{len(dataset.styles):,}: {_histogram(dataset.styles)}"))
    return table


def _print_judgment(judgment: Judgment) -> None:
    """Print what a trainer makes of the labels, and how to start it."""
    trainer = judgment.trainer
    stdout.print(_verdicts(judgment))
    if judgment.flags:
        stdout.print("[bold]flags[/bold]")
    for flag, why in judgment.flags.items():
        say(f"{flag}   # {why}")
    for note in trainer.notes():
        say(f"note: {note}")
    if judgment.command:
        stdout.print("[bold]train[/bold]")
    for line in (*judgment.prepare, *judgment.command):
        say(line)


def _verdicts(judgment: Judgment) -> Table:
    from rich.table import Table
    from rich.text import Text

    trainer = judgment.trainer
    table = Table("", "kept", "altered", "dropped", "first examples", title=Text(trainer.title, "bold"))
    table.title_justify, table.columns[4].overflow = "left", "fold"
    for column in table.columns[1:4]:
        column.justify = "right"

    def rows(name: str, verdict: Verdict) -> None:
        table.add_row(name, f"{verdict.kept:,}", f"{verdict.altered:,}", f"{verdict.dropped:,}", style="bold")
        for reason, counted in verdict.reasons.items():
            examples = Text("\n".join(str(example) for example in counted.examples[:3]))
            table.add_row(f"  {reason}", "", f"{counted.altered:,}", f"{counted.dropped:,}", examples)

    rows(f"as {trainer.comes_as} has it", judgment.as_it_comes)
    rows("with the flags below", judgment.with_flags)
    return table


def _table(found: list[Finding]) -> Table:
    """Lay out findings: what, how often, where first, what to do."""
    from rich.table import Table
    from rich.text import Text

    table = Table("", "what is wrong", "count", "first examples", "what to do")
    table.columns[2].justify, table.columns[3].overflow = "right", "fold"
    for finding in found:
        color = "red" if finding.rule.severity == "defect" else "yellow"
        examples = "\n".join(str(example) for example in finding.examples[:3])
        mark = Text(finding.rule.severity, color)
        table.add_row(mark, finding.rule.title, f"{finding.count:,}", Text(examples), finding.rule.remedy)
    return table


def _histogram(counts: dict[str, Any], most: int = 5) -> str:
    from handgen.formats.findings import visible

    if len(counts) == 1:
        return visible(next(iter(counts)))
    shown = [f"{visible(name)} ({count:,})" for name, count in list(counts.items())[:most]]
    return ", ".join(shown) + (", ..." if len(counts) > most else "") if shown else "none"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
