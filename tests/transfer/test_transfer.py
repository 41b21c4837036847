from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from handgen.cli import run
from handgen.cli.main import app
from handgen.formats.base import Sample
from handgen.formats.lmdb import LmdbWriter
from handgen.training.engine import Engine
from handgen.transfer import transfer as module
from handgen.transfer.pools import open_real, parted

TINY = "--count 60 --images 192 --batch 16 --width 4 --test-count 100"


@pytest.fixture
def bench(digit_fonts, tmp_path):
    """Run ``handgen transfer`` on digits, and return its JSON."""

    def command(more="", *, sets="fonts,real,fonts+real", out="out"):
        given = f"transfer --real digits --data {digit_fonts.path} --sets {sets} --out {tmp_path / out} --json"
        done = CliRunner().invoke(app, [*given.split(), *TINY.split(), *more.split()], catch_exceptions=False)
        return json.loads(done.stdout), done.exit_code

    return command


def test_the_command_compares_goes_on_and_takes_more_repetitions(bench, tmp_path):
    plan, code = bench("--seeds 2 --dry-run")
    assert code == 0
    assert "898" not in plan["real"]
    assert "tested on 100 images" in plan["real"]
    assert not (tmp_path / "out").exists()

    first, code = bench("--seeds 2")
    assert (code, first["done"], first["tested"], first["characters"]) == (0, True, 100, "0123456789")
    assert list(first["sets"]) == ["fonts", "real", "fonts+real"]
    for values in first["sets"].values():
        assert len(values["read"]) == 2
        assert values["images"] == 60
        assert values["sd"] is not None
        assert min(values["read"]) <= values["mean"] <= max(values["read"])
    assert first["sets"]["fonts"]["different"] == 20  # two fonts of ten digits, each three times
    assert json.loads((tmp_path / "out" / "results.json").read_text())["sets"] == first["sets"]
    assert (tmp_path / "out" / "results.png").stat().st_size > 5000
    assert (tmp_path / "out" / "sets.png").is_file()
    assert not list((tmp_path / "out" / "training").glob("*"))

    cells = {cell: cell.stat().st_mtime_ns for cell in (tmp_path / "out" / "cells").iterdir()}
    lost = tmp_path / "out" / "cells" / "real-1.json"
    lost.unlink()
    again, _ = bench("--seeds 3")
    assert [values["read"][:2] for values in again["sets"].values()] == [
        values["read"] for values in first["sets"].values()
    ]  # what was lost came out the same, too
    assert all(len(values["read"]) == 3 for values in again["sets"].values())
    assert all(cell.stat().st_mtime_ns == before for cell, before in cells.items() if cell != lost)


def test_several_real_sets_stand_in_one_table_and_a_further_one_costs_only_its_own(
    bench, digit_fonts, tmp_path, capsys
):
    first, _ = bench("--seeds 1", sets="fonts", out="both/digits")
    cell = tmp_path / "both" / "digits" / "cells" / "fonts-0.json"
    before = cell.stat().st_mtime_ns
    other = save_digits(tmp_path / "other")
    both = f"transfer --real digits --real {other} --data {digit_fonts.path} --sets fonts --seeds 1 {TINY}"
    said = CliRunner().invoke(app, [*both.split(), "--out", str(tmp_path / "both")], catch_exceptions=False).stdout
    assert "% read of each real set" in said
    found = json.loads((tmp_path / "both" / "results.json").read_text(encoding="utf-8"))["real"]
    assert list(found) == ["digits", "other"]
    assert found["digits"]["sets"] == first["sets"]
    assert found["other"]["tested"] == 40
    assert cell.stat().st_mtime_ns == before
    assert (tmp_path / "both" / "results.png").stat().st_size > 5000

    assert run([*both.split(), "--real", "digits"]) == 2
    assert "two real sets are called digits" in " ".join(capsys.readouterr().err.split())


def test_a_dataset_is_parted_by_the_writers_that_it_names_or_else_by_its_styles(tmp_path):
    for key in ("writer", "style"):
        left, test = parted(open_real(str(save_digits(tmp_path / key, key))), 0.4)
        assert (len(np.unique(left.writers)), len(np.unique(test.writers))) == (3, 2), key
        assert len(test) == 40, key


def save_digits(path, key="style"):
    """Write a hundred of the real digits as a dataset, five writers' they say."""
    pool = open_real("digits")
    with LmdbWriter(path, {}) as writer:
        rows = [
            Sample(row, str(pool.chars[row]), np.asarray(pool.images[row]), {key: f"writer{row // 20}"})
            for row in range(100)
        ]
        writer.write(rows)
        writer.finish({})
    return path


def test_what_learns_from_real_digits_reads_real_digits(bench):
    found, _ = bench("--seeds 1 --count 400 --images 3200 --lr 0.01", sets="real")
    assert found["sets"]["real"]["mean"] > 0.6
    assert found["sets"]["real"]["sd"] is None


