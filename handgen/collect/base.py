"""The base class of readers of handwriting, what they yield, and how they report what they skip."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from handgen.characters import Changes
from handgen.errors import DatasetError
from handgen.fonts.charsets import is_written
from handgen.glyphs.records import Origin

UNKNOWN = "\ufffd"
"""Stands for an unknown character in lists of skipped samples."""

DAMAGED, NO_LABEL, SEVERAL = "damaged", "unknown label", "several characters"
"""Reasons why readers skip samples."""

_REMEMBERED = 10_000
"""How many skips are listed one by one; all further ones are only counted."""


@dataclass(frozen=True)
class Writing:
    """One handwritten character, as a reader yields it.

    Attributes:
        style: the writer's name; writings with the same name become one style.
        char: the label; the builder converts it to NFC, and skips the sample if that is not one character.
        image: uint8 gray ``[H, W]`` of any size, dark on light or light on dark; the lighting may be uneven.
        where: file and position in it, for messages.
        paper: gray of the paper, 0 or 255, if the file format states it; None = to be found out.
    """

    style: str
    char: str
    image: NDArray[np.uint8]
    where: str
    paper: int | None = None


@dataclass(frozen=True)
class Skip:
    """A skipped sample: reason, file and position, writer, character and cause; unknown fields are empty."""

    reason: str
    where: str
    style: str = ""
    char: str = ""
    cause: str = ""

    def __str__(self) -> str:
        more = " ".join(f"({each})" for each in (self.char, self.cause) if each)
        return f"{self.where}: {self.reason} {more}".rstrip()


class Intake:
    """Keeps count of what an import wants, has taken and has skipped. Readers can ask before they decode an image.

    Args:
        charset: take only these characters; all when empty.
        per_char: at most this many samples of one character by one writer; None = all.
        writers: take only the first so many writers; None = all.
        watch: called with the progress of the reader, in units of ``Reader.total``.
        strict: stop at the first sample that cannot be taken.
    """

    def __init__(
        self,
        charset: str = "",
        per_char: int | None = None,
        writers: int | None = None,
        watch: Callable[[int], None] = lambda done: None,
        *,
        strict: bool = False,
    ) -> None:
        self._charset = frozenset(charset)
        self.filters = bool(charset)
        self._per_char, self._writers = per_char, writers
        self._strict = strict
        self.at = watch
        self.taken: Counter[tuple[str, str]] = Counter()
        self.styles: dict[str, None] = {}
        self.skipped: Counter[tuple[str, str, str]] = Counter()
        self.skips: list[Skip] = []
        self.changes = Changes()

    def wants(self, style: str, char: str = "") -> bool:
        """Return whether more samples by this writer are wanted; with ``char``, of this character."""
        if self._writers is not None and style not in self.styles and len(self.styles) >= self._writers:
            return False
        if not char:
            return True
        wanted = not self._charset or char in self._charset
        return wanted and (self._per_char is None or self.taken[style, char] < self._per_char)

    def take(self, style: str, char: str) -> int:
        """Count a taken sample; return its number among those of this character by this writer, from 0."""
        self.styles[style] = None
        self.taken[style, char] += 1
        return self.taken[style, char] - 1

    def skip(self, reason: str, where: str, style: str = "", char: str = "", cause: str = "") -> None:
        """Count a sample that cannot be taken.

        Raises:
            DatasetError: the intake is strict.
        """
        skip = Skip(reason, where, style, char, cause)
        if self._strict:
            raise DatasetError(str(skip), "Repair it, or leave bad samples out with --skip-bad.")
        self.skipped[reason, style, char] += 1
        if len(self.skips) < _REMEMBERED:
            self.skips.append(skip)

    def char(self, label: str, where: str, style: str = "") -> str:
        """Return the label in NFC if it is one character that can be written; else count a skip and return ""."""
        char = self.changes.nfc(label)
        if len(char) > 1:
            self.skip(SEVERAL, where, style)
            return ""
        if not is_written(char):
            self.skip(NO_LABEL, where, style)
            return ""
        return char


class Reader(ABC):
    """Streams the handwriting in one kind of file.

    Attributes:
        kind: the name of its command.
        total: how much there is to read, in the units in which it calls ``Intake.at``; None = unknown.
        chars: all characters that can occur, if that is known before reading; else empty.
        ignored: why other files in the folder are not read -> how many files.
    """

    kind: ClassVar[str]
    total: int | None = None
    chars: str = ""
    ignored: Mapping[str, int] = MappingProxyType({})

    @abstractmethod
    def writings(self, intake: Intake) -> Iterator[Writing]:
        """Yield the writings in a fixed order; report damaged ones to ``intake.skip``."""

    @abstractmethod
    def plan(self) -> dict[str, Any]:
        """Return what will be read, as name -> value, for the table of ``--dry-run``."""

    def origin(self, style: str) -> Origin:
        """Return the origin of a writer's glyphs, for the manifest."""
        return Origin(kind=self.kind)

    def pictures(self, folder: Path) -> list[Path]:
        """Save further pictures for the user into the store's folder; return their paths."""
        return []
