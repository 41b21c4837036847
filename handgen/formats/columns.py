"""CSV and JSON do not state column types. This module predicts which type a loader infers for the column of labels."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d(:?\d\d(:?\d\d(\.\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?)?")
_NA = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
     "NULL", "NaN", "None", "n/a", "nan", "null")
)  # fmt: skip
"""Cells that pandas reads as a missing value."""
_TRUTHS = frozenset(("True", "TRUE", "true", "False", "FALSE", "false"))


class ColumnTypes:
    """Predicts the type that pandas infers for a column of labels in CSV, or Arrow for one in JSON.

    Args:
        of_csv: the file is CSV and pandas reads it; else it is JSON and Arrow does.
        keep_na: cells such as NA stay text, as with ``read_csv(keep_default_na=False)``.
    """

    def __init__(self, of_csv: bool, *, keep_na: bool = False) -> None:
        self._of_csv = of_csv
        self._na = _NA if of_csv and not keep_na else frozenset()
        self._missing = 0
        self._texts = 0
        self._numbers = 0
        self._all = dict.fromkeys(("numbers", "truth values", "dates"), True)

    def add(self, text: object) -> None:
        """Take in a label."""
        if not isinstance(text, str):
            self._numbers += isinstance(text, int) and not isinstance(text, bool)
            return
        if text in self._na:
            self._missing += 1
            return
        self._texts += 1
        self._all["numbers"] &= self._of_csv and _NUMBER.fullmatch(text) is not None
        self._all["truth values"] &= self._of_csv and text in _TRUTHS
        self._all["dates"] &= not self._of_csv and _DATE.fullmatch(text) is not None

    @property
    def classes(self) -> bool:
        """Whether all labels are JSON numbers, which may be numbers of classes; strings of digits do not count."""
        return self._numbers > 0 and not self._texts

    @property
    def kind(self) -> str:
        """The type that is inferred: numbers, truth values or dates; empty when the labels stay text."""
        return next((kind for kind, each in self._all.items() if each and self._texts), "")

    def verdict(self) -> str:
        """Return what the loader does to the labels, as a message; empty if they stay text."""
        found = [f"{self._missing:,} labels such as NA are read as nothing"] if self._missing else []
        found += [f"all labels are read as {self.kind}"] if self.kind else []
        return "; ".join(found)
