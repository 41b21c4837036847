"""Settings: frozen dataclasses whose fields carry their help, range and choices.

The command line is generated from them and they check themselves, so a setting is said once.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from handgen.errors import UsageError
from handgen.registry import Registry, nearest

PATHS, RUNNING = "Where things are", "How it runs"
"""Headings of what nearly every command has."""
REQUIRED = dataclasses.MISSING
"""The default of a field that has none."""


def setting(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] | Registry = (),
    panel: str = "",
    flags: tuple[str, ...] = (),
    metavar: str | None = None,
    shown: str = "",
    often: bool = False,
) -> Any:
    """Return a dataclass field with a default, a help line, and what values it may take.

    Args:
        default: the value of who gives none; ``REQUIRED`` if one must be given.
        help: what it does, with its unit.
        minimum: the least value.
        maximum: the greatest.
        choices: the only values, or a registry of their names.
        panel: the heading that the help lists it under.
        flags: what the command line calls it, instead of ``option_name``.
        metavar: what the help calls a value.
        shown: what the help says of the default, instead of its value.
        often: whether people use it: the help of a command with many options shows these alone.
    """
    facts = {"help": help, "minimum": minimum, "maximum": maximum, "choices": choices, "panel": panel}
    facts |= {"flags": flags, "metavar": metavar, "shown": shown, "often": often}
    return dataclasses.field(default=default, metadata=facts)


def option_name(field: str) -> str:
    """Return the flag of a field: ``lambda_l1`` -> ``--lambda-l1``."""
    return "--" + field.strip("_").replace("_", "-")


def choices_of(field: dataclasses.Field[Any]) -> tuple[Any, ...]:
    """Return the only values that a field may have; none if it may have others."""
    choices = field.metadata.get("choices", ())
    return tuple(entry.name for entry in choices) if isinstance(choices, Registry) else tuple(choices)


class Settings:
    """Base of settings classes: checks every field against its facts when made.

    Raises:
        UsageError: a value is out of range or not among the choices; names flag and remedy.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value, facts = getattr(self, field.name), field.metadata
            flag = (facts.get("flags") or (option_name(field.name),))[0]
            choices = choices_of(field)
            if choices and value not in choices:
                raise UsageError(f"{flag} {value} is unknown", nearest(str(value), map(str, choices)))
            low, high = facts.get("minimum"), facts.get("maximum")
            if value is None or isinstance(value, bool):
                continue
            if low is not None and not value >= low:
                raise UsageError(f"{flag} {value} is too small", f"The least is {low:g}.")
            if high is not None and not value <= high:
                raise UsageError(f"{flag} {value} is too large", f"The most is {high:g}.")
