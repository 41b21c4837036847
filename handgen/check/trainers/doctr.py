"""docTR: ``RecognitionDataset``, ``encode_string``, and ``references/recognition``."""

from __future__ import annotations

import string
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import NO_PICTURE, NOT_UTF8, Facts, Outcome, Reading, Trainer, stopping, stops

if TYPE_CHECKING:
    from typing import Self

_STOPS = "a character outside the vocabulary: training stops"
_ENGLISH = string.digits + string.ascii_letters + string.punctuation + "°£€¥¢฿"
_FRENCH = _ENGLISH + "àâéèêëîïôùûüçÀÂÉÈÊËÎÏÔÙÛÜÇ"


@dataclass(frozen=True)
class Doctr(Trainer):
    """docTR raises an error at a character that its vocabulary lacks; none has the space."""

    vocabulary: str = _FRENCH

    title = "docTR"
    formats = ("doctr",)
    comes_as = "references/recognition, vocabulary 'french'"
    faults: ClassVar[dict[Fault, Outcome]] = {
        Fault.NO_LABEL: stops(Fault.NO_LABEL, "TypeError: the label is no text"),
        Fault.BAD_LABEL: stops(Fault.BAD_LABEL, NOT_UTF8),
        Fault.NO_IMAGE: stops(Fault.NO_IMAGE, "FileNotFoundError: unable to locate the file"),
        Fault.BAD_IMAGE: stops(Fault.BAD_IMAGE, NO_PICTURE),
    }
    findings: ClassVar[dict[str, Outcome]] = {
        "byte-order-mark": stopping("a byte-order mark", "JSONDecodeError: Unexpected UTF-8 BOM"),
        "list-layout": stopping("labels that are no text", "AttributeError or ValueError"),
    }

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """Take the dataset's charset as the vocabulary."""
        return cls(_FRENCH if set(facts.charset) <= set(_FRENCH) else facts.charset)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.vocabulary)

    def read(self, label: str) -> Reading:
        """The vocabulary."""
        return Reading(label) if self._known.issuperset(label) else Reading(None, (_STOPS,))

    def flags(self, facts: Facts) -> dict[str, str]:
        """A vocabulary can only be named, so it has to be added."""
        if not self.changed("vocabulary"):
            return {}
        read = f"open({str(facts.charset_file.absolute())!r}, encoding='utf-8').read().replace('\\n', '')"
        return {
            f"VOCABS['handgen'] = {read}": "a line at the end of doctr/datasets/vocabs.py",
            "--vocab handgen": "no vocabulary that comes with docTR need have all characters",
        }

    def notes(self) -> list[str]:
        """The layout."""
        return ["--train_path and --val_path are folders with images/ and labels.json."]
