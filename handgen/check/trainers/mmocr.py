"""MMOCR 1.x: ``Dictionary`` and ``BaseTextRecogModuleLoss``, and the CRNN configuration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import (
    CASE,
    DIGITS_LOWER,
    LMDB_FAULTS,
    NO_DECODE,
    Facts,
    Outcome,
    Reading,
    Trainer,
    altered,
    passes_over,
    stops,
)

if TYPE_CHECKING:
    from typing import Self

_STOPS = "a character outside the dictionary: training stops"


@dataclass(frozen=True)
class Mmocr(Trainer):
    """MMOCR raises an error at a character that is not in its dictionary."""

    dictionary: str = DIGITS_LOWER
    lower: bool = True

    title = "MMOCR 1.x"
    formats = ("lmdb",)
    comes_as = "configs/textrecog/crnn"
    faults: ClassVar[dict[Fault, Outcome]] = {
        **LMDB_FAULTS,
        Fault.NO_COUNT: stops(Fault.NO_COUNT, NO_DECODE),
        Fault.NO_IMAGE: passes_over(Fault.NO_IMAGE),
        Fault.BAD_IMAGE: passes_over(Fault.BAD_IMAGE),
    }

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """Use the dataset's charset as the dictionary, and keep case."""
        return cls(facts.charset, lower=False)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.dictionary)

    def read(self, label: str) -> Reading:
        """Apply case and dictionary."""
        cased = label.lower() if self.lower else label
        if not self._known.issuperset(cased):
            return Reading(None, (_STOPS,))
        return Reading(cased, altered(label, cased, CASE))

    def flags(self, facts: Facts) -> dict[str, str]:
        """Return values for the option ``--cfg-options``."""
        return {
            f"model.decoder.dictionary.dict_file={facts.charset_file.absolute()}": "one character per line",
            "model.decoder.module_loss.letter_case=unchanged": "labels are put in lower case otherwise",
        }

    def notes(self) -> list[str]:
        """Say how its configurations name an LMDB."""
        return ["In the configuration the dataset is dict(type='RecogLMDBDataset', ann_file=THE FOLDER)."]
