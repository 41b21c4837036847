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
    NO_PICTURE,
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

_QUOTED = "commas, quotation marks or outer spaces, which its labels.csv reader takes as they stand in the file"


@dataclass(frozen=True)
class EasyOcr(Dtrb):
    """EasyOCR's ``OCRDataset``: the rules of deep-text-recognition-benchmark on ``labels.csv``.

    Attributes:
        raw_csv: each line is cut at its first comma, as it stands, and the file quotes labels.
        typed: a column of numbers is read as numbers.
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
        Fault.NO_LABEL: stops(Fault.NO_LABEL, "TypeError: object of type 'NoneType' has no len()"),
        Fault.BAD_LABEL: stops(Fault.BAD_LABEL, NOT_UTF8),
        Fault.NO_IMAGE: stops(Fault.NO_IMAGE, "FileNotFoundError"),
        Fault.BAD_IMAGE: stops(Fault.BAD_IMAGE, NO_PICTURE),
    }
    findings: ClassVar[dict[str, Outcome]] = {
        "list-header": stopping("another header", "ValueError: Usecols do not match columns"),
        "list-encoding": stopping("a list that is not UTF-8", NOT_UTF8),
    }

    @classmethod
    def as_it_comes(cls, facts: Facts) -> Self:
        """A file whose labels stand as they are is read as it is meant."""
        return cls(raw_csv=not facts.raw_csv)

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """Take the dataset's charset, in an order that a regular expression takes literally."""
        return cls(safe_in_class(facts.charset), max(cls.max_length, facts.longest), raw_csv=False, typed=False)

    def read(self, label: str) -> Reading:
        """The file, then the rules of the benchmark."""
        text = label
        if self.raw_csv:
            line = io.StringIO()
            csv.writer(line, lineterminator="").writerow(("x", label))
            text = line.getvalue().strip().partition(",")[2]
        reading = super().read(text)
        return replace(reading, reasons=altered(label, text, _QUOTED) + reading.reasons)

    def stops_at(self, labels: Collection[str]) -> str:
        """What is no text has no lower case."""
        types = ColumnTypes(of_csv=True)
        for label in labels:
            types.add(label or "-")  # its reader takes no label for nothing
        if not self.typed or not types.kind:
            return ""
        error = "AttributeError: 'numpy.int64' object has no attribute 'lower'"
        return f"all labels are read as {types.kind}: training stops ({error})"

    def flags(self, facts: Facts) -> dict[str, str]:
        """Lines of the YAML configuration."""
        found = {
            "number: ''  symbol: ''  lang_char: 'CHARSET'": "samples with other characters are dropped; CHARSET is "
            f"{facts.charset_file} in one line, with lower case added, ] first, the backslash twice, and - last"
        }
        if self.changed("max_length"):
            found[f"batch_max_length: {self.max_length}"] = "longer labels are dropped"
        if not facts.raw_csv and any(char in facts.charset for char in ",\"' "):
            found["take sep= and engine= out of read_csv in trainer/dataset.py"] = "then quoted labels are read as CSV"
        if any(set(facts.charset) <= set(some) for some in (string.digits + ".+-eE", "TRUEtrueFALSEfalse")):
            found["add dtype=str to read_csv in trainer/dataset.py"] = (
                "a column of numbers is read as numbers otherwise"
            )
        return found

    def command(self, facts: Facts) -> list[str]:
        """Its settings are in a file."""
        return []

    def notes(self) -> list[str]:
        """The layout."""
        return ["It reads labels.csv of folders without folders in them; select_data must occur in the folder's path."]
