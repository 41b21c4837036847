"""Reads a pipeline from a YAML file: effect -> its probability and settings.

rotation: {probability: 0.5, degrees: 4}
ruled:    {probability: 0.3}
jpeg:     {quality: 30}
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from handgen.degrade.step import Step, make_step
from handgen.documents import Document, is_null
from handgen.errors import UsageError

_FORM = "Write 'effect: {probability: 0.5, setting: value}' on each line."


def read_recipe(path: Path) -> list[Step]:
    """Return the steps that a file describes.

    Raises:
        UsageError: the file is missing or not valid, or names an effect or a setting that does not exist, or a value
            that it cannot have. The message names file and line.
    """
    document = Document.read(path, _FORM, "Give a preset or a YAML file.")
    if document.root is None:
        return []
    return [_step(document, key, value) for key, value in document.entries(document.root)]


def _step(document: Document, key: yaml.ScalarNode, value: yaml.Node) -> Step:
    facts: dict[str, Any] = {}
    where = document.at(key)
    if not is_null(value):
        for name, setting in document.entries(value):
            where = document.at(name)
            facts[name.value] = document.value(setting)
            _checked(where, key.value, facts)
    return _checked(where, key.value, facts)


def _checked(where: str, name: str, facts: dict[str, Any]) -> Step:
    try:
        return make_step(name, facts)
    except UsageError as error:
        raise UsageError(f"{where}: {error.message}", error.remedy) from error
