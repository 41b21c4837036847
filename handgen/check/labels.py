"""The labels of a dataset, and what is wrong with their samples, as far as a trainer notices it."""

from __future__ import annotations

import re
from enum import Enum

from handgen.check.base import Record

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d(:?\d\d(:?\d\d(\.\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?)?")
_NOTHING = frozenset(
    [
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
        "NULL",
        "NaN",
        "None",
        "n/a",
        "nan",
        "null",
        "",
    ]
)
_TRUTHS = frozenset(("True", "TRUE", "true", "False", "FALSE", "false"))


class Fault(Enum):
    """What keeps a trainer from reading a sample whatever its label is."""

    NO_COUNT = "num-samples is missing"
    NO_SAMPLE = "samples that num-samples promises"
    NO_IMAGE = "a missing image"
    BAD_IMAGE = "an image that cannot be decoded"
    NO_LABEL = "a missing label"
    BAD_LABEL = "a label that is not UTF-8"


class Labels(dict[str, tuple[int, int]]):
    """Label -> how often it occurs, and the number of the sample where it first does.

    Attributes:
        faulty: label (empty where it is missing) and fault -> the same of the samples that have the fault.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faulty: dict[tuple[str, Fault], tuple[int, int]] = {}

    def add(self, record: Record, label: str | None, fault: Fault | None = None) -> None:
        """Take down a sample: its label, or None if it cannot be read, and what its image suffers from."""
        if label is not None:
            count, first = self.get(label, (0, record.number))
            self[label] = (count + 1, first)
        else:
            fault = Fault.NO_LABEL if record.label is None else Fault.BAD_LABEL
        if fault is not None:
            count, first = self.faulty.get((label or "", fault), (0, record.number))
            self.faulty[label or "", fault] = (count + 1, first)


class ColumnTypes:
    """What pandas takes a column of labels for in CSV, and Arrow in JSON: files that do not say what is text."""

    def __init__(self, of_csv: bool) -> None:
        self._of_csv = of_csv
        self._nothing = 0
        self._seen = 0
        self._all = dict.fromkeys(("numbers", "truth values", "dates"), True)

    def add(self, text: object) -> None:
        """Take in a label."""
        if not isinstance(text, str):
            return
        if self._of_csv and text in _NOTHING:
            self._nothing += 1
            return
        self._seen += 1
        self._all["numbers"] &= self._of_csv and _NUMBER.fullmatch(text) is not None
        self._all["truth values"] &= self._of_csv and text in _TRUTHS
        self._all["dates"] &= not self._of_csv and _DATE.fullmatch(text) is not None

    @property
    def kind(self) -> str:
        """What all labels are taken for; empty when for text."""
        return next((kind for kind, each in self._all.items() if each and self._seen), "")

    def verdict(self) -> str:
        """Say what becomes of the labels; empty if they stay text."""
        found = [f"{self._nothing:,} labels such as NA are read as nothing"] if self._nothing else []
        found += [f"all labels are read as {self.kind}"] if self.kind else []
        return "; ".join(found)
