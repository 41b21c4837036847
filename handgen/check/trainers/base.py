"""The contract of a trainer: its settings, what it makes of a label, and how to start it."""

from __future__ import annotations

import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from handgen.check.labels import Fault

if TYPE_CHECKING:
    from typing import Self

ASCII_94 = "".join(map(chr, range(33, 127)))
DIGITS_LOWER = "0123456789abcdefghijklmnopqrstuvwxyz"

LONG = "longer than the trainer takes"
OUTSIDE = "characters outside the charset"
SPACE = "white space"
CASE = "upper case"
NOTHING_LEFT = "nothing is left of the label"


@dataclass(frozen=True)
class Facts:
    """What a dataset is like, as far as a trainer's settings follow from it.

    Attributes:
        charset: the characters to train.
        longest: characters in the longest label.
        aspect: width by height of the widest image.
        folder: the dataset, or the folder of datasets.
        format: of the datasets.
        charset_file: where the charset is, a character a line.
        raw_csv: labels.csv has labels with commas and quotation marks as they are, not quoted as CSV has them.
        lists: the names of the lists of a set for PaddleOCR.
    """

    charset: str
    longest: int
    aspect: float
    folder: Path
    format: str
    charset_file: Path
    raw_csv: bool = False
    lists: tuple[str, ...] = ("rec_gt.txt",)

    def width(self, height: int, step: int) -> int:
        """Return a width in pixels for images of this height: a multiple of ``step`` that the widest image fits."""
        return max(height, step * -(-round(height * self.aspect) // step))

    @property
    def validation(self) -> Path:
        """The second dataset that a trainer wants: ``val/`` beside ``train/``, or a word to put a path for."""
        parents = (self.folder.absolute(), self.folder.absolute().parent)
        return next((folder.parent / "val" for folder in parents if folder.name == "train"), Path("VALIDATION"))


@dataclass(frozen=True)
class Reading:
    """What a trainer makes of a label.

    Attributes:
        label: what it learns; None when it drops the sample, or stops.
        reasons: why that is not the label.
    """

    label: str | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a trainer makes of a sample that has a fault.

    Attributes:
        reason: what happens, with the exception where it stops.
        reads: the label that it learns instead of the sample's; None when it takes another sample, or stops.
        stops: training ends with an error.
    """

    reason: str
    reads: str | None = None
    stops: bool = False


def stops(fault: Fault, error: str) -> Outcome:
    """Return the outcome of a trainer that a fault ends with ``error``."""
    return stopping(fault.value, error)


def stopping(what: str, error: str) -> Outcome:
    """Return the outcome of a trainer that ``what`` ends with ``error``."""
    return Outcome(f"{what}: training stops ({error})", stops=True)


def passes_over(fault: Fault) -> Outcome:
    """Return the outcome of a trainer that draws another sample instead."""
    return Outcome(f"{fault.value}: another sample is drawn instead")


NO_DECODE = "AttributeError: 'NoneType' object has no attribute 'decode'"
NOT_UTF8 = "UnicodeDecodeError"
NO_INT = "TypeError: int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"
NO_PICTURE = "PIL.UnidentifiedImageError: cannot identify image file"
"""What Python and Pillow raise, as published trainers let it through."""


@dataclass(frozen=True)
class Trainer(ABC):
    """A trainer with its settings. The defaults of its fields are those of the trainer itself."""

    title: ClassVar[str]
    formats: ClassVar[tuple[str, ...]]
    comes_as: ClassVar[str]
    """Whose defaults these are: the program's, or those of one of its configurations."""
    faults: ClassVar[dict[Fault, Outcome]] = {}
    """What it makes of samples with faults; of those that are not here, the same as without."""
    findings: ClassVar[dict[str, Outcome]] = {}
    """What it makes of datasets in which something was found, by the name of the rule: it loses so many samples, or
    stops."""

    @classmethod
    def as_it_comes(cls, facts: Facts) -> Self:
        """Return the trainer's own settings."""
        return cls()

    @classmethod
    @abstractmethod
    def for_data(cls, facts: Facts) -> Self:
        """Return the settings that keep as many samples as they are as the trainer can."""

    @abstractmethod
    def read(self, label: str) -> Reading:
        """Return what the trainer makes of ``label``, by the steps that it takes itself."""

    @abstractmethod
    def flags(self, facts: Facts) -> dict[str, str]:
        """Return flag or change -> why, for the settings of ``for_data``."""

    def outcome(self, fault: Fault, format: str) -> Outcome | None:
        """Return what becomes of a sample with a fault; None when the trainer does not notice it."""
        return self.faults.get(fault)

    def stops_at(self, labels: Collection[str]) -> str:
        """Say why training stops whatever a sample is like; "" if it does not."""
        return ""

    def command(self, facts: Facts) -> list[str]:
        """Return the lines of shell that train on the dataset with all flags; [] when there are none."""
        return []

    def notes(self) -> list[str]:
        """Return what else is to be known."""
        return []

    def changed(self, name: str) -> bool:
        """Tell whether a setting differs from the trainer's own."""
        return bool(getattr(self, name) != next(f.default for f in fields(self) if f.name == name))


def altered(label: str, result: str, reason: str) -> tuple[str, ...]:
    """Return the reason if ``result`` is another label."""
    return () if label == result else (reason,)


def outside(characters: str) -> re.Pattern[str]:
    """Return the expression of deep-text-recognition-benchmark for a character outside ``characters``.

    The trainer does not escape them, so some mean something else.

    Raises:
        re.error: they are no expression; the trainer stops with this error.
    """
    if not characters:
        return re.compile("(?s:.)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(f"[^{characters}]")


def safe_in_class(charset: str) -> str:
    """Return ``charset``, and the lower case of each letter, so that ``[^...]`` means just them."""
    known = dict.fromkeys(charset + charset.lower())
    rest = "".join(char for char in known if char not in "]\\-")
    return ("]" if "]" in known else "") + rest + ("\\\\" if "\\" in known else "") + ("-" if "-" in known else "")
