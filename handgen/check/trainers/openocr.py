"""OpenOCR: ``openrec/preprocess/ctc_label_encode.py`` and ``configs/rec/svtrs/crnn_ctc.yml``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import ASCII_94, NO_PICTURE, Outcome, stops
from handgen.check.trainers.dictionary import DictionaryTrainer


@dataclass(frozen=True)
class OpenOcr(DictionaryTrainer):
    """OpenOCR; the dictionary of its English configurations has the 94 printable characters of ASCII."""

    dictionary: str = ASCII_94

    title = "OpenOCR"
    comes_as = "configs/rec/svtrs/crnn_ctc.yml"
    counts_before = False
    faults: ClassVar[dict[Fault, Outcome]] = {
        **DictionaryTrainer.faults,
        Fault.NO_SAMPLE: stops(Fault.NO_SAMPLE, NO_PICTURE),
        Fault.NO_IMAGE: stops(Fault.NO_IMAGE, NO_PICTURE),
        Fault.BAD_IMAGE: stops(Fault.BAD_IMAGE, NO_PICTURE),
    }

    def notes(self) -> list[str]:
        """Say what the sizes in the LMDB are good for."""
        return ["handgen writes wh-%09d, so the ratio datasets need not decode every image when they start."]
