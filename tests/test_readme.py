"""The documentation is true: its commands parse, its links lead somewhere, its versions agree."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import pytest
import typer

from handgen import __version__
from handgen.cli.main import app

ROOT = Path(__file__).parents[1]
ROOT_COMMAND = typer.main.get_command(app)
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
PAGES = [
    *ROOT.glob("*.md"),
    *(page for folder in ("docs", "benchmarks") for page in (ROOT / folder).glob("*.md")),
    *(
        page for folder in ("examples", "handgen") for page in (ROOT / folder).rglob("README.md")
    ),  # others are parts of one
]


def blocks(page):
    """The commands of each of a page's code blocks, as lists of words; comments are left out."""
    found = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = [[shlex.split(line, comments=True) for line in block.replace("\\\n", " ").splitlines()] for block in found]
    return [[words for words in block if words] for block in lines]


def commands(program):
    """Every command of ``program`` in the pages' code blocks, as (page, arguments), without redirections."""
    found = ((page.name, words) for page in PAGES for block in blocks(page) for words in block)
    return [(page, list(itertools.takewhile(">".__ne__, words[1:]))) for page, words in found if words[0] == program]


def once(found):
    """The first of those that have the same arguments."""
    return list({tuple(arguments): (page, arguments) for page, arguments in reversed(found)}.values())[::-1]


def parse(arguments):
    """Parse the arguments of ``handgen`` as the command line does, and run nothing."""
    command, rest = ROOT_COMMAND, list(arguments)
    while hasattr(command, "commands") and not (command.invoke_without_command and not rest):
        name = rest.pop(0)
        command = command.get_command(None, name)
        assert command is not None, name
    return command.make_context("handgen", rest).params


def test_commands_of_the_pages_parse():
    """One test for all pages: what fails is collected, so that it is seen at once."""
    shown = once(commands("handgen"))
    assert len(shown) > 50
    wrong = []
    for page, arguments in shown:
        try:
            parse(arguments)
        except Exception as error:
            wrong.append(f"{page}: handgen {shlex.join(arguments)}: {error}")
    assert not wrong, "\n".join(wrong)


def test_a_wrong_command_does_not_parse():
    for wrong, why in [
        ("synth --stiles 15", "--stiles"),
        ("synth --count many", "valid integer"),
        ("train zi3zi", "zi3zi"),
        ("check", "DATASET"),
    ]:
        with pytest.raises(Exception, match=f"(?i){why}"):
            parse(shlex.split(wrong))


def test_the_three_commands_are_there():
    shown = [
        shlex.join(arguments)
        for page, arguments in commands("handgen")
        if page == "README.md" and arguments[0] != "fonts"
    ]
    assert shown[:3] == ["render --font Heiti.ttf", "train zi2zi", "synth --styles 15 --count 100000"]


def test_the_chinese_page_is_in_step():
    assert blocks(CHINESE) == blocks(README)
    for parts in (r"^(#+) ", r"^!\[[^]]*\]\((.+)\)$", r"^(\|)[^-]", r"^(- )"):  # headings, pictures, rows, points
        there, here = (re.findall(parts, page.read_text(encoding="utf-8"), re.MULTILINE) for page in (CHINESE, README))
        assert there == here, parts


def test_the_chinese_page_leads_where_the_other_does():
    targets = [set(re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))) for page in (CHINESE, README)]
    assert targets[0] ^ targets[1] == {README.name, CHINESE.name}


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {word for _, arguments in commands("make") for word in arguments}
    assert {"demo", "test"} <= named <= targets


def test_links_lead_somewhere():
    assert len(PAGES) > 10
    dead = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        headings = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
        for target in re.findall(r"\]\(([^)]+)\)", text):
            there = target[1:] in headings if target.startswith("#") else (page.parent / target).exists()
            dead += [] if there else [f"{page.relative_to(ROOT)}: {target}"]
    assert not dead, "\n".join(dead)


def test_versions_agree():
    assert f"\n## {__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
