"""ms-swift: ``swift sft --dataset train.jsonl``, its standard format of messages and images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import NO_PICTURE, NOT_UTF8, Facts, Outcome, Reading, Trainer, stops
from handgen.errors import quoted

if TYPE_CHECKING:
    from typing import Self

_TAGS = ("<image>", "<video>", "<audio>", "<bbox>", "<ref-object>", "<cot-process>")


@dataclass(frozen=True)
class Swift(Trainer):
    """ms-swift puts images and boxes where tags stand, in answers too."""

    title = "ms-swift"
    formats = ("conversations",)
    comes_as = "swift sft"
    faults: ClassVar[dict[Fault, Outcome]] = {
        Fault.NO_LABEL: Outcome(f"{Fault.NO_LABEL.value}: the row is left out with a warning (--strict false)"),
        Fault.BAD_LABEL: stops(Fault.BAD_LABEL, NOT_UTF8),
        Fault.NO_IMAGE: Outcome(f"{Fault.NO_IMAGE.value}: another sample is drawn instead, with a warning"),
        Fault.BAD_IMAGE: Outcome(f"{Fault.BAD_IMAGE.value}: another sample is drawn instead ({NO_PICTURE})"),
    }

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """Nothing of the data needs another setting."""
        return cls()

    def read(self, label: str) -> Reading:
        """Tags."""
        found = [tag for tag in _TAGS if tag in label]
        return Reading(None, (f"{found[0]} in the label is taken for a tag",)) if found else Reading(label)

    def flags(self, facts: Facts) -> dict[str, str]:
        """Paths of images count from where it runs."""
        return {f"ROOT_IMAGE_DIR={quoted(facts.folder.absolute())}": "images are named from the dataset's folder on"}

    def command(self, facts: Facts) -> list[str]:
        """Return the command, for a model to be named."""
        folder = facts.folder.absolute()
        return [
            f"ROOT_IMAGE_DIR={quoted(folder)} swift sft --model MODEL --train_type lora \\",
            f"  --dataset {quoted(folder / 'train.jsonl')} --val_dataset {quoted(facts.validation / 'train.jsonl')}",
        ]

    def notes(self) -> list[str]:
        """Where the images are."""
        return ["A second dataset has to name its images from the same ROOT_IMAGE_DIR on, or by whole paths."]
