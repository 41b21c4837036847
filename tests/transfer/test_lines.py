"""Sets of lines compared by what a small reader makes of real ones."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from handgen.api import synth
from handgen.cli import run
from handgen.cli.main import app
from handgen.transfer.ctc import HEIGHT, LabeledLines, LineReader, distance, leveled
from handgen.transfer.lines import _DRAWN, rate
from handgen.transfer.settings import LINE_SETS
from handgen.transfer.written import lines_in

TINY = "--count 40 --images 64 --line-batch 8 --width 4 --seeds 1 --lines"


@pytest.fixture(scope="session")
def letters(tmp_path_factory, zeyada, caveat):
    """What stands for real lines: of two writers."""
    out = tmp_path_factory.mktemp("real") / "letters"
    text = out.parent / "text.txt"
    text.write_text("un été à la mer\nle vin de la maison\nneuf heures du soir\n", encoding="utf-8")
    synth("fonts", fonts=f"{zeyada},{caveat}", lines=True, corpus=str(text), count=24, out=out, progress=False)
    return out


@pytest.fixture
def compare(letters, kalam, tmp_path):
    def command(more="", sets="fonts,real"):
        given = f"transfer --real {letters} --fonts {kalam} --sets {sets} --out {tmp_path / 'out'} --json {TINY} {more}"
        done = CliRunner().invoke(app, given.split(), catch_exceptions=False)
        return json.loads(done.stdout)

    return command


def test_the_command_compares_and_goes_on(compare, letters, tmp_path):
    plan = compare("--dry-run")
    assert "by 1 writers" in plan["real"]
    assert not (tmp_path / "out").exists()

    mine = shutil.copytree(letters, tmp_path / "mine")
    made = compare(f"--set mine={mine}")
    assert list(made["sets"]) == ["fonts", "real", "mine"]
    for values in made["sets"].values():
        low, high = values["interval"]
        assert 0 < low <= values["mean"] <= high
    assert made["sets"]["fonts"]["lines"] == 40
    assert (tmp_path / "out" / "sets.png").is_file()
    corpus = set((tmp_path / "out" / "corpus.txt").read_text(encoding="utf-8").split())
    drawn = lines_in(tmp_path / "out" / "sets" / "fonts-0")
    assert set(" ".join(drawn.labels).split()) <= corpus
    assert len({image.shape[0] for image in drawn.images} | {HEIGHT}) == 1

    cells = {cell: cell.stat().st_mtime_ns for cell in (tmp_path / "out" / "cells").iterdir()}
    again = compare("--seeds 2")
    assert again["sets"]["fonts"]["cer"][:1] == made["sets"]["fonts"]["cer"]
    assert again["sets"]["real"]["sd"] is not None
    assert all(cell.stat().st_mtime_ns == before for cell, before in cells.items())


def test_a_file_parts_the_writers(compare, letters, tmp_path):
    one, other = sorted(set(lines_in(letters).groups))
    split = tmp_path / "split.json"
    split.write_text(json.dumps({"sets": {"letters": {"tuning": [one], "test": [other]}}}), encoding="utf-8")
    count = lines_in(letters).groups.count
    assert f"tested on {count(other)} lines" in compare(f"--dry-run --split {split}")["real"]
    assert f"tested on {count(one)} lines" in compare(f"--dry-run --split {split} --half tuning")["real"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("--sets fonts,gan", "no set of lines is called 'gan'"),
        ("--real digits", "are no lines"),
        ("--split {tmp}/none.json", "parts the writers"),
        ("--half both", "half"),
    ],
)
def test_bad_input_is_one_line(more, said, letters, tmp_path, capsys):
    given = ["transfer", "--lines", "--real", str(letters), *more.format(tmp=tmp_path).split()]
    assert run([*given, "--out", str(tmp_path / "out")]) != 0
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_a_reader_learns_to_read(letters):
    lines = lines_in(letters)
    reader = LineReader("".join(sorted(set("".join(lines.labels)))), 8, 0)

    def errors():
        return sum(map(distance, reader.read(lines.images), lines.labels)) / sum(map(len, lines.labels))

    before = errors()
    reader.learn(lines, images=1600, batch=8, lr=3e-3, seed=0, watch=lambda images: None)
    assert before > 0.9
    assert errors() < 0.2


def test_distances_are_the_least_numbers_of_changes():
    def slow(first, second):
        if not first or not second:
            return len(first) + len(second)
        return min(
            slow(first[1:], second) + 1,
            slow(first, second[1:]) + 1,
            slow(first[1:], second[1:]) + (first[0] != second[0]),
        )

    random = np.random.default_rng(0)
    for _ in range(60):
        first, second = ("".join(random.choice(list("abé"), random.integers(0, 6))) for _ in range(2))
        assert distance(first, second) == slow(first, second)


def test_the_interval_is_of_writers_and_not_of_lines():
    labels, groups = ["x" * 10] * 40, ["a"] * 20 + ["b"] * 20
    alike = rate(np.full(40, 3), LabeledLines([], labels, groups), 0)
    assert alike == {"cer": 0.3, "interval": [0.3, 0.3]}
    unlike = rate(np.array([1] * 20 + [5] * 20), LabeledLines([], labels, groups), 0)
    assert unlike["interval"] == [0.1, 0.5]


def test_every_set_has_what_draws_it():
    assert {*_DRAWN, "real"} == {*LINE_SETS}


def test_lines_are_brought_to_one_height():
    tall = np.full((64, 300), 255, np.uint8)
    assert leveled(tall).shape == (HEIGHT, 150)
    assert leveled(tall[:32]).shape == (HEIGHT, 300)
    assert leveled(tall[:8, :8]).shape == (HEIGHT, 32)
