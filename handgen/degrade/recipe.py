"""A pipeline in a YAML file: effect -> its settings and its probability.

rotation: {probability: 0.5, degrees: 4}
ruled:    {probability: 0.3}
jpeg:     {quality: 30}
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from handgen.degrade.step import Step, make_step
from handgen.errors import UsageError

_FORM = "Write 'effect: {probability: 0.5, setting: value}' on each line."


def read_recipe(path: Path) -> list[Step]:
    """Return the steps that a file describes.

    Raises:
        UsageError: the file is missing, is not UTF-8 or YAML, or names an effect, a setting or a
            value that does not exist; names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "Give a preset or a YAML file.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 at byte {error.start}", "Save it as UTF-8.") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            return []
        return [_step(path, key, value) for key, value in _entries(path, root)]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise UsageError(f"{path}{line} is not YAML: {problem}", _FORM) from error


def _step(path: Path, key: Any, value: Any) -> Step:
    facts: dict[str, Any] = {}
    line = key.start_mark.line + 1
    if not (isinstance(value, yaml.ScalarNode) and value.tag.endswith(":null")):
        for name, setting in _entries(path, value):
            line = name.start_mark.line + 1
            facts[name.value] = yaml.SafeLoader("").construct_object(setting, deep=True)
            _checked(path, line, key.value, facts)
    return _checked(path, line, key.value, facts)


def _checked(path: Path, line: int, name: str, facts: dict[str, Any]) -> Step:
    try:
        return make_step(name, facts)
    except UsageError as error:
        raise UsageError(f"{path}, line {line}: {error.message}", error.remedy) from error


def _entries(path: Path, node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the keys and values of a mapping, each key once."""
    if not isinstance(node, yaml.MappingNode):
        raise UsageError(f"{path}, line {node.start_mark.line + 1}: names with values are needed here", _FORM)
    seen = set()
    for key, value in node.value:
        where = f"{path}, line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise UsageError(f"{where}: a name is needed here", _FORM)
        if key.value in seen:
            raise UsageError(f"{where}: '{key.value}' is there twice", "Name it once.")
        seen.add(key.value)
        yield key, value
