"""What PaddleOCR and OpenOCR share: a dictionary file; characters outside it vanish from the labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import (
    CASE,
    LONG,
    NO_INT,
    NOT_UTF8,
    NOTHING_LEFT,
    OUTSIDE,
    SPACE,
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


@dataclass(frozen=True)
class DictionaryTrainer(Trainer):
    """``BaseRecLabelEncode``: if a label is too long or no character of it is left, another sample is drawn at random.

    Attributes:
        counts_before: whether the length is checked before unknown characters are removed (else after).
    """

    dictionary: str = ""
    max_length: int = 25
    space: bool = False
    lower: bool = False

    counts_before: ClassVar[bool]
    formats = ("lmdb", "paddleocr")
    faults: ClassVar[dict[Fault, Outcome]] = {
        Fault.NO_COUNT: stops(Fault.NO_COUNT, NO_INT),
        Fault.NO_SAMPLE: passes_over(Fault.NO_SAMPLE),
        Fault.NO_LABEL: passes_over(Fault.NO_LABEL),
        Fault.BAD_LABEL: stops(Fault.BAD_LABEL, NOT_UTF8),
        Fault.NO_IMAGE: stops(Fault.NO_IMAGE, "AssertionError: invalid input 'img' in DecodeImage"),
        Fault.BAD_IMAGE: passes_over(Fault.BAD_IMAGE),
    }
    findings: ClassVar[dict[str, Outcome]] = {
        "byte-order-mark": Outcome("a byte-order mark before the first path: another sample is drawn instead"),
        "backslash": Outcome("a path with backslashes, except on Windows: another sample is drawn instead"),
    }

    def outcome(self, fault: Fault, format: str) -> Outcome | None:
        """Return what it does with a faulty sample; instead of a faulty line of a list it draws another line."""
        return super().outcome(fault, format) if format == "lmdb" else passes_over(fault)

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """Use the dataset's charset as the dictionary."""
        charset = facts.charset.replace(" ", "")
        return cls(charset, max(cls.max_length, facts.longest), " " in facts.charset, lower=False)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.dictionary) | ({" "} if self.space else frozenset())

    def read(self, label: str) -> Reading:
        """Apply case, dictionary and length."""
        cased = label.lower() if self.lower else label
        kept = "".join(char for char in cased if char in self._known)
        if len(label if self.counts_before else kept) > self.max_length:
            return Reading(None, (LONG,))
        unknown = {SPACE if char == " " else OUTSIDE for char in set(cased) - set(kept)}
        reasons = altered(label, cased, CASE) + tuple(sorted(unknown))
        return Reading(kept, reasons) if kept else Reading(None, (reasons or (NOTHING_LEFT,))[-1:])

    def flags(self, facts: Facts) -> dict[str, str]:
        """Return overrides for the option ``-o``."""
        found = {
            f"Global.character_dict_path={facts.charset_file.absolute()}": "other characters vanish from the labels"
        }
        if self.changed("space"):
            found["Global.use_space_char=true"] = "the labels have spaces"
        if self.changed("max_length"):
            found[f"Global.max_text_length={self.max_length}"] = "longer labels are dropped"
        return found
