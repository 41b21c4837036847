"""Commands generated from settings classes, so that a setting is written once."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Annotated, Any

import typer

from handgen.settings import Settings, option_name

_NAMES = {"format": ("--format",), "out": ("--out", "-o")}
"""Names of options that do not follow from the field."""


def parameters(
    settings: type[Settings],
    panel: str,
    defaults: Mapping[str, Any] = MappingProxyType({}),
    but: Collection[str] = (),
) -> list[inspect.Parameter]:
    """Return one command-line parameter per field of ``settings``; ``defaults`` take the place of its own.

    Fields named in ``but`` are left out.

    Ranges and choices are shown in the help and checked by the settings class itself.
    """
    hints = typing.get_type_hints(settings)
    made = []
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        facts = field.metadata
        if field.name in but:
            continue
        text = facts["help"]
        if facts["choices"] and not facts["metavar"]:
            text += f" One of {', '.join(facts['choices'])}."
        low, high = facts["minimum"], facts["maximum"]
        if low is not None and high is not None and high < 1e6:
            text += f" From {low:g} to {high:g}."
        elif low is not None:
            text += f" At least {low:g}."
        flag = option_name(field.name)
        option = typer.Option(
            *_NAMES.get(field.name, (flag,) if facts["switch"] else ()),
            help=text,
            rich_help_panel=facts["panel"] or panel,
            metavar=facts["metavar"] or None,
            show_default=facts["shown"] or True,
        )
        made.append(
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=defaults.get(field.name, field.default),
                annotation=Annotated[hints[field.name], option],
            )
        )
    return made


def values(settings: type[Settings], given: dict[str, Any]) -> Settings:
    """Return the settings object of the command-line values in ``given``; others are ignored."""
    return settings(**{field.name: given[field.name] for field in dataclasses.fields(settings)})  # type: ignore[arg-type]


def with_signature(function: Callable[..., Any], made: list[inspect.Parameter]) -> Callable[..., Any]:
    """Give ``function(**given)`` the parameters that typer is to ask for."""
    function.__signature__ = inspect.Signature(made)  # type: ignore[attr-defined]
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in made}
    return function
