"""``handgen transfer --lines``: for each repetition and training set one reader of lines, tested on the same real ones.

A folder keeps what is finished, as that of ``transfer.transfer`` does:

lines.json      what is the same for all sets; a comparison with other settings is refused
sets/           the training sets, datasets
cells/          a result for each set and repetition
results.json    the table: character error rates, each with its interval
results.png     the table as a plot
sets.png        some lines of every set, and of the test
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.errors import UsageError
from handgen.files import write_json, write_text
from handgen.lines.page import save_page
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare
from handgen.synthesis.write import write
from handgen.transfer.ctc import LabeledLines, LineReader, distance
from handgen.transfer.plot import save_plot
from handgen.transfer.settings import DIGITS, LINE_SETS, TransferRequest, real_name
from handgen.transfer.written import Halves, halves_of, lines_in

ABOUT, SETS, CELLS = "lines.json", "sets", "cells"
RESULTS, PLOT, SHEET, CORPUS = "results.json", "results.png", "sets.png", "corpus.txt"
_DRAWN: Mapping[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "fonts": (("fonts",), {"vary": 0.0, "degrade": "none"}),
    "warped": (("fonts",), {"vary": 1.0, "degrade": "ink"}),
    "traced": (("traced",), {"styles": "400", "degrade": "none"}),
    "default": ((), {}),
}
"""What draws each set, and the settings of ``synth`` it is drawn with."""
_REAL = "real"
_SHOWN, _DRAWS = 8, 1000

Watch = Callable[[str, int], None]


class LineTransfer:
    """A comparison made ready: everything is found and checked, nothing is written yet.

    Raises:
        UsageError: there are no real lines or no writers to part, or there is no training set of a name.
    """

    def __init__(self, request: TransferRequest) -> None:
        self.request, self.settings = request, request.settings
        (self.real,) = request.real
        if self.real == DIGITS:
            raise UsageError("--real digits are no lines of text", "Give --real a dataset of lines.")
        halves = halves_of(lines_in(Path(self.real)), Path(self.real).name, request.split, self.settings.seed)
        self.learned, self.test = halves if request.half == "test" else Halves(halves.test, halves.learned)
        self._given = request.sets
        names = [name.strip() for name in request.names.split(",") if name.strip()] or [*LINE_SETS]
        self.names = tuple(dict.fromkeys((*names, *self._given)))
        for name in self.names:
            if name not in LINE_SETS and name not in self._given:
                raise UsageError(f"no set of lines is called '{name}'", f"There are {', '.join(LINE_SETS)}; or --set.")
        self.sets = dict.fromkeys(self.names)
        self._check()

    @property
    def total(self) -> int:
        """Lines that are learned from in the whole comparison."""
        return len(self.names) * self.settings.seeds * self.settings.images

    def plan(self) -> dict[str, Any]:
        """Return what will be done, for a person."""
        writers = len(set(self.test.groups))
        return {
            "real": f"{self.real}: tested on {len(self.test):,} lines by {writers} writers",
            "sets": ", ".join(self.names),
            "lines": f"{self.settings.count:,} in each set that is drawn",
            "learning": f"{self.settings.images:,} lines seen, {self.settings.seeds} times a set",
            "out": str(self.request.out),
        }

    def run(self, watch: Watch) -> bool:
        """Do what is not done yet.

        Raises:
            UsageError: the folder holds something else.
        """
        self._claim()
        done = 0
        for repetition in range(self.settings.seeds):
            for name in self.names:
                cell, title = self._cell(name, repetition), f"{name}, repetition {repetition + 1}"
                if not cell.is_file():
                    write_json(cell, self._measure(name, repetition, _beyond(done, title, watch)))
                done += self.settings.images
                watch(title, done)
        results = self.results()
        write_json(self.request.out / RESULTS, results)
        save_plot(self.request.out / PLOT, results)
        shown = [self.test, *(self._lines(name, 0, watch) for name in self.names)]
        save_page(self.request.out / SHEET, [image for lines in shown for image in lines.images[:_SHOWN]])
        return True

    def results(self) -> dict[str, Any]:
        """Return the finished cells as one table: of each set the error rates, their mean and their spread."""
        found: dict[str, Any] = {}
        for name in self.names:
            paths = [self._cell(name, repetition) for repetition in range(self.settings.seeds)]
            cells = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.is_file()]
            if cells:
                cer = [cell["cer"] for cell in cells]
                found[name] = {
                    "lines": cells[0]["lines"],
                    "mean": round(float(np.mean(cer)), 5),
                    "sd": round(float(np.std(cer, ddof=1)), 5) if len(cer) > 1 else None,
                    "cer": cer,
                    "interval": np.mean([cell["interval"] for cell in cells], axis=0).round(5).tolist(),
                }
        return {
            "real": real_name(self.real),
            "half": self.request.half,
            "tested": len(self.test),
            "writers": len(set(self.test.groups)),
            "settings": asdict(self.settings),
            "sets": found,
        }

    def _shared(self) -> dict[str, Any]:
        """Return what is the same for all sets, and decides the results."""
        shared = {name: value for name, value in asdict(self.settings).items() if name != "seeds"}
        return shared | {"half": self.request.half, "fonts": self.request.fonts, "tested": _digest(self.test)}

    def _check(self) -> None:
        """Refuse a folder that holds something else; nothing is written."""
        out, about, shared = self.request.out, self.request.out / ABOUT, self._shared()
        if about.is_file():
            before = json.loads(about.read_text(encoding="utf-8"))
            if other := sorted(key for key in {**before, **shared} if before.get(key) != shared.get(key)):
                raise UsageError(f"{out} holds a comparison with another {', '.join(other)}", "Choose another --out.")
        elif out.is_dir() and any(out.iterdir()):
            raise UsageError(f"{out} is not empty and holds no comparison of lines", "Choose another --out.")

    def _claim(self) -> None:
        """Take the folder, or go on in it."""
        self._check()
        write_json(self.request.out / ABOUT, self._shared())
        write_text(self.request.out / CORPUS, "\n".join(self.learned.labels) + "\n")

    def _cell(self, name: str, repetition: int) -> Path:
        return self.request.out / CELLS / f"{name}-{self.settings.seed + repetition}.json"

    def _measure(self, name: str, repetition: int, watch: Callable[[int], None]) -> dict[str, Any]:
        """Have a reader learn from a set, and test it."""
        lines, settings = self._lines(name, repetition, lambda *_: watch(0)), self.settings
        seed = settings.seed + repetition
        reader = LineReader("".join(sorted(set("".join(lines.labels)))), settings.width, seed)
        reader.learn(lines, images=settings.images, batch=settings.line_batch, lr=settings.lr, seed=seed, watch=watch)
        said = reader.read(self.test.images)
        wrong = np.array([distance(one, other) for one, other in zip(said, self.test.labels, strict=True)])
        return {"set": name, "seed": seed, "lines": len(lines), **rate(wrong, self.test, seed)}

    def _lines(self, name: str, repetition: int, watch: Watch) -> LabeledLines:
        """Return a training set; it is drawn if it was not."""
        if name == _REAL:
            return self.learned
        if name in self._given:
            return lines_in(self._given[name])
        path = self.request.out / SETS / f"{name}-{self.settings.seed + repetition}"
        models, options = _DRAWN[name]
        if self.request.fonts and models:
            options = options | {"fonts": self.request.fonts}
        longest: dict[str, Any] = {"min_chars": 8, "max_chars": 30, "boost": 0.0, "height": 32}
        given: dict[str, Any] = {
            "corpus": str(self.request.out / CORPUS),
            "count": self.settings.count,
            "seed": self.settings.seed + repetition,
            "gate": "off",
            "out": path,
        }
        write(prepare(make_request(*models, lines=True, **(longest | given | options))), lambda done: watch(name, 0))
        return lines_in(path)


def rate(wrong: NDArray[np.int64], lines: LabeledLines, seed: int) -> dict[str, Any]:
    """Return the character error rate, and the interval that it has in 19 of 20 samples of as many writers.

    Args:
        wrong: int64 ``[lines]``, characters to change in each line.
        lines: what they say, and their writers.
        seed: of the samples.
    """
    chars = np.array([len(label) for label in lines.labels])
    _, writer = np.unique(lines.groups, return_inverse=True)
    errors, all_chars = np.bincount(writer, wrong), np.bincount(writer, chars)
    picked = np.random.default_rng(seed).integers(0, len(errors), (_DRAWS, len(errors)))
    drawn = errors[picked].sum(1) / all_chars[picked].sum(1)
    low, high = np.quantile(drawn, [0.025, 0.975]).round(5).tolist()
    return {"cer": round(float(errors.sum() / all_chars.sum()), 5), "interval": [low, high]}


def _beyond(done: int, title: str, watch: Watch) -> Callable[[int], None]:
    """Return what is told of one reader, and tells of the whole."""
    return lambda images: watch(title, done + images)


def _digest(lines: LabeledLines) -> str:
    """Return what tells some lines from others."""
    whole = hashlib.sha256("\n".join(lines.labels).encode())
    for image in lines.images:
        whole.update(image.tobytes())
    return whole.hexdigest()
