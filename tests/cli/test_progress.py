from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console

from handgen.cli import progress
from handgen.cli.progress import TrainingBar, losses_table, pace_line
from handgen.training.engine import Progress

LOSSES = {
    "D/real": 0.327573,
    "D/real weighted": 0.327573,
    "D/fake": 0.260894,
    "D/fake weighted": 0.260894,
    "D/real accuracy": 0.7123,
    "D/fake accuracy": 0.6581,
    "D/category": 0.000513,
    "G/l1": 0.202731,
    "G/l1 weighted": 20.273087,
    "G/gan": 1.98999,
    "G/category": 0.000144,
    "G/const": 3e-06,
    "G/tv": 123456.0,
}


def printed(what, width):
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(what)
    return console.file.getvalue().replace("\u00a0", " ")


def test_every_loss_and_the_accuracies_are_there():
    rows = [line.rstrip() for line in printed(losses_table(LOSSES, 100), 100).splitlines()]
    assert rows == [
        "D           real 0.328  fake 0.261  category 0.001",
        "D accuracy  real 0.71  fake 0.66",
        "G           l1 0.203  gan 1.990  category 0.000  const 0.000  tv 1.23e+05",
    ]


@pytest.mark.parametrize("width", [30, 40, 60, 80, 200])
def test_a_narrow_terminal_keeps_names_and_values_together(width):
    report = Progress(108_000, 55.7, LOSSES)
    bar = TrainingBar(Console(file=io.StringIO(), width=width), 200_000, 0)
    bar.show(report)
    lines = printed(bar, width).splitlines()
    assert max(map(len, lines)) <= width
    entries = {entry for line in lines[1:] for entry in re.split(r"\s{2,}", line)}
    assert {"real 0.328", "fake 0.66", "gan 1.990", "tv 1.23e+05"} <= entries


def test_80_columns_hold_the_first_line():
    bar = TrainingBar(Console(file=io.StringIO(), width=80), 200_000_000, 0)
    bar.show(Progress(108_000_000, 12345.6, LOSSES))
    first = printed(bar, 80).splitlines()[0]
    assert "108000000/200000000 12346 images/s" in first
    assert first.rstrip().endswith("left")


def test_nothing_stays_where_there_is_no_terminal():
    console = Console(file=io.StringIO(), width=80)
    with TrainingBar(console, 100, 0) as bar:
        bar.show(Progress(50, 10.0, LOSSES))
    assert console.file.getvalue().strip() == ""


def test_without_a_terminal_a_run_prints_lines(monkeypatch):
    monkeypatch.setattr(progress, "_TRAINING_EVERY", 0.02)
    console = Console(file=io.StringIO(), width=40)
    with TrainingBar(console, 1000, 0) as bar:
        bar.show(Progress(250, 50.0, LOSSES))
        for _ in range(500):
            if lines := console.file.getvalue().splitlines():
                break
            time.sleep(0.01)
    assert lines[0].startswith("images: 250 of 1,000, 50 a second, 15 s left  D/real 0.328  D/fake 0.261")
    assert "weighted" not in lines[0]


def test_the_time_left_is_told_when_the_rate_is_known():
    assert pace_line("fonts", 0, 61, 0) == "fonts: 0 of 61"
    assert pace_line("fonts", 12, 61, 1.25) == "fonts: 12 of 61, 1.25 a second, 39 s left"
    assert pace_line("fonts", 5, 6, 0.04) == "fonts: 5 of 6, 25 s each, 25 s left"
    assert pace_line("images", 1000, 401_000, 100.0) == "images: 1,000 of 401,000, 100 a second, 1 h 6 min left"
