"""OpenOCR: ``openrec/preprocess/ctc_label_encode.py`` and ``configs/rec/svtrs/crnn_ctc.yml``."""

from __future__ import annotations

from dataclasses import dataclass

from handgen.check.trainers.base import ASCII_94
from handgen.check.trainers.dictionary import DictionaryTrainer


@dataclass(frozen=True)
class OpenOcr(DictionaryTrainer):
    """OpenOCR; the dictionary of its English configurations is that of ASCII."""

    dictionary: str = ASCII_94

    title = "OpenOCR"
    comes_as = "configs/rec/svtrs/crnn_ctc.yml"
    counts_before = False

    def notes(self) -> list[str]:
        """The size beside the image."""
        return ["wh-%09d, which handgen writes, spares the ratio datasets decoding every image at their start."]
