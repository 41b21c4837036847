from __future__ import annotations

import re
import subprocess
import sys

import pytest
import typer

from handgen.cli import run
from handgen.cli.main import app

HEAVY = {"torch", "numpy", "PIL", "freetype", "fontTools", "lmdb", "safetensors"}


def commands(group=None, path=()):
    """Every command as ``(words, click command)``."""
    group = group or typer.main.get_command(app)
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        yield (*path, name), found
        if hasattr(found, "list_commands"):
            yield from commands(found, (*path, name))


COMMANDS = dict(commands())


def shown(capsys, words):
    assert run([*words, "--help"]) == 0
    return re.sub(r"[╭╮╰╯│─]", " ", capsys.readouterr().out)


def examples(text):
    """The example commands of a help text."""
    lines = (line.strip() for line in text.splitlines())
    return [line.partition(" > ")[0].split() for line in lines if line.startswith("handgen ")]


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"]], ids=str)
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys\nfrom handgen.cli import run\n"
        f"assert run({arguments}) == 0\n"
        f"print(sorted({HEAVY} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_paragraphs_of_help_fit_a_terminal(words):
    """Typer keeps the line breaks of all paragraphs but the first, so a longer line is broken twice."""
    for paragraph in (COMMANDS[words].help or "").split("\n\n")[1:]:
        lines = paragraph.splitlines()
        assert len(lines) == 1 or max(map(len, lines)) <= 78, paragraph


@pytest.mark.parametrize("words", [(), *COMMANDS], ids=" ".join)
def test_help_explains_every_option_and_gives_examples(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    text = shown(capsys, words)
    assert examples(text) or words == ("fonts",)
    for parameter in COMMANDS[words].params if words else ():
        if parameter.param_type_name == "option":
            assert parameter.help, parameter.name
            assert parameter.opts[0] in text or words == ("train",)


@pytest.mark.parametrize("words", [(), *COMMANDS], ids=" ".join)
def test_examples_are_commands_that_exist(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for _, *arguments in examples(shown(capsys, words)):
        command, context = typer.main.get_command(app), None
        while hasattr(command, "resolve_command"):
            context = command.make_context("handgen", list(arguments), parent=context)
            rest = [*context._protected_args, *context.args]
            if command.invoke_without_command and not rest:  # a group that is a command, too
                break
            _, command, arguments = command.resolve_command(context, rest)
        command.make_context(command.name, list(arguments), parent=context)
