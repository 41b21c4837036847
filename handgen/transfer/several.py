"""Training sets compared on one real set, or on several, a column each.

Of several, each has a folder of its own in that of the comparison, beside

results.json    the tables of all, by the name of the real set
results.png     them as a plot
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handgen.errors import UsageError
from handgen.files import write_json
from handgen.transfer.lines import ABOUT as ABOUT_LINES
from handgen.transfer.lines import LineTransfer
from handgen.transfer.plot import save_plot
from handgen.transfer.settings import TransferRequest
from handgen.transfer.transfer import ABOUT, PLOT, RESULTS, Transfer, Watch


class Comparisons:
    """Comparisons made ready: everything is found and checked, nothing is written yet.

    Attributes:
        request: what is asked for.
        each: a comparison for each real set, by its name.

    Raises:
        UsageError, HandgenError: as ``Transfer`` and ``LineTransfer`` do; the folder holds something else.
    """

    def __init__(self, request: TransferRequest) -> None:
        self.request = request
        asked = request.each()
        if len(asked) > 1:
            self._check({*asked, RESULTS, PLOT})
        kind = LineTransfer if request.lines else Transfer
        self.each: Mapping[str, Transfer | LineTransfer] = {name: kind(one) for name, one in asked.items()}

    def _check(self, own: set[str]) -> None:
        """Refuse a folder that is not one of comparisons on several real sets."""
        out = self.request.out
        for path in sorted(out.iterdir()) if out.is_dir() else ():
            if path.name not in own and not any((path / about).is_file() for about in (ABOUT, ABOUT_LINES)):
                raise UsageError(f"{out} is not empty and holds no comparison on several sets", "Choose another --out.")

    @property
    def total(self) -> int:
        """Images or lines that are learned from in all."""
        return sum(one.total for one in self.each.values())

    def plan(self) -> dict[str, Any]:
        """Return what will be done, for a person: of several real sets, a plan for each."""
        plans = {name: one.plan() for name, one in self.each.items()}
        return plans if len(plans) > 1 else next(iter(plans.values()))

    def run(self, watch: Watch) -> bool:
        """Do what is not done yet; return whether all is.

        Raises:
            UsageError: a folder holds something else, or a set that was another when it was measured.
        """
        done = 0
        for name, one in self.each.items():
            if not one.run(_beyond(done, f"{name}: " if len(self.each) > 1 else "", watch)):
                return False
            done += one.total
        if len(self.each) > 1:
            write_json(self.request.out / RESULTS, self.results())
            save_plot(self.request.out / PLOT, *(one.results() for one in self.each.values()))
        return True

    def results(self) -> dict[str, Any]:
        """Return the table of the one real set, or those of all under ``real``, by their names."""
        tables = {name: one.results() for name, one in self.each.items()}
        return {"real": tables} if len(tables) > 1 else next(iter(tables.values()))


def _beyond(done: int, before: str, watch: Watch) -> Watch:
    """Return what is told of one comparison, and tells of all."""
    return lambda what, images: watch(before + what, done + images)
