from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console

from handgen.cli.progress import Bar, TrainingBar, losses_table, pace
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


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("drawing x: 1,200 of 6,000 (20%), 310/s, 15 s left", ("drawing x", 1200, 6000, 310)),
        ("drawing x: 5 of 60,000 images (0%), 5 s each, 83.3 h left", ("drawing x", 5, 60_000, 0.2, "images")),
        ("reading: 7", ("reading", 7, None, 0)),
        ("opening", ("opening", 0, None, 0, "styles")),
        ("reading: 6,000 of 6,000 (100%), 9.5/s", ("reading", 6000, 6000, 9.5)),
    ],
)
def test_a_line_says_how_far_how_fast_and_how_long(line, given):
    what, done, total, rate, *unit = given
    assert pace(what, done, total, rate, unit=unit[0] if unit else "") == line


def test_a_percentage_where_numbers_say_nothing():
    assert pace("reading", 25, 100, 0.5, counted=False) == "reading: 25%, 2 min left"


@pytest.mark.parametrize("training", [False, True])
def test_piped_output_gets_a_line_every_now_and_then_even_while_nothing_comes(training):
    console = Console(file=io.StringIO(), width=80)
    bar = TrainingBar(console, 100, 0, every=0.02) if training else Bar("drawing", 100, console=console, every=0.02)
    with bar:
        bar.show(Progress(50, 10.0, LOSSES) if training else 50)
        deadline = time.monotonic() + 20
        while len(console.file.getvalue().splitlines()) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    lines = console.file.getvalue().splitlines()
    assert len(lines) >= 3
    assert lines[-1].startswith("training: 50 of 100 images (50%)" if training else "drawing: 50 of 100 (50%)")
    assert " left" in lines[-1]
    assert ("G l1 0.203" in lines[-1]) == training
    after = len(console.file.getvalue())
    time.sleep(0.1)
    assert len(console.file.getvalue()) == after
