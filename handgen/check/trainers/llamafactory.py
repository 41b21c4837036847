"""LLaMA-Factory: ``dataset_info.json``, formatting ``sharegpt``, and its plugin for images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import FILE_FAULTS, Facts, Outcome, Reading, Trainer
from handgen.errors import quoted

_TAGS = ("<image>", "<video>", "<audio>")


@dataclass(frozen=True)
class LlamaFactory(Trainer):
    """LLaMA-Factory counts the tags in a conversation, and stops if there are not as many images."""

    title = "LLaMA-Factory"
    formats = ("conversations",)
    comes_as = "llamafactory-cli train"
    faults: ClassVar[dict[Fault, Outcome]] = {
        **FILE_FAULTS,
        Fault.NO_LABEL: Outcome(f"{Fault.NO_LABEL.value}: the row is left out with a warning"),
    }

    def read(self, label: str) -> Reading:
        """Look for tags: they count in answers too."""
        found = [tag for tag in _TAGS if tag in label]
        if not found:
            return Reading(label)
        return Reading(None, (f"{found[0]} in the label: training stops (ValueError: not as many images as tags)",))

    def flags(self, facts: Facts) -> dict[str, str]:
        """Return settings that point to the folder's dataset_info.json."""
        return {
            f"dataset_dir: {facts.folder.absolute()}": "it has dataset_info.json; paths of images are relative to it",
            "dataset: handgen": "as dataset_info.json calls it",
        }

    def command(self, facts: Facts) -> list[str]:
        """Return the command; the user puts in a model and a template."""
        return [
            "llamafactory-cli train --stage sft --do_train --finetuning_type lora --output_dir saves/handgen \\",
            "  --model_name_or_path MODEL --template TEMPLATE --dataset handgen \\",
            f"  --dataset_dir {quoted(facts.folder.absolute())}",
        ]
