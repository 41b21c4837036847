"""What programs take a column of labels for, in files that do not say what is text."""

from __future__ import annotations

import re

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


class ColumnTypes:
    """What pandas takes a column of labels for in CSV, and Arrow in JSON: files that do not say what is text."""

    def __init__(self, of_csv: bool) -> None:
        self._of_csv = of_csv
        self._nothing = 0
        self._seen = 0
        self._numbers = 0
        self._all = dict.fromkeys(("numbers", "truth values", "dates"), True)

    def add(self, text: object) -> None:
        """Take in a label."""
        if not isinstance(text, str):
            self._numbers += isinstance(text, int) and not isinstance(text, bool)
            return
        if self._of_csv and text in _NOTHING:
            self._nothing += 1
            return
        self._seen += 1
        self._all["numbers"] &= self._of_csv and _NUMBER.fullmatch(text) is not None
        self._all["truth values"] &= self._of_csv and text in _TRUTHS
        self._all["dates"] &= not self._of_csv and _DATE.fullmatch(text) is not None

    @property
    def classes(self) -> bool:
        """Whether all labels are whole numbers, and not texts that look like them."""
        return self._numbers > 0 and not self._seen

    @property
    def kind(self) -> str:
        """What all labels are taken for; empty when for text."""
        return next((kind for kind, each in self._all.items() if each and self._seen), "")

    def verdict(self) -> str:
        """Say what becomes of the labels; empty if they stay text."""
        found = [f"{self._nothing:,} labels such as NA are read as nothing"] if self._nothing else []
        found += [f"all labels are read as {self.kind}"] if self.kind else []
        return "; ".join(found)
