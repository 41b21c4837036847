"""The documentation is true: its commands parse, its links lead somewhere, its versions agree."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from handgen import __version__
from handgen.cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *(ROOT / "examples").rglob("*.md"),
    *(ROOT / "benchmarks").glob("*.md"),
]


def commands(program):
    """Every command of ``program`` in the pages' code blocks, as (page, arguments)."""
    found = []
    for page in PAGES:
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words and words[0] == program:
                    found.append((page.name, words[1:]))
    return found


def parse(arguments):
    """Parse the arguments of ``handgen`` as the command line does, and run nothing."""
    command, rest = typer.main.get_command(app), list(arguments)
    while hasattr(command, "commands") and not (command.invoke_without_command and not rest):
        name = rest.pop(0)
        command = command.get_command(None, name)
        assert command is not None, name
    return command.make_context("handgen", rest).params


@pytest.mark.parametrize(("page", "arguments"), commands("handgen"), ids=str)
def test_commands_of_the_pages_parse(page, arguments):
    parse(arguments)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("synth --stiles 15", "--stiles"),
        ("synth --count 0", "greater than"),
        ("train zi3zi", "zi3zi"),
        ("check", "DATASET"),
    ],
)
def test_a_wrong_command_does_not_parse(wrong, why):
    with pytest.raises(Exception, match=f"(?i){why}"):
        parse(shlex.split(wrong))


def test_the_three_commands_are_there():
    shown = [shlex.join(arguments) for page, arguments in commands("handgen") if page == "README.md"]
    assert shown[:3] == ["render --font Heiti.ttf", "train zi2zi", "synth --styles 15 --count 100000"]


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {word for _, arguments in commands("make") for word in arguments}
    assert {"demo", "test"} <= named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.+)$", text, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        else:
            assert (page.parent / target).exists(), target


def test_versions_agree():
    assert f"\n## {__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
