"""Commands generated from settings classes, so that a setting is written once."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

import typer
from rich.markup import escape

from handgen.cli.help import HelpAll
from handgen.settings import Settings, choices_of

SettingsT = TypeVar("SettingsT", bound=Settings)


def parameters(
    settings: type[Settings],
    panel: str,
    defaults: Mapping[str, Any] = MappingProxyType({}),
    but: Collection[str] = (),
) -> list[inspect.Parameter]:
    """Return one command-line parameter per field of ``settings``; ``defaults`` replace its own.

    Fields named in ``but`` are left out.

    Ranges and choices are shown in the help and checked by the settings class itself. A field that is
    a tuple becomes an option that may be repeated; one without help is no option.
    """
    hints = typing.get_type_hints(settings)
    made = []
    for field in _fields(settings):
        if field.name in but:
            continue
        hint, default = hints[field.name], defaults.get(field.name, field.default)
        if typing.get_origin(hint) is tuple:
            hint, default = list[typing.get_args(hint)[0]] | None, default or None  # type: ignore[misc]
        made.append(
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if default is dataclasses.MISSING else default,
                annotation=Annotated[hint, _option(field, panel, default)],
            )
        )
    return made


def _fields(settings: type[Settings]) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(settings) if "help" in field.metadata]  # type: ignore[arg-type]


def _option(field: dataclasses.Field[Any], panel: str, default: Any) -> Any:
    facts, text, choices = field.metadata, field.metadata["help"], choices_of(field)
    if choices and not facts["metavar"]:
        text += f" One of {', '.join(map(str, choices))}."
    low, high = facts["minimum"], facts["maximum"]
    if low is not None and high is not None and high < 1e6:
        text += f" From {low:g} to {high:g}."
    elif low is not None:
        text += f" At least {low:g}."
    return typer.Option(
        *facts["flags"],
        help=escape(text),
        metavar=facts["metavar"],
        show_default=facts["shown"] or default not in (dataclasses.MISSING, None, ""),
        rich_help_panel=facts["panel"] or panel,
        autocompletion=_completion(tuple(map(str, choices))) if choices else None,
    )


def _completion(choices: tuple[str, ...]) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        return [choice for choice in choices if choice.startswith(incomplete)]

    return complete


def values(settings: type[SettingsT], given: Mapping[str, Any], /, **more: Any) -> SettingsT:
    """Return the settings object of the command-line values in ``given``; others are ignored.

    Args:
        settings: the class.
        given: value of every option, by its parameter.
        more: values of fields that are no options.
    """
    hints = typing.get_type_hints(settings)
    found = dict(more)
    for field in _fields(settings):
        value = given[field.name]
        found[field.name] = tuple(value or ()) if typing.get_origin(hints[field.name]) is tuple else value
    return settings(**found)


def options(common: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function that stands for those which are no settings."""
    return [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(common, eval_str=True).parameters.values()
    ]


def often(*settings: type[Settings]) -> frozenset[str]:
    """Return the names of the fields that people use."""
    return frozenset(field.name for each in settings for field in _fields(each) if field.metadata["often"])


def with_signature(
    function: Callable[..., Any], made: list[inspect.Parameter], often: Collection[str] | None = None
) -> Callable[..., Any]:
    """Give ``function(**given)`` the parameters that typer is to ask for.

    Args:
        function: of a command.
        made: the parameters.
        often: names of those that the help shows, if it is not to show all.
    """
    if often is not None:
        function.often = often  # type: ignore[attr-defined]
        made = [*made, inspect.Parameter("help_all", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=HelpAll)]
    function.__signature__ = inspect.Signature(made)  # type: ignore[attr-defined]
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in made}
    return function
