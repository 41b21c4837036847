"""PaddleOCR: ``ppocr/data/imaug/label_ops.py``, its two datasets, and ``configs/rec/rec_svtrnet.yml``."""

from __future__ import annotations

from dataclasses import dataclass

from handgen.check.trainers.base import DIGITS_LOWER, Facts
from handgen.check.trainers.dictionary import DictionaryTrainer
from handgen.errors import quoted


@dataclass(frozen=True)
class Paddle(DictionaryTrainer):
    """PaddleOCR; without a dictionary file it knows digits and lower-case letters."""

    dictionary: str = DIGITS_LOWER
    lower: bool = True

    title = "PaddleOCR"
    comes_as = "configs/rec/rec_svtrnet.yml"
    counts_before = True

    def flags(self, facts: Facts) -> dict[str, str]:
        """Return overrides; a longer label needs more columns of the network, too."""
        found = super().flags(facts)
        if self.changed("max_length"):
            found[f"Architecture.Backbone.out_char_num={2 * self.max_length}"] = "CTC needs a column for each character"
        return found

    def command(self, facts: Facts) -> list[str]:
        """Return the command for an LMDB or for a list."""
        settings = list(self.flags(facts))
        for part, folder in (("Train", facts.folder.absolute()), ("Eval", facts.validation)):
            settings.append(f"{part}.dataset.data_dir={folder}")
            if facts.format == "paddleocr":
                settings.append(f"{part}.dataset.name=SimpleDataSet")
                lists = facts.lists if part == "Train" else ("rec_gt.txt",)
                settings.append(f"{part}.dataset.label_file_list=[{','.join(str(folder / name) for name in lists)}]")
        return ["python3 tools/train.py -c configs/rec/rec_svtrnet.yml -o " + " ".join(map(quoted, settings))]

    def notes(self) -> list[str]:
        """Say what stops it."""
        return [
            "Of an LMDB tree it opens every innermost folder; one without data.mdb stops it.",
            "For an LMDB, the datasets of another configuration have to be of the kind LMDBDataSet.",
        ]
