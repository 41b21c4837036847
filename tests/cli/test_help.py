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
    group = group or ROOT_COMMAND
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        yield (*path, name), found
        if hasattr(found, "list_commands"):
            yield from commands(found, (*path, name))


ROOT_COMMAND = typer.main.get_command(app)
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
