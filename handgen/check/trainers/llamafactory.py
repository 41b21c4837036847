"""LLaMA-Factory: ``dataset_info.json``, formatting ``sharegpt``, and its plugin for images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import NO_PICTURE, NOT_UTF8, Facts, Outcome, Reading, Trainer, stops
from handgen.errors import quoted

if TYPE_CHECKING:
    from typing import Self

_TAGS = ("<image>", "<video>", "<audio>")


@dataclass(frozen=True)
class LlamaFactory(Trainer):
    """LLaMA-Factory counts the tags of a conversation, and stops where there are not as many images."""

    title = "LLaMA-Factory"
    formats = ("conversations",)
    comes_as = "llamafactory-cli train"
    faults: ClassVar[dict[Fault, Outcome]] = {
        Fault.NO_LABEL: Outcome(f"{Fault.NO_LABEL.value}: the row is left out with a warning"),
        Fault.BAD_LABEL: stops(Fault.BAD_LABEL, NOT_UTF8),
        Fault.NO_IMAGE: stops(Fault.NO_IMAGE, "FileNotFoundError"),
        Fault.BAD_IMAGE: stops(Fault.BAD_IMAGE, NO_PICTURE),
    }

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """Nothing of the data needs another setting."""
        return cls()

    def read(self, label: str) -> Reading:
        """Tags are counted in answers, too."""
        found = [tag for tag in _TAGS if tag in label]
        if not found:
            return Reading(label)
        return Reading(None, (f"{found[0]} in the label: training stops (ValueError: not as many images as tags)",))

    def flags(self, facts: Facts) -> dict[str, str]:
        """The folder has a dataset_info.json."""
        return {
            f"dataset_dir: {facts.folder.absolute()}": "it has the dataset_info.json; images are named from there on",
            "dataset: handgen": "as dataset_info.json calls it",
        }

    def command(self, facts: Facts) -> list[str]:
        """Return the command, for a model and a template to be named."""
        return [
            "llamafactory-cli train --stage sft --do_train --finetuning_type lora --output_dir saves/handgen \\",
            "  --model_name_or_path MODEL --template TEMPLATE --dataset handgen \\",
            f"  --dataset_dir {quoted(facts.folder.absolute())}",
        ]