def test_stopped_it_keeps_what_is_finished(bench, tmp_path, monkeypatch):
    whole = Engine.run
    calls = []

    def stopped(self, watch):
        calls.append(self)
        return whole(self, watch) and len(calls) < 2

    monkeypatch.setattr(Engine, "run", stopped)
    found, code = bench("--seeds 1")
    assert (code, found["done"], list(found["sets"])) == (130, False, ["fonts"])
    monkeypatch.setattr(Engine, "run", whole)
    found, code = bench("--seeds 1")
    assert (code, found["done"], len(found["sets"])) == (0, True, 3)


def test_a_dataset_and_a_store_serve_as_real_sets_and_as_training_sets(trained, people, store, tmp_path):
    drawn = tmp_path / "drawn"
    assert run(f"synth --model {trained} --charset 23ABDEF --count 30 --out {drawn}".split()) == 0
    given = f"transfer --real {people.path} --set mine={drawn} --set other={store.path} --sets mine+other"
    done = CliRunner().invoke(
        app, [*given.split(), *TINY.split(), "--seeds", "1", "--out", str(tmp_path / "out"), "--json"]
    )
    found = json.loads(done.stdout)
    assert (found["characters"], list(found["sets"])) == ("23ABDEF", ["mine+other", "mine", "other"])
    given = f"transfer --real {drawn} --set other={store.path} --sets other --out {tmp_path / 'two'} --dry-run"
    assert run(given.split()) == 0


def test_bad_input_is_one_line(digit_fonts, people, store, trained, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "notes.txt").touch()
    digits = f"--real digits --data {digit_fonts.path}"
    wrong = {
        "": "no real handwriting to test on. Give --real digits",
        f"--real {tmp_path / 'none'} --data {store.path}": "does not exist",
        f"{digits} --sets font,pen": "unknown training set 'font'. Did you mean 'fonts'?",
        f"{digits} --sets fonts+pencil": "unknown training set 'pencil'. Did you mean 'pen'?",
        f"{digits} --sets fonts --charset gb2312-1": "has 0 of the characters asked for",
        f"--real digits --set a={people.path} --sets a --charset 01456": "the set 'a' has none of the 5 characters",
        f"--real digits --set a={people.path} --sets a --charset 0124": "have 1 of the real set's 4 characters in",
        f"{digits} --sets gan": "no model is given",
        f"{digits} --sets gan --model pen": "no model is given",
        f"{digits} --sets union": "a union needs two sets beside 'real'",
        f"{digits} --sets real --test-share 1": "leaves nothing of the real set to learn from",
        f"{digits} --sets fonts --count 9": "less than one image for each of 10 characters",
        f"{digits} --set mine": "--set mine is not of the form NAME=PATH",
        f"{digits} --set a={people.path} --set a={store.path}": "--set a= is there twice",
        f"{digits} --set pen={people.path}": "--set cannot name a set 'pen'",
        f"--real {people.path} --set a={people.path}": "--set a is the real set itself",
        f"--real {store.path} --sets gan --model {trained}": "learned from",
        f"{digits} --sets fonts --out {tmp_path / 'foreign'}": "is not empty and holds no comparison",
        f"{digits} --sets fonts --seeds 0": "--seeds 0 is too small",
        f"--real digits --data {tmp_path / 'none'} --sets fonts": "no glyph store at",
    }
    for given, message in wrong.items():
        assert run(["transfer", "--out", str(out), "--dry-run", *given.split()]) in (1, 2), given
        assert message in " ".join(capsys.readouterr().err.split()), given
    assert not out.exists()
    monkeypatch.setattr(
        module, "open_real", lambda path: __import__("handgen.extras").extras.load_extra("sk_lack", "bench")
    )
    assert run(f"transfer {digits} --out {out}".split()) == 1
    assert "sk_lack is not installed. Run: pip install 'handgen[bench]'" in " ".join(capsys.readouterr().err.split())


def test_a_comparison_of_other_settings_or_another_set_is_refused(bench, digit_fonts, tmp_path, capsys):
    bench("--seeds 1", sets="fonts")
    common = f"transfer --real digits --sets fonts --out {tmp_path / 'out'} --seeds 1"
    assert run(f"{common} --data {digit_fonts.path} {TINY} --augment --dry-run".split()) == 2
    assert "holds a comparison with another augment" in " ".join(capsys.readouterr().err.split())
    cell = tmp_path / "out" / "cells" / "fonts-0.json"
    cell.write_text(json.dumps(json.loads(cell.read_text()) | {"identity": "of other fonts"}))
    assert run(f"{common} --data {digit_fonts.path} {TINY} --dry-run".split()) == 2
    assert "the set 'fonts' is not the one that" in " ".join(capsys.readouterr().err.split())
