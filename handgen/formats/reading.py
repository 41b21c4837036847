"""The interface of a dataset reader. The rules of ``check`` work on what it yields, whatever the format."""

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
        image: the encoded image (PNG, JPEG, ...); None when it is missing.
        label: the label's bytes, UTF-8 if the dataset is in order; None when it is missing.
        size: (width, height) in pixels, if the format states it beside the image.
        meta: further facts, such as the style; None when there are none.
        name: the sample's name in the dataset, such as a file or an archive member; empty when it has none.
        fault: why the image or the label is missing, if that is known.
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
        """The name of its style; None when the dataset does not say it."""
        return str(self.meta["style"]) if self.meta and "style" in self.meta else None


class Records(AbstractContextManager["Records"], ABC):
    """An opened dataset."""

    count: int | None
    """How many samples the dataset says it has; None when it does not say."""
    total: int | None
    """About how many samples there are, for a progress bar; None when counting them would take long."""

    @abstractmethod
    def records(self, findings: Findings) -> Iterator[Record]:
        """Yield the samples in order; add what is wrong with numbers and keys to ``findings``."""

    @abstractmethod
    def label(self, number: int) -> str:
        """Return the label of a sample that ``records`` has yielded. Bytes that are not UTF-8 become U+FFFD."""


class Reader(Records):
    """Reads one dataset of one format. It shares no code with the writer."""

    format: ClassVar[str]
    keeps_labels: ClassVar[bool] = False
    """Whether ``records`` keeps the labels in memory, so that ``label`` works after it, even on a closed reader."""

    @classmethod
    @abstractmethod
    def find(cls, root: Path, findings: Findings) -> list[Path]:
        """Return the datasets below ``root``; add to ``findings`` what lies around them and stops a trainer."""

    @abstractmethod
    def __init__(self, folder: Path) -> None:
        """Open the dataset.

        Raises:
            UsageError: a file is not of this format.
            HandgenError: a package that this format needs is not installed.
        """
