"""Commands whose help is short: no column that says that a flag is one, and of many options those that people use."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from handgen.cli.common import RUNNING, say

_ALL = "handgen.help-all"
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+")
_SCALED = re.compile(r"(\d+(?:\.\d+)?)(?:e(\d)|([kKmM]))")
_THOUSANDS = {"k": 3, "m": 6}


class Command(TyperCommand):
    """A command; one whose function has ``often``, a set of parameters, shows the others with ``--help-all`` alone."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        for param in self.params:
            _without_type(param)

    def get_help_option(self, ctx: Any) -> Any:
        """Return ``--help``."""
        return _without_type(super().get_help_option(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line; 100,000, 1e5 and 100k are whole numbers, too."""
        whole = {flag for param in self.params if _is_whole(param) for flag in param.opts}
        read: list[str] = []
        for arg in args:
            flag, equals, value = arg.rpartition("=")
            if (flag if equals else "".join(read[-1:])) in whole:
                value = _plain_number(value)
            read.append(flag + equals + value)
        return super().parse_args(ctx, read)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        often = getattr(self.callback, "often", None)
        rare = [each for each in self.params if often is not None and each.name not in often]
        rare = [] if ctx.meta.get(_ALL) else [each for each in rare if not getattr(each, "hidden", True)]
        for each in rare:
            each.hidden = True  # type: ignore[attr-defined]
        try:
            super().format_help(ctx, formatter)
        finally:
            for each in rare:
                each.hidden = False  # type: ignore[attr-defined]
        if rare:
            say(f" and {len(rare)} more options: {ctx.command_path} --help-all\n")


class Group(TyperGroup):
    """A group of such commands."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return ``--help``."""
        return _without_type(super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        for param in self.params:
            _without_type(param)
        super().format_help(ctx, formatter)


def _without_type(param: Any) -> Any:
    """Let nothing stand for the value of a flag, which has none."""
    if getattr(param, "is_flag", False) and param.metavar is None:
        param.metavar = ""
    return param


def _plain_number(text: str) -> str:
    """Return a whole number without commas, powers or letters, such as 100000 for 1e5; other texts as they are."""
    if _GROUPED.fullmatch(text):
        return text.replace(",", "")
    if scaled := _SCALED.fullmatch(text):
        number, power, letter = scaled.groups()
        value = Decimal(number).scaleb(int(power) if power else _THOUSANDS[letter.lower()])
        if value == value.to_integral_value():
            return str(int(value))
    return text


def _is_whole(param: Any) -> bool:
    """Tell whether an option takes a whole number, by what typer keeps of its type, or did before it had its own."""
    kind = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    return kind is int or getattr(getattr(param, "type", None), "name", "").startswith("integer")


def _show_all(ctx: typer.Context, value: bool) -> None:
    if value:
        ctx.meta[_ALL] = True
        typer.echo(ctx.get_help())
        raise typer.Exit


HelpAll = Annotated[
    bool,
    typer.Option(
        "--help-all", callback=_show_all, is_eager=True, help="Show all options and exit.", rich_help_panel=RUNNING
    ),
]
