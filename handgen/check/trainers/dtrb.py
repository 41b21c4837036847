"""deep-text-recognition-benchmark: ``dataset.py`` and the options of ``train.py`` of its repository."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from handgen.check.trainers.base import (
    CASE,
    DIGITS_LOWER,
    LONG,
    OUTSIDE,
    Facts,
    Reading,
    Trainer,
    altered,
    outside,
    quoted,
    safe_in_class,
)

if TYPE_CHECKING:
    from typing import Self

_BROKEN = "the charset is no regular expression: training stops"
_SENSITIVE = string.printable[:-6]
"""In its order ``\\]`` is an escaped bracket, so the backslash is not in the class."""


@dataclass(frozen=True)
class Dtrb(Trainer):
    """Its ``LmdbDataset``, which puts the charset into a regular expression as it is."""

    character: str = DIGITS_LOWER
    max_length: int = 25
    sensitive: bool = False

    title = "deep-text-recognition-benchmark"
    formats = ("lmdb",)
    comes_as = "train.py"

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """Take ``--sensitive`` only where its own 94 characters are enough."""
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
        """Length, then the charset against the label in lower case, then case."""
        if self._outside is None:
            return Reading(None, (_BROKEN,))
        if len(label) > self.max_length:
            return Reading(None, (LONG,))
        if self._outside.search(label.lower()):
            return Reading(None, (OUTSIDE,))
        cased = label if self.sensitive else label.lower()
        kept = self._outside.sub("", cased)
        return Reading(kept, altered(label, cased, CASE) + altered(cased, kept, OUTSIDE))

    def flags(self, facts: Facts) -> dict[str, str]:
        """Options of ``train.py``."""
        found = {}
        if self.sensitive:
            found["--sensitive"] = "keeps case; it trains the 94 characters of ASCII"
        elif set(self.character) != set(DIGITS_LOWER):
            found[f"--character {self._character(facts)}"] = (
                "samples with other characters are dropped; ], \\ and - stand where they mean themselves"
            )
        if self.changed("max_length"):
            found[f"--batch_max_length {self.max_length}"] = "longer labels are dropped"
        return found

    def _character(self, facts: Facts) -> str:
        """Return the charset as the shell takes it from its file."""
        file = quoted(facts.charset_file.absolute())
        special = {char for char in "]\\-" if char in facts.charset}
        lower = "".join(dict.fromkeys(char for char in facts.charset.lower() if char not in facts.charset))
        if not special and not lower:
            return f"\"$(tr -d '\\n' < {file})\""
        deleted = "\\n" + "".join({"]": "]", "\\": "\\\\", "-": "\\-"}[char] for char in sorted(special))
        before, behind = "]" * ("]" in special), lower + "\\\\" * ("\\" in special) + "-" * ("-" in special)
        return quoted(before) * bool(before) + f"\"$(tr -d '{deleted}' < {file})\"" + quoted(behind) * bool(behind)

    def command(self, facts: Facts) -> list[str]:
        """Convolutions and CTC, which need a column a character, or two where one repeats."""
        width = max(facts.width(32, 4), 4 * (2 * facts.longest + 1) if facts.longest > 1 else 32)
        network = "--Transformation None --FeatureExtraction VGG --SequenceModeling BiLSTM --Prediction CTC"
        options = " ".join([*(["--PAD"] if facts.longest > 1 else []), network, *self.flags(facts)])
        return [
            f"python3 train.py --train_data {quoted(facts.folder.absolute())} --valid_data {quoted(facts.validation)} "
            f"--select_data / --batch_ratio 1 --imgW {width} {options}"
        ]

    def notes(self) -> list[str]:
        """What no option mends."""
        found = [
            "It reads only folders without folders in them. --select_data is cut at every hyphen; "
            "a part of it must occur in a folder's path, and / occurs in all."
        ]
        if not self.sensitive and any(char.isupper() for char in self.character):
            found.append(
                "Without --sensitive every label is put in lower case, and --sensitive brings a charset of its own. To "
                "keep case, take out the line under 'if opt.sensitive' in train.py that sets opt.character, and add "
                "--sensitive."
            )
        return found
