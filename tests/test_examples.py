"""The examples start, their tables are those of their results, and the trainings of the weights name what exists."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import sys
from pathlib import Path

import pytest
import typer

from examples.commands import handgen
from examples.tables import fill, markdown
from examples.weights import run as weights
from handgen import __version__
from handgen.cli.main import app
from handgen.export.licenses import read_table
from handgen.fonts.catalog import find_entry

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SCRIPTS = sorted(
    f"examples.{path.parent.name}.{path.stem}"
    for path in EXAMPLES.glob("*/*.py")
    if "def main(" in path.read_text(encoding="utf-8")
)


def test_every_example_has_help(monkeypatch, capsys):
    assert {Path(name.replace(".", "/")).parent.name for name in SCRIPTS} >= {"people", "pen", "transfer", "weights"}
    for name in SCRIPTS:
        script = importlib.import_module(name)
        monkeypatch.setattr(sys, "argv", [name, "--help"])
        with pytest.raises(SystemExit, match="0"):
            script.main()
        assert script.__doc__.splitlines()[0] in capsys.readouterr().out, name


def test_every_example_that_is_named_is_there():
    pages = [ROOT / "Makefile", *(page for kind in ("md", "py") for page in EXAMPLES.rglob(f"*.{kind}"))]
    pages += [page for folder in (ROOT, ROOT / "docs", ROOT / "handgen") for page in folder.glob("**/*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages if ".venv" not in page.parts)
    assert "python examples/" not in text
    assert set(re.findall(r"python -m (examples[\w.]+\w)", text)) <= set(SCRIPTS)


@pytest.mark.parametrize("name", ["latin_bicyclegan", "transfer", "fewshot", "chinese_zi2zi"])
def test_tables_are_those_of_the_results(name, tmp_path):
    kept = json.loads((EXAMPLES / name / "results.json").read_text(encoding="utf-8"))
    page, text = tmp_path / "README.md", (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    page.write_text(text, encoding="utf-8")
    fill(page, importlib.import_module(f"examples.{name}.run").tables(kept))
    assert page.read_text(encoding="utf-8") == text


def test_fill_replaces_what_is_between_the_marks_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x -->\nold\n<!-- end x -->\nb\n<!-- y -->\n<!-- end y -->\n", encoding="utf-8")
    table = markdown(["", "n"], [["one", "1"], ["two", ""]])
    assert table == "| | n |\n|---|---|\n| one | 1 |\n| two | |"
    fill(page, {"x": table})
    assert page.read_text(encoding="utf-8") == (
        f"a\n<!-- x -->\n{table}\n<!-- end x -->\nb\n<!-- y -->\n<!-- end y -->\n"
    )
    with pytest.raises(ValueError, match="no markers for the table z"):
        fill(page, {"z": table})


def test_commands_show_themselves_and_end_with_their_exit_code(capfd):
    assert handgen("--version", capture=True).strip().endswith(__version__)
    with pytest.raises(SystemExit, match="2"):
        handgen("rendre", "a b")
    assert "$ handgen rendre 'a b'" in capfd.readouterr().out


def test_every_font_can_be_had_and_its_license_is_known():
    table = read_table(weights.FONTS)
    assert all(known.family and known.license and known.where for known in table.values())
    assert weights.elsewhere().keys() == table.keys()
    for name, training in weights.TRAININGS.items():
        assert len(set(training.hands)) == len(training.hands)
        assert set(training.kept) <= set(training.hands)
        for hand in training.hands:
            assert hand in table or find_entry(hand), (name, hand)


def test_the_commands_parse():
    for training in weights.TRAININGS.values():
        words = [["render", "--font", training.source, *shlex.split(training.render)]]
        words += [["train", *shlex.split(train)] for train in training.train]
        if training.export:
            words.append(["models", "export", "run", "--name", "x", *shlex.split(training.export)])
        for rest in words:
            command = typer.main.get_command(app)
            while hasattr(command, "commands"):
                command = command.get_command(None, rest.pop(0))
            command.make_context("handgen", rest)
