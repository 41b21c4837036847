"""Registries of the parts that anyone can add: models, sources, formats, effects, metrics.

A registry maps a name to ``"package.module:Object"``, so listing the names imports nothing heavy. A
new part is one file, and one line in the package of its registry. Another package adds a part by an
entry point in the group of the registry:

[project.entry-points."handgen.effects"]
glitter = "my_package.glitter:Glitter"
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import importlib
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from handgen.errors import HandgenError, HandgenWarning, UsageError

_EVERYDAY = {
    "zh": ("chinese", "mandarin", "hanzi", "cjk", "cn", "han"),
    "en": ("english", "latin", "roman"),
    "ja": ("japanese", "jp"),
    "gb2312-1": ("chinese", "mandarin", "hanzi", "simplified", "cjk", "cn", "han", "zh"),
    "big5-1": ("traditional", "zh-tw"),
    "jis-1": ("japanese", "kanji", "jp", "ja"),
    "latin62": ("english", "roman", "letters", "alphanumeric", "en"),
    "digits": ("numbers", "numerals", "numeric"),
    "images": ("epochs", "epoch", "iterations", "iters", "steps"),
    "batch": ("batch-size", "bs"),
    "lr": ("learning-rate",),
    "count": ("samples", "num-samples", "number", "num", "n"),
    "out": ("output", "output-dir", "dest", "save-to"),
    "model": ("checkpoint", "weights", "ckpt"),
    "from": ("resume", "pretrained", "init"),
    "styles": ("style", "num-styles"),
    "charset": ("chars", "characters", "alphabet", "vocab"),
    "corpus": ("texts", "dictionary", "words"),
    "format": ("to", "type"),
    "device": ("gpu", "gpus", "cuda"),
    "workers": ("threads", "jobs", "num-workers"),
    "degrade": ("augment", "augmentation", "noise"),
}
"""Name in handgen -> names of the same thing in other programs."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a remedy for an unknown name: ``Did you mean 'x'?``, or the list of all known names.

    x is the known name with the same meaning, such as ``zh`` for ``chinese`` or ``--images`` for ``--epochs``, or else
    the one with the most similar spelling.
    """
    options = list(known)
    meant = [each for each in options if is_everyday(name, each)]
    bare = {each.strip("-"): each for each in options}
    close = meant or [bare[each] for each in difflib.get_close_matches(name.strip("-"), bare, n=1)]
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known: {', '.join(options)}." if options else "None is known."


def is_everyday(word: str, name: str) -> bool:
    """Return whether other programs use ``word`` for what handgen calls ``name``."""
    return word.strip("-").casefold().replace("_", "-") in _EVERYDAY.get(name.strip("-"), ())


@contextlib.contextmanager
def _errors_as_warnings() -> Iterator[None]:
    try:
        yield
    except HandgenError as error:
        warnings.warn(HandgenWarning(f"left out: {error}"), stacklevel=3)


@dataclass(frozen=True)
class Entry:
    """One registered part.

    Attributes:
        name: its name.
        target: where it is, ``"package.module:Object"``.
        summary: one line for a listing.
        package: the installed package that it belongs to; empty for handgen's own.
    """

    name: str
    target: str
    summary: str
    package: str = ""


class Registry:
    """A lazy mapping from names to objects of one kind.

    Args:
        kind: what an entry is, for messages, such as "model".
        group: the group of entry points by which other packages add entries, such as "handgen.models". They are looked
            up when the registry is first read.
    """

    def __init__(self, kind: str, group: str = "") -> None:
        self.kind = kind
        self.group = group
        self._own: dict[str, Entry] = {}
        self._plugins: dict[str, Entry] | None = None
        self._loaded: dict[str, Any] | None = None

    def register(self, name: str, target: str, summary: str = "") -> None:
        """Add ``name``; ``target`` is ``"package.module:Object"``.

        Raises:
            ValueError: the name is taken, or the target does not have that form.
        """
        if name in self._own:
            raise ValueError(f"{self.kind} '{name}' is registered twice")
        if target.count(":") != 1:
            raise ValueError(f"target of {self.kind} '{name}' must read 'module:Object': {target}")
        self._own[name], self._loaded = Entry(name, target, summary), None

    def unregister(self, name: str) -> None:
        """Remove ``name``; for tests."""
        del self._own[self.entry(name).name]
        self._loaded = None

    def entry(self, name: str) -> Entry:
        """Return the entry of ``name``.

        Raises:
            UsageError: there is no such name; the message suggests the nearest one.
        """
        entries = self._entries()
        if name not in entries:
            raise UsageError(f"unknown {self.kind} '{name}'", nearest(name, entries))
        return entries[name]

    def load(self, name: str) -> Any:
        """Import and return the object called ``name``.

        Raises:
            UsageError: there is no such name.
            HandgenError: it is from another package and cannot be imported.
        """
        entry = self.entry(name)
        module, attributes = entry.target.split(":")
        try:
            return functools.reduce(getattr, attributes.split("."), importlib.import_module(module))
        except Exception as error:
            if not entry.package:
                raise
            raise HandgenError(
                f"the {self.kind} '{name}' of the package {entry.package} cannot be imported "
                f"({type(error).__name__}: {error})",
                f"Repair that package, or run: pip uninstall {entry.package}",
            ) from error

    def loaded(self) -> dict[str, Any]:
        """Import all entries; return name -> object. Those of other packages that fail are left out with a warning."""
        if self._loaded is None:
            self._loaded = {}
            for entry in self:
                with _errors_as_warnings():
                    self._loaded[entry.name] = self.load(entry.name)
        return dict(self._loaded)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries().values())

    def __contains__(self, name: object) -> bool:
        return name in self._entries()

    def __len__(self) -> int:
        return len(self._entries())

    def _entries(self) -> dict[str, Entry]:
        if self._plugins is None:
            self._plugins = self._installed() if self.group else {}
        return self._own | self._plugins

    def _installed(self) -> dict[str, Entry]:
        """Return the entries of installed packages; one whose name is taken is left out with a warning."""
        from importlib.metadata import entry_points

        found: dict[str, Entry] = {}
        for point in entry_points(group=self.group):
            package = point.dist.name if point.dist else "?"
            if point.name in self._own or point.name in found:
                taken = f"the {self.kind} '{point.name}' of the package {package} is left out: the name is taken"
                warnings.warn(HandgenWarning(taken), stacklevel=2)
                continue
            target = f"{point.module}:{point.attr}"
            found[point.name] = Entry(point.name, target, f"of the package {package}", package)
        return found
