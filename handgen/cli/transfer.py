"""``handgen transfer``: what training sets are worth on real handwriting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from handgen.cli import generated
from handgen.cli.common import Debug, DryRun, Json, print_json, say, say_facts
from handgen.transfer.settings import SETS, TransferRequest, TransferSettings

if TYPE_CHECKING:
    from handgen.transfer.lines import LineTransfer
    from handgen.transfer.several import Comparisons
    from handgen.transfer.transfer import Transfer


_LEARNED = 2.0
"""So many times what chance reads is read by a recognizer that has learned something."""


def _common(dry_run: DryRun = False, as_json: Json = False, debug: Debug = False) -> None:
    """The parameters beside the settings."""


def transfer(**given: Any) -> None:
    """Train one small recognizer on each of several training sets of the same size; each reads real handwriting.

    Every image, of the sets and of the test, is brought to one form first: ink
    in the middle, its longer side of one length and resolution. Ctrl-C keeps what
    is finished; the same command goes on. A further set, repetition or real set
    costs only its own.

    [bold]Examples:[/bold]

    handgen transfer --real digits

    handgen transfer --real data/casia --model runs/zi2zi --count 40000 --images 1000000

    handgen transfer --real data/mine --sets fonts,default --shots 0,5,20 --fresh

    handgen transfer --real data/mine --sets fonts,default,default-each,default.each

    handgen transfer --real digits --real data/mine --sets fonts,pen,real

    handgen transfer --lines --real datasets/letters --sets fonts,default,real --count 5000

    handgen transfer --real data/mine --set a=datasets/zi2zi --set b=datasets/pen --sets fonts,a,b,a+b
    """
    settings = generated.values(TransferSettings, given)
    _run(generated.values(TransferRequest, given, settings=settings), given)


generated.with_signature(
    transfer,
    [
        *generated.parameters(TransferRequest, SETS),
        *generated.parameters(TransferSettings, SETS),
        *generated.options(_common),
    ],
    generated.often(TransferRequest, TransferSettings) | {"dry_run", "as_json"},
)


def _run(request: TransferRequest, given: dict[str, Any]) -> None:
    from handgen.transfer.lines import LineTransfer
    from handgen.transfer.several import Comparisons

    comparisons = Comparisons(request)
    if not given["as_json"]:
        for one in comparisons.each.values():
            say_facts(one.plan())
    if given["dry_run"]:
        if given["as_json"]:
            print_json(comparisons.plan())
        return
    finished = _with_progress(comparisons)
    if given["as_json"]:
        print_json(comparisons.results() | {"done": finished})
    else:
        for one in comparisons.each.values():
            _print_lines(one) if isinstance(one, LineTransfer) else _print(one, finished)
        if len(comparisons.each) > 1:
            _print_all(comparisons)
    if not finished:
        raise typer.Exit(130)


def _with_progress(comparisons: Comparisons) -> bool:
    from handgen.cli.progress import Bar

    with Bar("", comparisons.total, counted=False) as bar:
        return comparisons.run(lambda what, done: bar.show(done, what))


def _print_all(comparisons: Comparisons) -> None:
    """Print one table: a row a training set, a column a real set."""
    from handgen.cli.tables import show
    from handgen.report.page import Table
    from handgen.transfer.transfer import PLOT, RESULTS

    results = comparisons.results()["real"]
    names = dict.fromkeys(name for each in results.values() for name in each["sets"])
    rows = [[name, *(_cell(each["sets"].get(name)) for each in results.values())] for name in names]
    what = "% of characters wrong" if comparisons.request.lines else "% read"
    show(Table(f"{what} of each real set", ["training set", *results], rows))
    say_facts({"results": comparisons.request.out / RESULTS, "plot": comparisons.request.out / PLOT})


def _cell(values: dict[str, Any] | None) -> str:
    if values is None:
        return "–"
    spread = "" if values["sd"] is None else f" ± {100 * values['sd']:.1f}"
    return f"{100 * values['mean']:.1f}{spread}"


def _print(transfer: Transfer, finished: bool) -> None:
    from handgen.cli.tables import show
    from handgen.report.page import Table
    from handgen.transfer.transfer import PLOT, RESULTS, SHEET

    results = transfer.results()
    head = ["training set", "images", "different", "% read", "sd", "least", "most"]
    rows = [
        [
            name,
            f"{values['images']:,}",
            "new each" if values["different"] is None else f"{values['different']:,}",
            f"{100 * values['mean']:.1f}",
            "–" if values["sd"] is None else f"{100 * values['sd']:.1f}",
            f"{100 * min(values['read']):.1f}",
            f"{100 * max(values['read']):.1f}",
        ]
        for name, values in results["sets"].items()
    ]
    seeds = transfer.request.settings.seeds
    repeated = f"{seeds} repetitions" if seeds > 1 else "1 repetition"
    show(Table(f"Read of {results['tested']:,} real images ({results['real']}), {repeated}", head, rows))
    if not finished:
        say("stopped; the same command goes on from there")
        return
    if max((values["mean"] for values in results["sets"].values()), default=1) * len(results["characters"]) < _LEARNED:
        say("no set reads much more than chance: raise --images, or compare fewer characters with --charset")
    out = transfer.request.out
    say_facts({"results": out / RESULTS, "plot": out / PLOT, "look at": out / SHEET})


def _print_lines(transfer: LineTransfer) -> None:
    from handgen.cli.tables import show
    from handgen.report.page import Table
    from handgen.transfer.lines import PLOT, RESULTS, SHEET

    results = transfer.results()
    head = ["training set", "lines", "CER", "sd", "95 % of samples of writers"]
    rows = [
        [
            name,
            f"{values['lines']:,}",
            f"{values['mean']:.3f}",
            "–" if values["sd"] is None else f"{values['sd']:.3f}",
            " to ".join(f"{value:.3f}" for value in values["interval"]),
        ]
        for name, values in results["sets"].items()
    ]
    title = (
        f"Character error rate on {results['tested']:,} real lines ({results['real']}), by {results['writers']} writers"
    )
    show(Table(title, head, rows))
    out = transfer.request.out
    say_facts({"results": out / RESULTS, "plot": out / PLOT, "look at": out / SHEET})
