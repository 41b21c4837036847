"""deep-text-recognition-benchmark: ``dataset.py`` and the options of ``train.py`` of its repository."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import (
    CASE,
    DIGITS_LOWER,
    LMDB_FAULTS,
    LONG,
    OUTSIDE,
    Facts,
    Outcome,
    Reading,
    Trainer,
    altered,
    outside,
    safe_in_class,
    stops,
)
from handgen.errors import quoted

if TYPE_CHECKING:
    from typing import Self

_BROKEN = "the charset is no regular expression: training stops"
_DUMMY = "[dummy_label]"
_SENSITIVE = string.printable[:-6]
"""In this order ``\\]`` is an escaped bracket, so the backslash itself is missing from the class."""


@dataclass(frozen=True)
class Dtrb(Trainer):
    """Its ``LmdbDataset`` puts the charset into a regular expression without escaping it."""

    character: str = DIGITS_LOWER
    max_length: int = 25
    sensitive: bool = False

    title = "deep-text-recognition-benchmark"
    formats = ("lmdb",)
    comes_as = "train.py"
    faults: ClassVar[dict[Fault, Outcome]] = {
        **LMDB_FAULTS,
        Fault.NO_IMAGE: stops(Fault.NO_IMAGE, "TypeError: a bytes-like object is required, not 'NoneType'"),
        Fault.BAD_IMAGE: Outcome(f"{Fault.BAD_IMAGE.value}: it trains on a black one", _DUMMY),
    }

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """Use ``--sensitive`` only if its 94 characters are enough; else give the charset."""
        length = max(cls.max_length, facts.longest)
        upper = facts.charset != facts.charset.lower()
        if upper and set(facts.charset) <= set(_SENSITIVE) - {"\\"}:
            return cls(_SENSITIVE, length, sensitive=True)
        return cls(safe_in_class(facts.charset), length)

    @cached_property
    def _outside(self) -> re.Pattern[str] | None:
        try:
            return outside(self.character)
        except re.error:
            return None

    def read(self, label: str) -> Reading:
        """Apply the length, then the charset to the label in lower case, then case."""
        if self._outside is None:
            return Reading(None, (_BROKEN,))
        if len(label) > self.max_length:
            return Reading(None, (LONG,))
        if self._outside.search(label.lower()):
            return Reading(None, (OUTSIDE,))
        cased = label if self.sensitive else label.lower()
        kept = self._outside.sub("", cased)
        return Reading(kept, altered(label, cased, CASE) + altered(cased, kept, OUTSIDE))

    def outcome(self, fault: Fault, format: str) -> Outcome | None:
        """Return what it does with a faulty sample; its placeholder label loses characters outside the charset too."""
        found = super().outcome(fault, format)
        if found is None or found.reads is None or self._outside is None:
            return found
        return replace(found, reads=self._outside.sub("", found.reads if self.sensitive else found.reads.lower()))

    def flags(self, facts: Facts) -> dict[str, str]:
        """Return options of ``train.py``."""
        found = {}
        if self.sensitive:
            found["--sensitive"] = "keeps case; it trains the 94 characters of ASCII"
        elif set(self.character) != set(DIGITS_LOWER):
            found[f"--character {self._character(facts)}"] = (
                "samples with other characters are dropped; ], \\ and - are put where they are taken literally"
            )
        if self.changed("max_length"):
            found[f"--batch_max_length {self.max_length}"] = "longer labels are dropped"
        return found

    def _character(self, facts: Facts) -> str:
        """Return a shell word that reads the charset from its file, in the order of ``safe_in_class``."""
        file = quoted(facts.charset_file.absolute())
        special = {char for char in "]\\-" if char in facts.charset}
        lower = "".join(dict.fromkeys(char for char in facts.charset.lower() if char not in facts.charset))
        if not special and not lower:
            return f"\"$(tr -d '\\n' < {file})\""
        deleted = "\\n" + "".join({"]": "]", "\\": "\\\\", "-": "\\-"}[char] for char in sorted(special))
        before, behind = "]" * ("]" in special), lower + "\\\\" * ("\\" in special) + "-" * ("-" in special)
        return quoted(before) * bool(before) + f"\"$(tr -d '{deleted}' < {file})\"" + quoted(behind) * bool(behind)

    def command(self, facts: Facts) -> list[str]:
        """Return the command, with a network that needs no resizing: convolutions and CTC.

        CTC needs one column of features (4 pixels) per character, and one more between two equal characters.
        """
        width = max(facts.width(32, 4), 4 * (2 * facts.longest + 1) if facts.longest > 1 else 32)
        network = "--Transformation None --FeatureExtraction VGG --SequenceModeling BiLSTM --Prediction CTC"
        options = " ".join([*(["--PAD"] if facts.longest > 1 else []), network, *self.flags(facts)])
        return [
            f"python3 train.py --train_data {quoted(facts.folder.absolute())} --valid_data {quoted(facts.validation)} "
            f"--select_data / --batch_ratio 1 --imgW {width} {options}"
        ]

    def notes(self) -> list[str]:
        """Say what no option can change."""
        found = [
            "It reads only folders without folders in them. --select_data is cut at every hyphen; "
            "a part of it must occur in a folder's path, and / occurs in all."
        ]
        if not self.sensitive and any(char.isupper() for char in self.character):
            found.append(
                "Without --sensitive every label is put in lower case, and --sensitive brings a charset of its own. To "
                "keep case, remove the line under 'if opt.sensitive' in train.py that sets opt.character, and add "
                "--sensitive."
            )
        return found
