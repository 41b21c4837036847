"""The base class of trainers: their settings, what they make of a label, and how to start them."""

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
    """The facts about a dataset that a trainer's settings depend on.

    Attributes:
        charset: the characters to train.
        longest: number of characters in the longest label.
        aspect: width / height of the widest image.
        folder: the dataset, or the folder of datasets.
        format: the datasets' format.
        charset_file: file with the charset, one character per line.
        raw_csv: labels.csv has labels with commas or quotation marks that are not quoted; see ``formats.easyocr``.
        lists: names of the lists of a dataset for PaddleOCR.
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
        """Return the width in pixels of the widest image at this height, rounded up to a multiple of ``step``."""
        return max(height, step * -(-round(height * self.aspect) // step))

    @property
    def validation(self) -> Path:
        """The validation dataset: ``val`` beside ``train``, or the word VALIDATION, to be replaced by the user."""
        parents = (self.folder.absolute(), self.folder.absolute().parent)
        return next((folder.parent / "val" for folder in parents if folder.name == "train"), Path("VALIDATION"))


@dataclass(frozen=True)
class Reading:
    """What a trainer makes of a label.

    Attributes:
        label: the label that it learns; None when it drops the sample or stops.
        reasons: why that differs from the dataset's label.
    """

    label: str | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a trainer makes of a sample with a fault.

    Attributes:
        reason: what happens, with the exception if it stops.
        reads: the label that it learns instead; None when it takes another sample or stops.
        stops: whether training ends with an error.
    """

    reason: str
    reads: str | None = None
    stops: bool = False


def stops(fault: Fault, error: str) -> Outcome:
    """Return the outcome that training stops with ``error`` because of a fault."""
    return stopping(fault.value, error)


def stopping(what: str, error: str) -> Outcome:
    """Return the outcome that training stops with ``error`` because of ``what``."""
    return Outcome(f"{what}: training stops ({error})", stops=True)


def passes_over(fault: Fault) -> Outcome:
    """Return the outcome that the trainer draws another sample instead."""
    return Outcome(f"{fault.value}: another sample is drawn instead")


NO_DECODE = "AttributeError: 'NoneType' object has no attribute 'decode'"
NOT_UTF8 = "UnicodeDecodeError"
NO_INT = "TypeError: int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"
NO_PICTURE = "PIL.UnidentifiedImageError: cannot identify image file"
NO_FILE = "FileNotFoundError"
"""Exceptions that published trainers do not catch."""

LMDB_FAULTS: dict[Fault, Outcome] = {
    Fault.NO_COUNT: stops(Fault.NO_COUNT, NO_INT),
    Fault.NO_SAMPLE: stops(Fault.NO_SAMPLE, NO_DECODE),
    Fault.NO_LABEL: stops(Fault.NO_LABEL, NO_DECODE),
    Fault.BAD_LABEL: stops(Fault.BAD_LABEL, NOT_UTF8),
}
"""What a trainer does that takes keys out of an LMDB without checking them."""
FILE_FAULTS: dict[Fault, Outcome] = {
    Fault.BAD_LABEL: stops(Fault.BAD_LABEL, NOT_UTF8),
    Fault.NO_IMAGE: stops(Fault.NO_IMAGE, NO_FILE),
    Fault.BAD_IMAGE: stops(Fault.BAD_IMAGE, NO_PICTURE),
}
"""What a trainer does that opens a list and image files without catching errors."""


@dataclass(frozen=True)
class Trainer(ABC):
    """A trainer and its settings. The defaults of the fields are the trainer's own defaults."""

    title: ClassVar[str]
    formats: ClassVar[tuple[str, ...]]
    """The dataset formats that it reads."""
    comes_as: ClassVar[str]
    """Where the defaults come from: the program, or one of its configurations."""
    faults: ClassVar[dict[Fault, Outcome]] = {}
    """Fault -> what the trainer does with the sample. It does not notice faults that are not listed."""
    findings: ClassVar[dict[str, Outcome]] = {}
    """Name of a rule (see ``formats.findings``) -> what the trainer does if it is broken: it stops, or it loses as many
    samples as there are findings."""

    @classmethod
    def as_it_comes(cls, facts: Facts) -> Self:
        """Return the trainer with its own settings."""
        return cls()

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """Return the trainer with the settings that keep the most samples unchanged; by default its own settings."""
        return cls()

    @abstractmethod
    def read(self, label: str) -> Reading:
        """Return what the trainer makes of ``label``, following its own code step by step."""

    @abstractmethod
    def flags(self, facts: Facts) -> dict[str, str]:
        """Return flag or change of a file -> why it is needed, for the settings of ``for_data``."""

    def outcome(self, fault: Fault, format: str) -> Outcome | None:
        """Return what the trainer does with a sample that has a fault; None when it does not notice the fault."""
        return self.faults.get(fault)

    def stops_at(self, labels: Collection[str]) -> str:
        """Return why the labels as a whole stop training; "" if they do not."""
        return ""

    def command(self, facts: Facts) -> list[str]:
        """Return the shell commands that train on the dataset with all flags; [] when there are none."""
        return []

    def notes(self) -> list[str]:
        """Return further hints for the user."""
        return []

    def changed(self, name: str) -> bool:
        """Return whether a setting differs from the trainer's own."""
        return bool(getattr(self, name) != next(f.default for f in fields(self) if f.name == name))


def altered(label: str, result: str, reason: str) -> tuple[str, ...]:
    """Return the reason in a tuple if ``result`` differs from ``label``, else ()."""
    return () if label == result else (reason,)


def outside(characters: str) -> re.Pattern[str]:
    """Return the regular expression by which deep-text-recognition-benchmark finds a character outside ``characters``.

    The trainer does not escape them, so a closing bracket, a backslash and a hyphen may mean something else.

    Raises:
        re.error: the expression is invalid; the trainer stops with this error too.
    """
    if not characters:
        return re.compile("(?s:.)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(f"[^{characters}]")


def safe_in_class(charset: str) -> str:
    """Return ``charset`` and the lower case of each letter, in an order in which ``[^...]`` takes them literally."""
    known = dict.fromkeys(charset + charset.lower())
    rest = "".join(char for char in known if char not in "]\\-")
    return ("]" if "]" in known else "") + rest + ("\\\\" if "\\" in known else "") + ("-" if "-" in known else "")
