"""EasyOCR's trainer: ``trainer/dataset.py`` and ``trainer/config_files/en_filtered_config.yaml``."""

from __future__ import annotations

import csv
import io
import string
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import (
    FILE_FAULTS,
    NOT_UTF8,
    Facts,
    Outcome,
    Reading,
    altered,
    safe_in_class,
    stopping,
    stops,
)
from handgen.check.trainers.dtrb import Dtrb
from handgen.formats.columns import ColumnTypes

if TYPE_CHECKING:
    from typing import Self

_QUOTED = "commas, quotation marks or outer spaces: the trainer does not unquote labels, and strips lines"


@dataclass(frozen=True)
class EasyOcr(Dtrb):
    """EasyOCR's ``OCRDataset``: the rules of deep-text-recognition-benchmark on ``labels.csv``.

    Attributes:
        raw_csv: the trainer cuts each line at its first comma and does not unquote the label, although the file has
            quoted labels.
        typed: pandas infers the type of the column: labels that are all numbers become numbers.
    """

    character: str = string.digits + string.punctuation + " €" + string.ascii_uppercase + string.ascii_lowercase
    max_length: int = 34
    sensitive: bool = True
    raw_csv: bool = True
    typed: bool = True

    title = "EasyOCR's trainer"
    formats = ("easyocr",)
    comes_as = "trainer/config_files/en_filtered_config.yaml"
    faults: ClassVar[dict[Fault, Outcome]] = {
        **FILE_FAULTS,
        Fault.NO_LABEL: stops(Fault.NO_LABEL, "TypeError: object of type 'NoneType' has no len()"),
    }
    findings: ClassVar[dict[str, Outcome]] = {
        "list-header": stopping("another header", "ValueError: Usecols do not match columns"),
        "list-encoding": stopping("a list that is not UTF-8", NOT_UTF8),
    }

    @classmethod
    def as_it_comes(cls, facts: Facts) -> Self:
        """Return the trainer with its own settings; it reads a file without quoted labels correctly."""
        return cls(raw_csv=not facts.raw_csv)

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """Use the dataset's charset, in an order that a regular expression takes literally."""
        return cls(safe_in_class(facts.charset), max(cls.max_length, facts.longest), raw_csv=False, typed=False)

    def read(self, label: str) -> Reading:
        """Apply the quoting of the file, then the rules of deep-text-recognition-benchmark."""
        text = label
        if self.raw_csv:
            line = io.StringIO()
            csv.writer(line, lineterminator="").writerow(("x", label))
            text = line.getvalue().strip().partition(",")[2]
        reading = super().read(text)
        return replace(reading, reasons=altered(label, text, _QUOTED) + reading.reasons)

    def stops_at(self, labels: Collection[str]) -> str:
        """Return an error if the column of labels is not read as text."""
        types = ColumnTypes(of_csv=True, keep_na=True)
        for label in labels:
            types.add(label)
        if not self.typed or not types.kind:
            return ""
        error = "AttributeError: 'numpy.int64' object has no attribute 'lower'"
        return f"all labels are read as {types.kind}: training stops ({error})"

    def flags(self, facts: Facts) -> dict[str, str]:
        """Return lines of the YAML configuration, and changes of the code."""
        found = {
            "number: ''  symbol: ''  lang_char: 'CHARSET'": "samples with other characters are dropped; CHARSET is "
            f"{facts.charset_file} in one line, with lower case added, ] first, the backslash twice, and - last"
        }
        if self.changed("max_length"):
            found[f"batch_max_length: {self.max_length}"] = "longer labels are dropped"
        if not facts.raw_csv and any(char in facts.charset for char in '," '):
            found["remove sep= and engine= from read_csv in trainer/dataset.py"] = "then quoted labels are read as CSV"
        if any(set(facts.charset) <= set(some) for some in (string.digits + ".+-eE", "TRUEtrueFALSEfalse")):
            found["add dtype=str to read_csv in trainer/dataset.py"] = (
                "a column of numbers is read as numbers otherwise"
            )
        return found

    def command(self, facts: Facts) -> list[str]:
        """Return nothing: its settings are in a file."""
        return []

    def notes(self) -> list[str]:
        """Describe the layout."""
        return ["It reads labels.csv of folders without folders in them; select_data must occur in the folder's path."]
