"""The application, and where errors become messages and exit codes."""

from __future__ import annotations

import contextlib
import errno
import functools
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from handgen.cli import common
from handgen.cli.help import Command, Group
from handgen.errors import HandgenError, UsageError
from handgen.files import from_os_error
from handgen.registry import nearest
from handgen.version import __version__

_FILES = {
    "render": "render",
    "sheet": "sheet",
    "import": "importing",
    "train": "train",
    "synth": "synth",
    "preview": "preview",
    "gallery": "gallery",
    "check": "check",
    "eval": "eval:evaluate",
    "transfer": "transfer",
    "report": "report",
    "convert": "convert",
    "models": "models",
    "fonts": "fonts",
}
"""Of each command, in the order of use: its file, and what it is called there if not like the file."""


class _Commands(Group):
    """All commands. The file of one is imported when it is asked for: that of all takes longer than a small command."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; Ctrl-C is left to ``run``, where typer would end without a word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            raise typer.Abort from stop

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_FILES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in _FILES and cmd_name not in self.commands:
            self.commands[cmd_name] = _built(cmd_name)
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command of some words; one that is not there is answered with the nearest of all."""
        if args and args[0] not in _FILES:
            for name in _FILES:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)


def _built(name: str) -> Any:
    """Import a command and build its options."""
    file, _, attribute = _FILES[name].partition(":")
    part = getattr(importlib.import_module(f"handgen.cli.{file}"), attribute or file)
    if isinstance(part, typer.Typer):
        return typer.main.get_group(part)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
    alone.command(name, cls=Command)(part)
    return typer.main.get_command(alone)


app = typer.Typer(
    name="handgen",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Labeled handwriting for training OCR, drawn with fonts, by a pen along their strokes, and by GANs.",
    epilog=(
        "[bold]In order:[/bold]\n\n"
        "handgen render --font Heiti.ttf\n\n"
        "handgen train zi2zi\n\n"
        "handgen synth --styles 15 --count 100000\n\n"
        "handgen check datasets/zi2zi"
    ),
)


def _version(value: bool) -> None:
    if value:
        print(f"handgen {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Nothing happens before a command."""


@functools.cache
def _command() -> Any:
    """Build the group of commands once; it keeps those that were asked for, whose options take a while to build."""
    return typer.main.get_command(app)


def run(args: Sequence[str] | None = None) -> int:
    """Run ``handgen ARGS`` and return its exit code: 0 done, 1 failed, 2 wrong usage.

    Every error is one line on stderr; ``--debug`` (on any command) shows the traceback instead.
    """
    common.debugging.clear()
    _open_what_is_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # charsets do not fit into the code pages of Windows
    try:
        with common.warnings_as_lines():
            code = _command()(list(args) if args is not None else None, prog_name="handgen", standalone_mode=False)
        sys.stdout.flush()  # a full disk behind it is found out here
        return code if isinstance(code, int) else 0
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:
        return _stopped()
    except BrokenPipeError:
        _print_nowhere()
        return 1
    except KeyboardInterrupt:
        return _stopped()
    except Exception as error:
        if common.debugging:
            raise
        return _report(error)


def _open_what_is_closed() -> None:
    """Let outputs that the shell has closed (``>&-``) go nowhere; a file that is written might take their number."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end


def _print_nowhere() -> None:
    """Let what is still to be printed go nowhere, or Python would complain of it at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stopped() -> int:
    common.stderr.print("[yellow]stopped[/yellow]; the same command again does the rest")
    return 130


_PLAINER = {
    "Input should be a valid integer, unable to parse string as an integer": "it is no whole number",
    "Input should be a valid number, unable to parse string as a number": "it is no number",
}
"""What typer says of wrong values, in plain words."""


def _explained(error: Any) -> UsageError:
    """Return what typer found wrong with the command line, with what was meant if that can be told."""
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "handgen")
    message, remedy = error.format_message(), f"See '{command} --help'."
    for said, plain in _PLAINER.items():
        message = message.replace(said, plain)
    said, meant, names = message.partition(" Did you mean")
    if meant:
        message, remedy = said.rstrip("."), f"{meant.strip()}{names} {remedy}"
    if (name := getattr(error, "option_name", None)) and context is not None:
        known = [flag for param in context.command.params for flag in param.opts if flag.startswith("--")]
        if (meant := nearest(name, known)).startswith("Did"):
            message, remedy = f"No such option: {name}", f"{meant} {remedy}"
    return UsageError(message, remedy)


def _report(error: Exception) -> int:
    """Print one line for ``error`` and return the exit code."""
    if hasattr(error, "format_message"):  # what typer found wrong with the command line
        if not error.format_message():  # a bare group: its help was shown
            return 2
        error = _explained(error)
    if isinstance(error, OSError) and error.filename:
        error = from_os_error(error, error.filename)
    elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
        _print_nowhere()
        error = HandgenError(
            f"what is printed cannot be written ({error.strerror})",
            "Make room where the output goes, or print it elsewhere.",
        )
    known = isinstance(error, HandgenError)
    text = str(error) if known else f"internal error: {type(error).__name__}: {error}. Add --debug to see where."
    common.report_error(text)
    return error.exit_code if isinstance(error, HandgenError) else 1
