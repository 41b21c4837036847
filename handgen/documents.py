"""Reads YAML files that people write; errors name the line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from handgen.errors import UsageError


@dataclass(frozen=True)
class Document:
    """A parsed YAML file.

    Attributes:
        path: the file.
        root: the root of its nodes; None for an empty file.
        form: the remedy of errors: how to write such a file.
    """

    path: Path
    root: yaml.Node | None
    form: str

    @classmethod
    def read(cls, path: Path, form: str, remedy: str) -> Document:
        """Read a file.

        Args:
            path: the file.
            form: as the attribute.
            remedy: the remedy of the error if there is no such file.

        Raises:
            UsageError: the file is missing, not UTF-8 or not YAML.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}", remedy) from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{path} is not UTF-8 at byte {error.start}", "Save it as UTF-8.") from error
        try:
            return cls(path, yaml.compose(text, Loader=yaml.SafeLoader), form)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f", line {mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", None) or "it cannot be read"
            raise UsageError(f"{path}{line} is not YAML: {problem}", form) from error

    def at(self, node: yaml.Node) -> str:
        """Return file and line of a node."""
        return f"{self.path}, line {node.start_mark.line + 1}"

    def entries(self, node: yaml.Node) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """Yield the keys and values of a mapping.

        Raises:
            UsageError: it is not a mapping, or a key occurs twice.
        """
        if not isinstance(node, yaml.MappingNode):
            raise UsageError(f"{self.at(node)}: names with values are needed here", self.form)
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UsageError(f"{self.at(key)}: a name is needed here", self.form)
            if key.value in seen:
                raise UsageError(f"{self.at(key)}: '{key.value}' is there twice", "Name it once.")
            seen.add(key.value)
            yield key, value

    def value(self, node: yaml.Node) -> Any:
        """Return the value of a node: a number, text, list or dictionary.

        Raises:
            UsageError: it is anything else.
        """
        try:
            return yaml.SafeLoader("").construct_object(node, deep=True)
        except yaml.YAMLError as error:
            problem = getattr(error, "problem", None) or "it cannot be read"
            raise UsageError(f"{self.at(node)} is not YAML: {problem}", self.form) from error


def is_null(node: yaml.Node) -> bool:
    """Return whether a node is null."""
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")
