"""What a reader of handwriting yields, and how it says what it could not take."""

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
"""Stands for a character that is not known, in lists of what was skipped."""

DAMAGED, NO_LABEL, SEVERAL = "damaged", "unknown label", "several characters"
"""Reasons for which readers skip."""

_REMEMBERED = 10_000
"""Skips that are remembered; beyond, what is skipped is only counted."""


@dataclass(frozen=True)
class Writing:
    """One character as somebody wrote it: what a reader yields.

    Attributes:
        style: the writer's name; all that bear one name are one style.
        char: the label, one character; the builder brings it to NFC and skips what is none.
        image: uint8 ``[H, W]``, gray, of any size, dark on light or light on dark, the light may be uneven.
        where: file and row in it, to name it by.
        paper: 0 or 255 where the format states the gray of paper; None = find out.
    """

    style: str
    char: str
    image: NDArray[np.uint8]
    where: str
    paper: int | None = None


@dataclass(frozen=True)
class Skip:
    """Something that was not taken: why, where it is, whose it is, which character, which cause, as far as known."""

    reason: str
    where: str
    style: str = ""
    char: str = ""
    cause: str = ""

    def __str__(self) -> str:
        more = " ".join(f"({each})" for each in (self.char, self.cause) if each)
        return f"{self.where}: {self.reason} {more}".rstrip()


class Intake:
    """What an import wants, what it has, and what it skipped. Readers may ask before they decode.

    Args:
        charset: take these characters alone; all when empty.
        per_char: samples of one character by one writer at most; None = all.
        writers: take the first so many alone; None = all.
        watch: called with how far the reader is, in units of ``Reader.total``.
        strict: stop at the first thing that cannot be taken.
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
        """Whether more of this writer is wanted, or of this character by this writer."""
        if self._writers is not None and style not in self.styles and len(self.styles) >= self._writers:
            return False
        if not char:
            return True
        wanted = not self._charset or char in self._charset
        return wanted and (self._per_char is None or self.taken[style, char] < self._per_char)

    def take(self, style: str, char: str) -> int:
        """Note that a sample was taken; return its number among those of this writer and character, from 0."""
        self.styles[style] = None
        self.taken[style, char] += 1
        return self.taken[style, char] - 1

    def skip(self, reason: str, where: str, style: str = "", char: str = "", cause: str = "") -> None:
        """Count something that was not taken.

        Raises:
            DatasetError: nothing is to be skipped.
        """
        skip = Skip(reason, where, style, char, cause)
        if self._strict:
            raise DatasetError(str(skip), "Repair it, or leave bad samples out with --skip-bad.")
        self.skipped[reason, style, char] += 1
        if len(self.skips) < _REMEMBERED:
            self.skips.append(skip)

    def char(self, label: str, where: str, style: str = "") -> str:
        """Return the one character that a label is, in NFC; empty where it is none, which is counted."""
        char = self.changes.nfc(label)
        if len(char) > 1:
            self.skip(SEVERAL, where, style)
            return ""
        if not is_written(char):
            self.skip(NO_LABEL, where, style)
            return ""
        return char


class Reader(ABC):
    """Reads handwriting of one kind of file, as a stream.

    Attributes:
        kind: the name of its command.
        total: how much there is to read, for a progress bar, in units that it tells ``Intake.at``; None = unknown.
        chars: the characters that can come, where that is known before reading; else empty.
        ignored: why files beside are not read -> how many.
    """

    kind: ClassVar[str]
    total: int | None = None
    chars: str = ""
    ignored: Mapping[str, int] = MappingProxyType({})

    @abstractmethod
    def writings(self, intake: Intake) -> Iterator[Writing]:
        """Yield what was written, in a fixed order; whatever is damaged goes to ``intake.skip``."""

    @abstractmethod
    def plan(self) -> dict[str, Any]:
        """Return what will be read, as a table for ``--dry-run``: name -> value."""

    def origin(self, style: str) -> Origin:
        """Return where a writer's glyphs come from, for the manifest."""
        return Origin(kind=self.kind)

    def pictures(self, folder: Path) -> list[Path]:
        """Save into the store's folder what else a person should look at; return the files."""
        return []
