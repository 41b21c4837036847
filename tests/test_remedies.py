"""What an error tells a user to do can be done: the commands and options in its remedy exist."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import typer

import handgen
from handgen import errors
from handgen.cli.main import app

ROOT = Path(handgen.__file__).parent
KINDS = {name for name in vars(errors) if name.endswith("Error")}
UNKNOWN = "…"
"""Stands for what is known only when the error is raised."""


def text_of(node, names):
    """The text of a literal, or of several put together; names of the module's own literals are looked up."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part, names) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return text_of(node.value, names) if isinstance(node.value, ast.Name) else UNKNOWN
    if isinstance(node, ast.BinOp):
        return text_of(node.left, names) + text_of(node.right, names)
    return names.get(node.id, UNKNOWN) if isinstance(node, ast.Name) else UNKNOWN


@functools.cache
def remedies():
    """Every remedy, with where it stands: the second argument of an error, the third of a rule of ``check``."""
    found = []
    for file in sorted(ROOT.rglob("*.py")):
        tree, names = ast.parse(file.read_text(encoding="utf-8")), {}
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names[node.targets[0].id] = text_of(node.value, names)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            number = 1 if called in KINDS else 2 if called == "Rule" else None
            given = node.args[number : number + 1] if number else []
            for each in given + [word.value for word in node.keywords if word.arg == "remedy"]:
                parts = (each.body, each.orelse) if isinstance(each, ast.IfExp) else (each,)
                found += [(f"{file.relative_to(ROOT)}:{node.lineno}", text_of(part, names)) for part in parts]
    return found


def options_of(command):
    return {flag for param in command.params for flag in (*param.opts, *param.secondary_opts)} | {"--help"}


def commands(group, words=()):
    """Every command by its words, and the options that it has."""
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        yield (*words, name), options_of(found)
        if hasattr(found, "list_commands"):
            yield from commands(found, (*words, name))


COMMANDS = {(): {"--version", "--help"}, **dict(commands(typer.main.get_command(app)))}
EVERY = set().union(*COMMANDS.values())


def wrong(text):
    """What of a remedy does not exist."""
    rest = text = re.sub(r"'(?:ray|pip|apt) [^']*'", "", text)
    for found in re.finditer(r"(?:(?<=')|(?<=: ))handgen ((?:[a-z]+ ?)*)([^'.;:]*)", text):
        typed = found[1].split()
        words = max((known for known in COMMANDS if tuple(typed[: len(known)]) == known), key=len)
        after = typed[len(words) :]
        group = any(known[:-1] == words for known in COMMANDS if known)
        if not words or (group and after and words == ("fonts",)):
            yield found[0].strip()
        flags = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", found[2])
        known = EVERY if words == ("train",) else COMMANDS[words]
        yield from (f"{' '.join(words)} {flag}" for flag in flags if flag not in known)
        rest = rest.replace(found[0], " ")
    if "pip " not in rest:
        yield from (flag for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest) if flag not in EVERY)


def test_the_sweep_finds_what_is_wrong():
    assert list(wrong("Use --gate off, or 'handgen synth --count 3'. See: handgen fonts list")) == []
    assert list(wrong("Run 'handgen draw x', or 'handgen synth --epochs 3'.")) == ["handgen draw x", "synth --epochs"]
    assert list(wrong("Give --epochs.")) == ["--epochs"]
    assert list(wrong("See: handgen fonts get zh")) == ["handgen fonts get zh"]
    assert list(wrong("handgen reads LMDB; start 'ray start --head'.")) == []


def test_every_remedy_is_a_command_or_an_option_that_exists():
    found = remedies()
    assert len(found) > 300
    assert sum("handgen " in text for _, text in found) > 30
    assert sum("--" in text for _, text in found) > 100
    bad = [f"{where}: {each} ({text})" for where, text in found for each in wrong(text)]
    assert not bad, "\n".join(bad)


def test_nearly_every_error_has_a_remedy():
    without = [where for where, text in remedies() if not text.strip()]
    assert not without
