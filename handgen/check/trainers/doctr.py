"""docTR: ``RecognitionDataset``, ``encode_string``, and ``references/recognition``."""

from __future__ import annotations

import string
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import FILE_FAULTS, NO_FILE, Facts, Outcome, Reading, Trainer, stopping, stops

if TYPE_CHECKING:
    from typing import Self

_STOPS = "a character outside the vocabulary: training stops"
_ENGLISH = string.digits + string.ascii_letters + string.punctuation + "°£€¥¢฿"
_FRENCH = _ENGLISH + "àâéèêëîïôùûüçÀÂÉÈÊËÎÏÔÙÛÜÇ"


@dataclass(frozen=True)
class Doctr(Trainer):
    """docTR raises an error at a character outside its vocabulary. None of its own vocabularies has the space."""

    vocabulary: str = _FRENCH

    title = "docTR"
    formats = ("doctr",)
    comes_as = "references/recognition, vocabulary 'french'"
    faults: ClassVar[dict[Fault, Outcome]] = {
        **FILE_FAULTS,
        Fault.NO_LABEL: stops(Fault.NO_LABEL, "TypeError: the label is no text"),
        Fault.NO_IMAGE: stops(Fault.NO_IMAGE, f"{NO_FILE}: unable to locate the file"),
    }
    findings: ClassVar[dict[str, Outcome]] = {
        "byte-order-mark": stopping("a byte-order mark", "JSONDecodeError: Unexpected UTF-8 BOM"),
        "list-layout": stopping("labels that are no text", "AttributeError or ValueError"),
    }

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """Use the vocabulary ``french`` if it is enough, else the dataset's charset."""
        return cls(_FRENCH if set(facts.charset) <= set(_FRENCH) else facts.charset)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.vocabulary)

    def read(self, label: str) -> Reading:
        """Apply the vocabulary."""
        return Reading(label) if self._known.issuperset(label) else Reading(None, (_STOPS,))

    def flags(self, facts: Facts) -> dict[str, str]:
        """Return the flag and the new vocabulary: docTR takes vocabularies only by name."""
        if not self.changed("vocabulary"):
            return {}
        read = f"open({str(facts.charset_file.absolute())!r}, encoding='utf-8').read().replace('\\n', '')"
        return {
            f"VOCABS['handgen'] = {read}": "a line at the end of doctr/datasets/vocabs.py",
            "--vocab handgen": "docTR's own vocabularies lack some of the characters",
        }

    def notes(self) -> list[str]:
        """Describe the layout."""
        return ["--train_path and --val_path are folders with images/ and labels.json."]
