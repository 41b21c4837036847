from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from handgen import weights
from handgen.cli import run
from handgen.cli.main import app

HEAVY = {"torch", "numpy", "PIL", "freetype", "fontTools", "lmdb", "safetensors"}


def commands(group=None, path=()):
    """Every command as ``(words, click command)``."""
    group = group or ROOT_COMMAND
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        yield (*path, name), found
        if hasattr(found, "list_commands"):
            yield from commands(found, (*path, name))


ROOT_COMMAND = typer.main.get_command(app)
COMMANDS = dict(commands())


def shown(capsys, words):
    """What the help of a command says, all of it."""
    every = words and any(param.name == "help_all" for param in COMMANDS[tuple(words)].params)
    assert run([*words, "--help-all" if every else "--help"]) == 0
    return re.sub(r"[╭╮╰╯│─]", " ", capsys.readouterr().out)


def examples(text):
    """The example commands of a help text."""
    lines = (line.strip() for line in text.splitlines())
    return [line.partition(" > ")[0].split() for line in lines if line.startswith("handgen ")]


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom handgen.cli import run\n"
        "assert run(['--version']) == run(['--help']) == run(['train', '--help']) == 0\n"
        f"print(sorted({HEAVY} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout
    assert done.stderr == "[]\n"


def test_paragraphs_of_help_fit_a_terminal():
    """Typer keeps the line breaks of all paragraphs but the first, so a longer line is broken twice."""
    broken = [
        f"{' '.join(words)}: {paragraph}"
        for words, command in COMMANDS.items()
        for paragraph in (command.help or "").split("\n\n")[1:]
        if len(paragraph.splitlines()) > 1 and max(map(len, paragraph.splitlines())) > 78
    ]
    assert not broken, "\n".join(broken)


def test_help_explains_every_option_and_gives_examples(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    unexplained = []
    for words in [(), *COMMANDS]:
        text = shown(capsys, words)
        if not examples(text) and words != ("fonts",):
            unexplained.append(f"{' '.join(words)}: no example")
        options = [each for each in COMMANDS[words].params if each.param_type_name == "option"] if words else []
        unexplained += [
            f"{' '.join(words)}: {option.name}"
            for option in options
            if not option.help or (option.opts[0] not in text and words != ("train",))
        ]
    assert not unexplained, "\n".join(unexplained)


def test_examples_are_commands_that_exist(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    wrong = []
    for words in [(), *COMMANDS]:
        for _, *arguments in examples(shown(capsys, words)):
            try:
                parse(arguments)
            except Exception as error:
                wrong.append(f"{' '.join(arguments)}: {error}")
    assert not wrong, "\n".join(wrong)


def parse(arguments):
    """Parse the arguments of ``handgen`` as the command line does, and run nothing."""
    command, context = ROOT_COMMAND, None
    while hasattr(command, "resolve_command"):
        context = command.make_context("handgen", list(arguments), parent=context)
        rest = [*context._protected_args, *context.args]
        if command.invoke_without_command and not rest:  # a group that is a command, too
            return
        _, command, arguments = command.resolve_command(context, rest)
    command.make_context(command.name, list(arguments), parent=context)


def extras():
    """The names of the extras that a user may install."""
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    table = text.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    return re.findall(r"^([a-z]+) = ", table, re.MULTILINE)


def test_every_extra_that_a_help_names_is_printed(capsys, monkeypatch):
    """Rich takes [scan] for markup, and leaves it out, where it is not escaped."""
    monkeypatch.setenv("COLUMNS", "200")
    named, lost = set(), []
    for words, command in COMMANDS.items():
        texts = [command.help or "", command.epilog or "", *((param.help or "") for param in command.params)]
        for extra in [extra for extra in extras() if f"[{extra}]" in " ".join(texts)]:
            named.add(extra)
            lost += [f"{words}: {extra}"] if f"[{extra}]" not in shown(capsys, words) else []
    assert not lost
    assert {"scan", "judge"} <= named


def test_the_help_of_a_long_command_shows_what_people_use(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    for words, command in COMMANDS.items():
        options = [param for param in command.params if param.param_type_name == "option"]
        assert run([*words, "--help"]) == 0
        text = capsys.readouterr().out
        listed = [param for param in options if re.search(rf"^│ \*? *{param.opts[0]} ", text, re.MULTILINE)]
        assert len(listed) <= 26, words
        if len(options) > 30:
            assert len(listed) >= 15, words
            assert f"and {len(options) - len(listed)} more options: handgen {' '.join(words)} --help-all" in text
            assert run([*words, "--help-all"]) == 0
            whole = capsys.readouterr().out
            assert all(param.opts[0] in whole for param in options)
            assert "more options" not in whole
        elif words != ("train",):
            assert len(listed) == len(options), words


def test_flags_have_no_type(capsys):
    for words in [(), ("synth",), ("models",), ("train", "zi2zi")]:
        assert run([*words, "--help"]) == 0
        assert "bool" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("train zi2zi --epochs 3", "Did you mean '--images'?"),
        ("train zi2zi --batch-size 3", "Did you mean '--batch'?"),
        ("synth --output here", "Did you mean '--out'?"),
        ("synth --cuont 3", "Did you mean '--count'?"),
        ("synth --model chinese", "Did you mean 'zh'?"),
        ("fonts fetch english", "Did you mean 'en'?"),
        ("fonts fetch latin", "Did you mean 'en'?"),
        ("convert here there --to parquet", "Did you mean '--format'?"),
        ("synth --model nope", "Known: "),
        ("synht", "No such command 'synht'. Did you mean 'synth', 'sheet'? See 'handgen --help'."),
        ("synth --charset chinese", "Did you mean 'gb2312-1'?"),
        ("render --font Heiti --charset english", "Did you mean 'latin62'?"),
        ("render --font Heitti.ttf", "Did you mean 'Heiti'?"),
    ],
)
def test_everyday_words_are_known(capsys, monkeypatch, tmp_path, words, meant):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(weights, "shipped", lambda: {"zh": tmp_path, "latin": tmp_path})
    assert run(words.split()) == 2
    assert meant in capsys.readouterr().err


@pytest.mark.parametrize(
    "count", [["--count", "100,000"], ["--count=100,000"], ["--count", "1e5"], ["--count", "100k"]], ids=str
)
def test_a_number_may_be_written_in_groups(capsys, tmp_path, count):
    words = ["synth", "--model", "pen", "--charset", "AB", "--gate", "off", "--out", str(tmp_path / "x"), "--dry-run"]
    assert run([*words, *count, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["count"] == 100_000
    assert run([*words, "--count", "10,00"]) == 2
    assert "it is no whole number" in capsys.readouterr().err
    assert run([*words, "--count", "1.5e0"]) == 2
    assert run([*words, *count, "--cursiveness", "0,300"]) == 2
    assert "0,300 is no range" in capsys.readouterr().err
