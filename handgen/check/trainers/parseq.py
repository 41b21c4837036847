"""PARSeq: ``strhub/data/dataset.py``, ``CharsetAdapter``, and ``configs/main.yaml`` of its repository."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from handgen.check.labels import Fault
from handgen.check.trainers.base import (
    ASCII_94,
    CASE,
    LMDB_FAULTS,
    LONG,
    NO_PICTURE,
    NOTHING_LEFT,
    OUTSIDE,
    SPACE,
    Facts,
    Outcome,
    Reading,
    Trainer,
    altered,
    stops,
)
from handgen.errors import quoted

if TYPE_CHECKING:
    from typing import Self

_FOLDED = "folded to ASCII"
_NAME = "handgen"


@dataclass(frozen=True)
class Parseq(Trainer):
    """PARSeq's ``LmdbDataset`` by default removes white space and folds labels to ASCII."""

    charset: str = ASCII_94
    max_length: int = 25
    remove_whitespace: bool = True
    normalize_unicode: bool = True

    title = "PARSeq"
    formats = ("lmdb",)
    comes_as = "configs/main.yaml"
    faults: ClassVar[dict[Fault, Outcome]] = {
        **LMDB_FAULTS,
        Fault.NO_IMAGE: stops(Fault.NO_IMAGE, NO_PICTURE),
        Fault.BAD_IMAGE: stops(Fault.BAD_IMAGE, NO_PICTURE),
    }

    @classmethod
    def for_data(cls, facts: Facts) -> Self:
        """Use the dataset's charset; fold and remove white space only if that changes no label."""
        return cls(
            charset=facts.charset,
            max_length=max(cls.max_length, facts.longest),
            remove_whitespace=not any(char.isspace() for char in facts.charset),
            normalize_unicode=facts.charset.isascii(),
        )

    @cached_property
    def _unsupported(self) -> re.Pattern[str]:
        return re.compile(f"[^{re.escape(self.charset)}]" if self.charset else "(?s:.)")

    def read(self, label: str) -> Reading:
        """Apply white space, folding, length, case and charset, in this order."""
        reasons: tuple[str, ...] = ()
        text = label
        if self.remove_whitespace:
            text = "".join(text.split())
            reasons += altered(label, text, SPACE)
        if self.normalize_unicode:
            folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
            reasons += altered(text, folded, _FOLDED)
            text = folded
        if len(text) > self.max_length:
            return Reading(None, (LONG,))
        cased = text
        if self.charset == self.charset.lower():
            cased = text.lower()
        elif self.charset == self.charset.upper():
            cased = text.upper()
        kept = self._unsupported.sub("", cased)
        reasons += altered(text, cased, CASE) + altered(cased, kept, OUTSIDE)
        return Reading(kept, reasons) if kept else Reading(None, (reasons or (NOTHING_LEFT,))[:1])

    def flags(self, facts: Facts) -> dict[str, str]:
        """Return overrides for ``train.py``."""
        found = {f"charset={_NAME}": "configs/charset/handgen.yaml, written by the command below"}
        if self.changed("normalize_unicode"):
            found["data.normalize_unicode=false"] = "labels are folded to ASCII otherwise; a Chinese set loads as empty"
        if self.changed("remove_whitespace"):
            found["data.remove_whitespace=false"] = "the labels have spaces"
        if self.changed("max_length"):
            found[f"model.max_label_length={self.max_length}"] = "longer labels are dropped"
        return found

    def command(self, facts: Facts) -> list[str]:
        """Write a configuration with the charset (JSON text, which is valid YAML), then train."""
        file = str(facts.charset_file.absolute())
        script = (
            "import json, sys; c = json.dumps(open(sys.argv[1], encoding='utf-8').read().replace('\\n', ''), "
            "ensure_ascii=False); print(f'# @package _global_\\nmodel:\\n  charset_train: {c}\\n  charset_test: {c}')"
        )
        folder, lines = facts.folder.absolute(), []
        if folder.name == "train":
            root, name = folder.parent, "."
        elif folder.parent.name == "train":
            root, name = folder.parent.parent, folder.name
        else:
            root, name = folder.parent / "parseq", folder.name
            link = root / "train" / name
            lines.append(f"mkdir -p {quoted(link.parent)} && ln -sfn {quoted(folder)} {quoted(link)}")
        settings = " ".join(self.flags(facts))
        width = facts.width(32, 8)
        return [
            *lines,
            f'python3 -c "{script}" {quoted(file)} > configs/charset/{_NAME}.yaml',
            f"./train.py {settings} data.root_dir={quoted(root)} data.train_dir={quoted(name)} "
            f"'model.img_size=[32,{width}]'",
        ]

    def notes(self) -> list[str]:
        """Describe the layout."""
        return ["It finds every data.mdb below train/ and below val/ of data.root_dir; val/ is for you to fill."]
