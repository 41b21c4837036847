"""Settings: frozen dataclasses whose fields have a help text, a range and choices.

Options of the command line are generated from them, and they check their own values, so each setting is defined once.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from handgen.errors import UsageError
from handgen.registry import Registry, nearest

PATHS, RUNNING = "Where things are", "How it runs"
"""Headings of options that nearly every command has."""
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
    """Return a dataclass field for a setting.

    Args:
        default: the default; ``REQUIRED`` if there is none.
        help: what it does, with its unit.
        minimum: the least value.
        maximum: the greatest value.
        choices: the allowed values, or a registry of their names.
        panel: the heading above it in the help.
        flags: its options on the command line, instead of ``option_name``.
        metavar: what the help calls a value.
        shown: what the help shows as the default, instead of its value.
        often: whether it is often used. The short help of a command with many options shows only these.
    """
    facts = {"help": help, "minimum": minimum, "maximum": maximum, "choices": choices, "panel": panel}
    facts |= {"flags": flags, "metavar": metavar, "shown": shown, "often": often}
    return dataclasses.field(default=default, metadata=facts)


def option_name(field: str) -> str:
    """Return the flag of a field: ``lambda_l1`` -> ``--lambda-l1``."""
    return "--" + field.strip("_").replace("_", "-")


def choices_of(field: dataclasses.Field[Any]) -> tuple[Any, ...]:
    """Return the allowed values of a field; empty if any value is allowed."""
    choices = field.metadata.get("choices", ())
    return tuple(entry.name for entry in choices) if isinstance(choices, Registry) else tuple(choices)


class Settings:
    """Base of settings classes. The constructor checks the range and choices of each field.

    Raises:
        UsageError: a value is out of range, or not one of the choices.
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
