"""Settings: frozen dataclasses whose fields carry their help, range and choices.

The command line is generated from them and they check themselves, so a setting is said once.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from handgen.errors import UsageError
from handgen.registry import nearest


def setting(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    panel: str = "",
    metavar: str = "",
    shown: str = "",
    switch: bool = False,
) -> Any:
    """Return a dataclass field: a default, a help line, what values it may take, and how the command line shows it.

    Args:
        default: of the field.
        help: one line.
        minimum: the least value.
        maximum: the greatest value.
        choices: the only values.
        panel: of the help.
        metavar: what stands for a value in the help.
        shown: what to say in place of the default.
        switch: a yes or no that has no ``--no-`` form.
    """
    facts = {
        "help": help, "minimum": minimum, "maximum": maximum, "choices": choices, "panel": panel, "metavar": metavar,
        "shown": shown, "switch": switch,
    }  # fmt: skip
    return dataclasses.field(default=default, metadata=facts)


def option_name(field: str) -> str:
    """Return the flag of a field: ``lambda_l1`` -> ``--lambda-l1``."""
    return "--" + field.strip("_").replace("_", "-")


class Settings:
    """Base of settings classes: checks every field against its facts when made.

    Raises:
        UsageError: a value is out of range or not among the choices; names flag and remedy.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value, facts, flag = getattr(self, field.name), field.metadata, option_name(field.name)
            if facts.get("choices") and value not in facts["choices"]:
                raise UsageError(f"{flag} {value} is unknown", nearest(str(value), facts["choices"]))
            low, high = facts.get("minimum"), facts.get("maximum")
            if value is None or isinstance(value, bool):
                continue
            if low is not None and not value >= low:
                raise UsageError(f"{flag} {value} is too small", f"The least is {low:g}.")
            if high is not None and not value <= high:
                raise UsageError(f"{flag} {value} is too large", f"The most is {high:g}.")
