"""The command line: one file per command, which parses, calls and prints."""

from handgen.cli.main import run

__all__ = ["run"]
