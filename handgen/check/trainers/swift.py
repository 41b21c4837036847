"""ms-swift: ``swift sft --dataset train.jsonl``, its standard format of messages and images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import NO_PICTURE, NOT_UTF8, Facts, Outcome, Reading, Trainer, stops
from handgen.errors import quoted

_TAGS = ("<image>", "<video>", "<audio>", "<bbox>", "<ref-object>", "<cot-process>")


@dataclass(frozen=True)
class Swift(Trainer):
    """ms-swift replaces tags by images and boxes, in answers too."""

    title = "ms-swift"
    formats = ("conversations",)
    comes_as = "swift sft"
    faults: ClassVar[dict[Fault, Outcome]] = {
        Fault.NO_LABEL: Outcome(f"{Fault.NO_LABEL.value}: the row is left out with a warning (--strict false)"),
        Fault.BAD_LABEL: stops(Fault.BAD_LABEL, NOT_UTF8),
        Fault.NO_IMAGE: Outcome(f"{Fault.NO_IMAGE.value}: another sample is drawn instead, with a warning"),
        Fault.BAD_IMAGE: Outcome(f"{Fault.BAD_IMAGE.value}: another sample is drawn instead ({NO_PICTURE})"),
    }

    def read(self, label: str) -> Reading:
        """Look for tags."""
        found = [tag for tag in _TAGS if tag in label]
        return Reading(None, (f"{found[0]} in the label is taken for a tag",)) if found else Reading(label)

    def flags(self, facts: Facts) -> dict[str, str]:
        """Return the folder that paths of images are relative to; by default it is the working directory."""
        return {f"ROOT_IMAGE_DIR={quoted(facts.folder.absolute())}": "paths of images are relative to the dataset"}

    def command(self, facts: Facts) -> list[str]:
        """Return the command, which trains a LoRA; the user puts in a model."""
        folder = facts.folder.absolute()
        return [
            f"ROOT_IMAGE_DIR={quoted(folder)} swift sft --model MODEL \\",
            f"  --dataset {quoted(folder / 'train.jsonl')} --val_dataset {quoted(facts.validation / 'train.jsonl')}",
        ]

    def notes(self) -> list[str]:
        """Say where the images of a second dataset must be."""
        return ["Paths in a second dataset must be relative to the same ROOT_IMAGE_DIR, or absolute."]
