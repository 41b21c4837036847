"""Kraken: ``ketos train -f path``, pairs of an image and ``.gt.txt``."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import NO_FILE, NOT_UTF8, Facts, Outcome, Reading, Trainer, altered, stops
from handgen.errors import quoted

_SPACES = "white space: Kraken strips labels and turns runs of white space into one space"
_PICTURES = r"\( -name '*.png' -o -name '*.jpg' -o -name '*.tif' \)"
_LIST = "kraken-lines.txt"


@dataclass(frozen=True)
class Kraken(Trainer):
    """Kraken makes its codec from the labels, and reorders labels of right-to-left scripts itself."""

    title = "Kraken"
    formats = ("kraken",)
    comes_as = "ketos train"
    faults: ClassVar[dict[Fault, Outcome]] = {
        Fault.NO_LABEL: Outcome(f"{Fault.NO_LABEL.value}: the pair is left out with a warning"),
        Fault.BAD_LABEL: stops(Fault.BAD_LABEL, NOT_UTF8),
        Fault.NO_IMAGE: stops(Fault.NO_IMAGE, NO_FILE),
        Fault.BAD_IMAGE: Outcome(f"{Fault.BAD_IMAGE.value}: another sample is drawn instead"),
    }
    findings: ClassVar[dict[str, Outcome]] = {
        "dotted-name": Outcome("names with dots: Kraken finds no label, and leaves the pair out with a warning")
    }

    def read(self, label: str) -> Reading:
        """Normalize white space."""
        text = " ".join(label.split())
        if not text:
            return Reading(None, ("an empty label: the pair is left out",))
        return Reading(text, altered(label, text, _SPACES))

    def flags(self, facts: Facts) -> dict[str, str]:
        """Return the layout, the normal form, the list of lines and, for right-to-left scripts, the base direction."""
        found = {
            "-f path": "pairs of an image and its .gt.txt",
            "-u NFC": "labels are NFC, and stay so",
            f"-t {_LIST}": "the shell cannot pass a hundred thousand paths",
        }
        if any(unicodedata.bidirectional(char) in ("R", "AL") for char in facts.charset):
            found["--base-dir R"] = "labels run from right to left"
        return found

    def command(self, facts: Facts) -> list[str]:
        """Write a list of the images, then train."""
        folder = quoted(facts.folder.absolute())
        return [
            f"find {folder} {_PICTURES} ! -name 'preview*' > {_LIST}",
            f"ketos train {' '.join(self.flags(facts))}",
        ]

    def notes(self) -> list[str]:
        """Say how labels are ordered."""
        return ["Labels stay in logical order: Kraken reorders them itself (--reorder)."]
