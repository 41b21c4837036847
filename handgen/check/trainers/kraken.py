"""Kraken: ``ketos train -f path``, pairs of an image and ``.gt.txt``."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import NOT_UTF8, Facts, Outcome, Reading, Trainer, altered, stops
from handgen.errors import quoted

if TYPE_CHECKING:
    from typing import Self

_SPACES = "white space at the ends and runs of it, which Kraken makes one space"


@dataclass(frozen=True)
class Kraken(Trainer):
    """Kraken reorders labels of scripts that run from right to left for itself, and makes its codec from the labels."""

    title = "Kraken"
    formats = ("kraken",)
    comes_as = "ketos train"
    faults: ClassVar[dict[Fault, Outcome]] = {
        Fault.NO_LABEL: Outcome(f"{Fault.NO_LABEL.value}: the pair is left out with a warning"),
        Fault.BAD_LABEL: stops(Fault.BAD_LABEL, NOT_UTF8),
        Fault.NO_IMAGE: stops(Fault.NO_IMAGE, "FileNotFoundError"),
        Fault.BAD_IMAGE: Outcome(f"{Fault.BAD_IMAGE.value}: another sample is drawn instead"),
    }
    findings: ClassVar[dict[str, Outcome]] = {
        "dotted-name": Outcome("names with dots: Kraken finds no label, and leaves the pair out with a warning")
    }

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """The codec is made from the labels."""
        return cls()

    def read(self, label: str) -> Reading:
        """White space is tidied."""
        text = " ".join(label.split())
        if not text:
            return Reading(None, ("an empty label: the pair is left out",))
        return Reading(text, altered(label, text, _SPACES))

    def flags(self, facts: Facts) -> dict[str, str]:
        """Normal form and, where marks are in labels, the base direction."""
        found = {"-f path": "pairs of an image and its .gt.txt"}
        if any(unicodedata.bidirectional(char) in ("R", "AL") for char in facts.charset):
            found["--base-dir R"] = "labels run from right to left"
        return found

    def command(self, facts: Facts) -> list[str]:
        """Return the command."""
        right = any(unicodedata.bidirectional(char) in ("R", "AL") for char in facts.charset)
        folder = quoted(facts.folder.absolute() / "lines")
        return [f"ketos train -f path{' --base-dir R' if right else ''} -u NFC {folder}/*/*.png"]

    def notes(self) -> list[str]:
        """What the layout is."""
        return ["Labels stay in logical order: Kraken turns them itself (--reorder)."]
