"""Writes cli.md from the command line itself, and the pages of trainers/ from their rules: ``make reference``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import typer
from rich.text import Text

from docs import trainer_pages
from handgen.cli.main import app
from handgen.models import MODELS

PAGE = Path(__file__).with_name("cli.md")
_EVERYWHERE = 6
"""An option that so many commands have alike is told once."""
_EXAMPLES = ("[bold]Examples:", "[bold]Example:", "[bold]In order:")
_HEAD = """# Command line

`make reference` writes this page from the command line itself; `handgen COMMAND --help` shows the same. Values in
*italics* say what happens when an option is not given. `handgen --install-completion` teaches your shell to complete
commands and options, `handgen --version` prints the version. Exit codes: 0 = done, 1 = a failure, or a defect that
`check` found, 2 = wrong usage, 130 = stopped with Ctrl-C.
"""


@dataclass(frozen=True)
class Option:
    """An option or an argument, as a reader sees it.

    Attributes:
        name: its flags, or the argument.
        help: what it does.
        default: what happens without it; empty if nothing does.
        panel: the heading it stands under.
        flag: its first flag.
    """

    name: str
    help: str
    default: str
    panel: str
    flag: str


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command as its words and what typer made of it; groups come before what is in them."""
    group = group or typer.main.get_command(app)
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        yield (*path, name), found
        if hasattr(found, "list_commands"):
            yield from commands(found, (*path, name))


def options(command: Any) -> list[Option]:
    """Return what a command takes, arguments first."""
    return [_option(each) for each in command.params if not getattr(each, "hidden", False)]


def _option(given: Any) -> Option:
    text = Text.from_markup(" ".join((given.help or "").split())).plain
    if given.param_type_name == "argument":
        name = given.metavar or given.name.upper()
        return Option(f"`{name}`", text, "" if given.required else _default(given), "", name)
    value = "" if getattr(given, "is_flag", False) else f" {given.metavar or _kind(given)}"
    names = ", ".join(f"`{each}{value}`" for each in given.opts)
    names += "".join(f", `{each}`" for each in given.secondary_opts)
    if given.multiple and "repeated" not in text:
        text += " May be repeated."
    return Option(names, text + _range(given, text), _default(given), given.rich_help_panel or "Options", given.opts[0])


def _kind(given: Any) -> str:
    kind = given.type_descriptor.annotation
    kind = next(iter(get_args(kind)), kind)  # of a list, what it is of
    return {int: "N", float: "X"}.get(kind, "PATH" if isinstance(kind, type) and issubclass(kind, Path) else "TEXT")


def _range(given: Any, told: str) -> str:
    """Return the sentence on what values are taken, if the help does not tell already."""
    low, high = getattr(given, "min", None), getattr(given, "max", None)
    if low is None or (high is not None and f"{low:g} to {high:g}" in told):
        return ""
    return f" At least {low:g}." if high is None or high > 1e6 else f" From {low:g} to {high:g}."


def _default(given: Any) -> str:
    if isinstance(given.show_default, str):
        return f"*{given.show_default}*"
    if given.default is None or given.default in ("", (), []) or not given.show_default:
        return ""
    if isinstance(given.default, bool):
        on = given.opts[0] if given.default else (given.secondary_opts or [""])[0]
        return f"`{on}`" if on else ""
    return f"`{given.default}`"


def _told_once(found: Iterable[Sequence[Option]], least: int) -> dict[str, Option]:
    """Return, by flag, the options that at least so many commands have alike, in the order of their first."""
    counts = Counter(option for taken in found for option in taken)
    return {option.flag: option for option, count in counts.items() if count >= least}


def _of_all(found: Sequence[Sequence[Option]]) -> dict[str, Option]:
    """Return, by flag, the options that all commands have, as most of them have them."""
    everywhere = set.intersection(*({option.flag for option in taken} for taken in found))
    usual = _told_once(found, len(found) // 2 + 1)
    return {flag: option for flag, option in usual.items() if flag in everywhere}


def _tables(taken: Iterable[Option]) -> list[str]:
    """Return a table for each panel, in the order of the panels' first options."""
    panels: dict[str, list[Option]] = {}
    for option in taken:
        panels.setdefault(option.panel, []).append(option)
    lines = []
    for panel, inside in panels.items():
        lines += ["", f"| {panel or 'Argument'} | | default |", "|---|---|---|"]
        lines += [_row(each.name, each.help, each.default) for each in inside]
    return lines


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _prose(command: Any) -> tuple[list[str], list[str]]:
    """Return the paragraphs of a command's help, and its examples."""
    paragraphs = [" ".join(each.split()) for each in (command.help or "").split("\n\n")]
    paragraphs += [" ".join(each.split()) for each in (command.epilog or "").split("\n\n")]
    examples = [each for each in paragraphs if each.startswith(("handgen ", "torchrun "))]
    told = [each for each in paragraphs if each and each not in examples and not each.startswith(_EXAMPLES)]
    return [Text.from_markup(each).plain for each in told], [each.replace(r"\[", "[") for each in examples]


def _section(words: Sequence[str], command: Any, elsewhere: Mapping[str, Option], where: str = "") -> list[str]:
    """Return the section of a command.

    Args:
        words: what is typed for it.
        command: what typer made of it.
        elsewhere: options that are told elsewhere.
        where: the sentence on those that it has; they are listed by default.
    """
    taken = options(command)
    own = [each for each in taken if elsewhere.get(each.flag) != each]
    also = ", ".join(f"`{each.flag}`" for each in taken if elsewhere.get(each.flag) == each)
    told, examples = _prose(command)
    arguments = "".join(f" {each.flag}" for each in taken if not each.panel)
    lines = ["", f"{'#' * (1 + len(words))} handgen {' '.join(words)}{arguments}", "", "\n\n".join(told), *_tables(own)]
    if also:
        lines += ["", where or f"And {also}: see [above](#what-every-command-takes)."]
    if examples:
        lines += ["", "```sh", *examples, "```"]
    return lines


def page() -> str:
    """Return the reference."""
    found = dict(commands())
    models = [("train", entry.name) for entry in MODELS]
    everywhere = _told_once([options(command) for words, command in found.items() if words not in models], _EVERYWHERE)
    trained = _of_all([options(found[words]) for words in models])
    lines = [_HEAD, "## What every command takes", ""]
    lines += ["Not every command has all of these; its own section names those it has.", *_tables(everywhere.values())]
    for words, command in found.items():
        if words in models:
            lines += _section(words, command, trained, "And [what every model takes](#handgen-train).")
            continue
        lines += _section(words, command, everywhere)
        if words == ("train",):
            lines += ["", "Every model takes these; where its own section names one of them again, that counts."]
            lines += _tables(trained.values())
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    trainer_pages.main()
    print(PAGE)
