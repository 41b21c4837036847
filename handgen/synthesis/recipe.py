"""A request as a YAML file: which sources, in which shares, and all else that decides the samples.

sources:
  - {source: zh, share: 2, styles: 15}
  - {source: pen, share: 3, cursiveness: "0,0.5"}
count: 100000
degrade: scan
lines: {corpus: novel.txt, height: 48}

Where the dataset goes, and on which device it is drawn, is no part of it. Paths are as on the command line.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from pathlib import Path
from typing import Any

import yaml

from handgen.documents import Document, is_null
from handgen.errors import UsageError
from handgen.files import PACKAGE, write_text
from handgen.pages.settings import PageRequest
from handgen.registry import nearest
from handgen.settings import Settings
from handgen.sources.opening import source_class
from handgen.sources.spec import OWN, SourceSpec
from handgen.synthesis.request import LineRequest, Request

ROOT = PACKAGE / "recipes"
_PARTS = {"lines": LineRequest, "pages": PageRequest}
"""Settings that are settings themselves."""
_FORM = "Write 'name: value' on each line, and a list of sources under 'sources:'."
_NOT_HERE = frozenset({"out", "device", "sources", *_PARTS})


def shipped() -> dict[str, Path]:
    """Return the recipes that come with handgen, by name."""
    return {path.stem: path for path in sorted(ROOT.glob("*.yaml"))}


def find_recipe(name: Path) -> Path:
    """Return the file that ``--recipe`` means: a path, or the name of a recipe that comes with handgen.

    Raises:
        UsageError: there is none.
    """
    if name.is_file() or name.suffix or len(name.parts) > 1:
        return name
    if str(name) not in shipped():
        raise UsageError(f"no recipe called '{name}'", f"{nearest(str(name), shipped())} Or give a YAML file.")
    return shipped()[str(name)]


def read_recipe(path: Path) -> Request:
    """Return the request that a file describes.

    Raises:
        UsageError: it is missing, is not UTF-8 or YAML, or names a setting or value that does not exist; names file
            and line.
    """
    document = Document.read(path, _FORM, "Give a YAML file, or the name of a recipe.")
    if document.root is None:
        raise UsageError(f"{path} is empty", _FORM)
    given: dict[str, Any] = {}
    for key, value in document.entries(document.root):
        if key.value == "sources":
            given["sources"] = _sources(document, value)
        elif key.value in _PARTS:
            given[key.value] = None if is_null(value) else _settings(document, value, _PARTS[key.value])
        else:
            given[key.value] = _value(document, key, value, Request, _NOT_HERE)
            _checked(document.at(key), Request, {key.value: given[key.value]}, alone=True)
    if "sources" not in given:
        raise UsageError(f"{path} names no sources", _FORM)
    made: Request = _checked(str(path), Request, given)
    return made


def _sources(document: Document, node: yaml.Node) -> tuple[SourceSpec, ...]:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise UsageError(f"{document.at(node)}: a list of sources is needed here", _FORM)
    specs = []
    for item in node.value:
        spec: SourceSpec = _settings(document, item, SourceSpec)
        if not spec.source:
            raise UsageError(f"{document.at(item)}: the source is not named", "Add 'source: NAME'.")
        options = source_class(spec).options | OWN
        if strange := sorted(set(spec.given()) - options):
            message = f"{document.at(item)}: {strange[0]} says nothing to {spec.source}"
            raise UsageError(message, f"It takes: {', '.join(sorted(options))}.")
        specs.append(spec)
    if not any(spec.share for spec in specs):
        raise UsageError(f"{document.at(node)}: the shares of all sources sum to 0", "Give one of them a share.")
    return tuple(specs)


def _settings(document: Document, node: yaml.Node, kind: type[Settings]) -> Any:
    given: dict[str, Any] = {}
    for key, value in document.entries(node):
        given[key.value] = _value(document, key, value, kind)
        _checked(document.at(key), kind, {key.value: given[key.value]}, alone=True)
    return _checked(document.at(node), kind, given)


def _checked(where: str, kind: type[Settings], given: dict[str, Any], *, alone: bool = False) -> Any:
    """Make settings; an error says where it is; ``alone`` = of one value, as far as others have no say."""
    try:
        if alone:
            Settings.__post_init__(_Probe(kind, given))  # type: ignore[arg-type]
            return None
        return kind(**given)
    except UsageError as error:
        raise UsageError(f"{where}: {error.message.removeprefix('--')}", error.remedy) from error


class _Probe:
    """Looks like settings of a kind, with some values instead of their defaults."""

    def __init__(self, kind: type[Settings], given: dict[str, Any]) -> None:
        self.__dataclass_fields__ = kind.__dataclass_fields__  # type: ignore[attr-defined]
        for field in dataclasses.fields(kind):  # type: ignore[arg-type]
            setattr(self, field.name, given.get(field.name, field.default))


def _value(
    document: Document,
    key: yaml.ScalarNode,
    node: yaml.Node,
    kind: type[Settings],
    but: frozenset[str] = frozenset(),
) -> Any:
    """Return the value of a setting, of its type."""
    hints = typing.get_type_hints(kind)
    known = [field.name for field in dataclasses.fields(kind) if field.name not in but]  # type: ignore[arg-type]
    if key.value not in known:
        raise UsageError(f"{document.at(key)}: unknown setting '{key.value}'", nearest(key.value, known))
    hint = hints[key.value]
    wanted = next(each for each in (typing.get_args(hint) or (hint,)) if each is not types.NoneType)
    if is_null(node) and wanted is not hint:
        return None
    found = document.value(node)
    if wanted in (str, Path) and isinstance(node, yaml.ScalarNode) and not is_null(node):
        return wanted(node.value)  # a charset of digits is no number
    if wanted is str and isinstance(found, list):
        return ",".join(map(str, found))
    if wanted is float and isinstance(found, int) and not isinstance(found, bool):
        return float(found)
    if type(found) is not wanted:
        names = {int: "a whole number", float: "a number", bool: "true or false", str: "text", Path: "a path"}
        raise UsageError(f"{document.at(node)}: {key.value} is to be {names[wanted]}", _FORM)
    return found


def save_recipe(request: Request, path: Path) -> None:
    """Write what ``read_recipe`` reads back: all that is not at its default.

    Raises:
        HandgenError: the disk is full or not writable.
    """
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise UsageError(f"--save-recipe {path} is no YAML file", "Let it end in .yaml.")
    write_text(path, yaml.safe_dump(described(request), allow_unicode=True, sort_keys=False))


def described(request: Request) -> dict[str, Any]:
    """Return what a recipe's file says of a request, as plain values."""
    whole: dict[str, Any] = {"sources": [{"source": spec.source} | _given(spec) for spec in request.sources]}
    whole |= _given(request, _NOT_HERE)
    for name in _PARTS:
        if part := getattr(request, name):
            whole[name] = _given(part)
    return whole


def _given(settings: Settings, but: frozenset[str] = frozenset()) -> dict[str, Any]:
    made = {}
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        value = getattr(settings, field.name)
        if field.name not in but and value != field.default:
            made[field.name] = str(value) if isinstance(value, Path) else value
    return made
