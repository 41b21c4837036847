"""What a reader of one format must do so that the shared rules can judge its datasets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from handgen.formats.findings import Findings


@dataclass(frozen=True)
class Record:
    """One sample as it is stored.

    Attributes:
        number: its number, from 1.
        image: the encoded image, or None when it is missing.
        label: the encoded label, or None when it is missing.
        size: (width, height) where the format states it beside the image.
        meta: what else is noted of it, such as its style; None when that is nothing.
        name: what the dataset calls it: its file, its member of an archive; empty where it has no name.
        fault: why the image or the label is missing, where more is known than that.
    """

    number: int
    image: bytes | None
    label: bytes | None
    size: tuple[int, int] | None = None
    meta: Mapping[str, Any] | None = None
    name: str = ""
    fault: str = ""

    @property
    def style(self) -> str | None:
        """The name of its style, where the writer noted it."""
        return str(self.meta["style"]) if self.meta and "style" in self.meta else None


class Records(AbstractContextManager["Records"], ABC):
    """The samples of a dataset, open to be read."""

    count: int | None
    """How many samples the dataset says it has; None when it says nothing."""
    total: int | None
    """How many samples there seem to be, for a progress bar; None when that takes long to find out."""

    @abstractmethod
    def records(self, findings: Findings) -> Iterator[Record]:
        """Yield the samples in order; add what is wrong with numbering and keys."""

    @abstractmethod
    def label(self, number: int) -> str:
        """Return the label of a sample that ``records`` yielded; bytes that are not UTF-8 are replaced."""


class Reader(Records):
    """Reads one dataset of one format; shares no code with what writes it."""

    format: ClassVar[str]
    keeps_labels: ClassVar[bool] = False
    """Whether ``label`` answers also when it is closed, and only after ``records``."""

    @classmethod
    @abstractmethod
    def find(cls, root: Path, findings: Findings) -> list[Path]:
        """Return the datasets in ``root``; add what stands around them that stops a trainer."""

    @abstractmethod
    def __init__(self, folder: Path) -> None:
        """Open the dataset.

        Raises:
            UsageError: the file is not of this format.
            HandgenError: a package that reads it is not installed.
        """
