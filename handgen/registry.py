"""Names for the parts a person may add: models, writers, metrics.

A registry maps a name to ``"package.module:Object"``, so that listing what exists imports
nothing heavy. A part is one file and one line here or in the package that owns it.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from handgen.errors import UsageError


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?`` for the closest known name, or the list of all of them."""
    options = list(known)
    close = difflib.get_close_matches(name, options, n=1, cutoff=0.5)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known: {', '.join(options)}." if options else "None is known."


@dataclass(frozen=True)
class Entry:
    """One registered part: its name, where it lives, and one line for a listing."""

    name: str
    target: str
    summary: str


class Registry:
    """An explicit, lazy mapping from names to objects of one kind.

    Args:
        kind: what the entries are, in the singular, as messages should say it ("model").
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}

    def register(self, name: str, target: str, summary: str = "") -> None:
        """Add ``name``; ``target`` is ``"package.module:Object"``.

        Raises:
            ValueError: the name is taken or the target is not of that form.
        """
        if name in self._entries:
            raise ValueError(f"{self.kind} '{name}' is registered twice")
        if target.count(":") != 1:
            raise ValueError(f"target of {self.kind} '{name}' must read 'module:Object': {target}")
        self._entries[name] = Entry(name, target, summary)

    def unregister(self, name: str) -> None:
        """Remove ``name`` again; for tests and plug-ins that come and go."""
        del self._entries[self.entry(name).name]

    def entry(self, name: str) -> Entry:
        """Return the entry of ``name``.

        Raises:
            UsageError: no such name; the message suggests the nearest one.
        """
        if name not in self._entries:
            raise UsageError(f"unknown {self.kind} '{name}'", nearest(name, self._entries))
        return self._entries[name]

    def load(self, name: str) -> Any:
        """Import and return the object called ``name``."""
        module, attribute = self.entry(name).target.split(":")
        return getattr(importlib.import_module(module), attribute)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)
