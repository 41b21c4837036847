"""Frozen dataclasses to and from JSON. Types are checked, and errors name the field."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

R = TypeVar("R", bound="Record")

ALSO = "also"
"""Key of a field's metadata: its name in older files."""

_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


class FieldError(ValueError):
    """A field is missing or has a wrong type; the message names the field."""


class Record:
    """Base of frozen dataclasses that are stored as JSON objects.

    The type of a field is ``str``, ``int``, ``float``, ``bool``, a mapping, ``tuple[X, ...]``, another record, or one
    of these or None. Fields without a default are required. Unknown keys are ignored.
    """

    @classmethod
    def from_json(cls: type[R], data: object, where: str = "") -> R:
        """Return the record of a JSON object.

        Args:
            data: the parsed JSON.
            where: the path of the object in its file, for errors, such as ``styles[2]``.

        Raises:
            FieldError: a field is missing or has a wrong type.
        """
        if not isinstance(data, Mapping):
            raise FieldError(f"{where or 'it'} is no object")
        values: dict[str, Any] = {}
        types_of = _hints(cls)  # type: ignore[arg-type]
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]
            path = f"{where}.{field.name}" if where else field.name
            key = field.name if field.name in data else field.metadata.get(ALSO, field.name)
            if key in data:
                values[field.name] = _checked(types_of[field.name], data[key], path)
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                raise FieldError(f"{path} is missing")
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object. Fields with their default value are left out, except dataclasses."""
        found = {}
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            default = field.default
            if field.default_factory is not dataclasses.MISSING:
                default = field.default_factory()
            if default is dataclasses.MISSING or dataclasses.is_dataclass(value) or value != default:
                found[field.name] = _plain(value)
        return found


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _checked(kind: Any, value: Any, path: str) -> Any:
    """Return a JSON value converted to the type ``kind``; ``path`` names it in errors."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        some = [each for each in arguments if each is not type(None)]
        return None if value is None else _checked(some[0], value, path)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise FieldError(f"{path} is no list")
        return tuple(_checked(arguments[0], each, f"{path}[{number}]") for number, each in enumerate(value))
    if origin is not None:  # Mapping[str, X]
        if not isinstance(value, Mapping):
            raise FieldError(f"{path} is no object")
        inner = arguments[1] if len(arguments) > 1 else Any
        return {str(key): _checked(inner, each, f"{path}.{key}") for key, each in value.items()}
    if isinstance(kind, type) and issubclass(kind, Record):
        return kind.from_json(value, path)
    if dataclasses.is_dataclass(kind):
        return _of_numbers(kind, value, path)
    if kind in _NAMES:
        fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
        if not fits or (isinstance(value, bool) and kind is not bool):
            raise FieldError(f"{path} is {_short(value)}, not {_NAMES[kind]}")
    return value


def _of_numbers(kind: Any, value: Any, path: str) -> Any:
    """Return a dataclass that is not a ``Record``, from a JSON object; unknown keys are an error."""
    if not isinstance(value, Mapping):
        raise FieldError(f"{path} is no object")
    hints = _hints(kind)
    if unknown := sorted(set(value) - set(hints)):
        raise FieldError(f"{path}.{unknown[0]} is unknown")
    made = {name: _checked(hints[name], each, f"{path}.{name}") for name, each in value.items()}
    try:
        return kind(**made)
    except TypeError:
        lacking = [field.name for field in dataclasses.fields(kind) if field.name not in made]
        raise FieldError(f"{path}.{lacking[0]} is missing") from None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
