"""What can be wrong with a dataset: one table of rules, and the findings of each rule."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Any, Literal

EXAMPLES = 5
_VARIATIONS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong.

    Attributes:
        severity: ``defect`` = trainers fail, skip samples or learn wrong labels; ``warning`` = worth a look.
        title: what was found.
        remedy: what to do about it.
    """

    severity: Literal["defect", "warning"]
    title: str
    remedy: str


_AGAIN = "If handgen made it, run the same command again: it goes on where it stopped."
_WRITER = "Write the dataset again; this sample is wrong at its source."
_TEXT = "Clean the text that the labels come from and write the dataset again."

RULES: dict[str, Rule] = {
    "damaged": Rule("defect", "the file is damaged or cut short", "Copy it again, or write it again."),
    "unfinished": Rule("defect", "the run that makes it is not finished", _AGAIN),
    "missing-shard": Rule("defect", "shards are missing", "Copy the folder again, or run the command that made it."),
    "empty": Rule("defect", "there is not one sample", "Check what its list names. " + _AGAIN),
    "no-count": Rule("defect", "num-samples is missing: no trainer opens it", _AGAIN),
    "bad-count": Rule(
        "defect", "num-samples is no count: no trainer opens it", "Write the number of samples there, in digits."
    ),
    "key-digits": Rule(
        "defect",
        "keys that do not have nine digits: no trainer finds these samples",
        "Number the keys from image-000000001 and label-000000001.",
    ),
    "sample-0": Rule("defect", "sample 0 is never read: trainers count from 1", "Number the samples from 1."),
    "count-too-large": Rule("defect", "num-samples promises samples that are not there", _AGAIN),
    "beyond-count": Rule("defect", "samples after num-samples are never read", "Set num-samples to the last sample."),
    "gap": Rule("defect", "numbers without a sample", "Number the samples without a gap."),
    "no-image": Rule("defect", "labels without an image", _WRITER),
    "no-label": Rule("defect", "images without a label", _WRITER),
    "image-unreadable": Rule("defect", "images that cannot be decoded", _WRITER),
    "image-blank": Rule(
        "defect",
        "images without ink",
        "Check the font: 'handgen fonts check FONT'. Leave out characters that the model draws blank.",
    ),
    "wrong-size-key": Rule("defect", "wh- keys that contradict the image", "Write the wh- keys again, or drop them."),
    "label-empty": Rule("defect", "empty labels", _TEXT),
    "label-not-utf8": Rule(
        "defect", "labels that are not UTF-8", "Save the text or list that the labels come from as UTF-8."
    ),
    "label-not-nfc": Rule("defect", "labels that are not NFC", "Normalize the text to NFC and write it again."),
    "label-control": Rule("defect", "labels with control characters or line breaks", _TEXT),
    "label-charset": Rule("defect", "labels outside the charset", "Train with a charset that has these characters."),
    "two-labels": Rule(
        "defect",
        "one image under two labels",
        "One label is wrong, or two characters share one glyph of the font: look at both.",
    ),
    "byte-order-mark": Rule(
        "defect",
        "the list begins with a byte-order mark (BOM), which trainers read as a part of the first path",
        "Save the list as UTF-8 without BOM.",
    ),
    "list-header": Rule(
        "defect",
        "the first line of labels.csv is not filename,words: EasyOCR's trainer stops (ValueError: Usecols do not "
        "match columns)",
        "Write the set again: 'handgen convert IN OUT --format easyocr'.",
    ),
    "list-encoding": Rule(
        "defect", "the list is not UTF-8: its trainer stops (UnicodeDecodeError)", "Save the list as UTF-8."
    ),
    "list-layout": Rule(
        "defect",
        "labels.json is not one object of paths and texts, which docTR's trainer needs",
        "Write the set again: 'handgen convert IN OUT --format doctr'.",
    ),
    "dotted-name": Rule(
        "defect",
        "file names with dots: the trainer uses only the part before the first dot and finds no label",
        "Write the set again: 'handgen convert IN OUT', or replace the dots in the names.",
    ),
    "typed-labels": Rule(
        "defect",
        "labels that Hugging Face's reader turns into numbers, dates or nothing",
        "Write the set in another format: 'handgen convert IN OUT --format parquet'.",
    ),
    "line-end": Rule(
        "warning",
        "labels that end with a line break: the trainer learns it as a part of the label",
        "Write the set again: 'handgen convert IN OUT --format webdataset'.",
    ),
    "second-image": Rule(
        "warning",
        "samples with several images, of which one is read",
        "Pack each image as a sample of its own, or leave the others out.",
    ),
    "label-space": Rule("warning", "labels with odd white space", _TEXT),
    "label-invisible": Rule("warning", "labels with invisible characters", _TEXT),
    "duplicate": Rule("warning", "images that repeat an earlier one", "Ask for fewer samples, or more styles."),
    "fog": Rule(
        "warning",
        "gray smears without dark ink, as a model draws them after too little training",
        "Look at preview.png. Train the model for longer, or name another with 'handgen synth --model'.",
    ),
    "mixed-sizes": Rule("warning", "images of different sizes", "Write one dataset for each size."),
    "mixed-modes": Rule("warning", "images of different color modes", "Write them all gray, or all RGB."),
    "stray-key": Rule("warning", "keys that no trainer reads", "Remove them; they may be samples with a wrong key."),
    "stray-folder": Rule("warning", "folders without data.mdb: LMDB trainers stop there", "Move them elsewhere."),
    "unlisted": Rule(
        "warning", "images that the list does not name, which are not read", "Add them to the list, or move them away."
    ),
    "class-numbers": Rule(
        "warning",
        "labels from a column of numbers: perhaps numbers of classes, and not what the images show",
        "If they are classes, write the text itself into a column called text.",
    ),
    "blank-line": Rule(
        "warning",
        "blank lines in the list: some trainers draw another sample instead, some stop",
        "Remove the blank lines.",
    ),
    "cr-lines": Rule(
        "warning",
        "lines that end with CR or CR LF, as Windows writes them; PaddleOCR keeps the CR in the label",
        "Save the list with LF line ends.",
    ),
    "backslash": Rule(
        "warning",
        "paths with backslashes: only trainers on Windows find these images",
        "Replace \\ by / in the paths of the list.",
    ),
    "linked-folder": Rule(
        "warning",
        "links to datasets: PARSeq follows them; deep-text-recognition-benchmark and PaddleOCR do not",
        "Give the trainer the folder itself, or copy it to where the link is.",
    ),
    "sub-folder": Rule(
        "warning", "a dataset with folders in it: some trainers read only folders without any", "Move them elsewhere."
    ),
}


@dataclass(frozen=True)
class Example:
    """Where something was found: the sample's number from 1, its label, and a detail."""

    sample: int | None = None
    label: str | None = None
    detail: str = ""

    def __str__(self) -> str:
        label = None if self.label is None else f"'{visible(self.label)}'"
        parts = (self.sample and f"#{self.sample}", label, self.detail)
        return " ".join(str(part) for part in parts if part)


@dataclass
class Finding:
    """How often one rule was broken, and the first examples."""

    name: str
    count: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def rule(self) -> Rule:
        """The rule that is broken."""
        return RULES[self.name]

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON."""
        return {
            "rule": self.name,
            "severity": self.rule.severity,
            "title": self.rule.title,
            "count": self.count,
            "examples": [vars(example) for example in self.examples],
            "remedy": self.rule.remedy,
        }


class Findings:
    """Collects findings. It keeps a few examples of each rule, so it stays small."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def add(
        self, name: str, sample: int | None = None, label: str | None = None, detail: str = "", *, count: int = 1
    ) -> None:
        """Note that the rule ``name`` is broken ``count`` times; the other arguments describe the first time."""
        finding = self._found.setdefault(name, Finding(name))
        finding.count += count
        if len(finding.examples) < EXAMPLES:
            finding.examples.append(Example(sample, label, detail))

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def number(self, name: str) -> int:
        """Return how often the rule ``name`` is broken."""
        return self._found[name].count if name in self._found else 0

    def sorted(self) -> list[Finding]:
        """Return what was found, in the order of ``RULES``: defects first."""
        return [self._found[name] for name in RULES if name in self._found]

    def count(self, severity: str) -> int:
        """Return how many rules of a severity are broken."""
        return sum(finding.rule.severity == severity for finding in self._found.values())


def visible(text: str) -> str:
    """Return ``text``, cut to 20 characters, with invisible characters written as ``<200B>``."""
    short = text if len(text) <= 20 else text[:19] + "…"
    return "".join(
        f"<{ord(char):X}>" if _unseen(char, before) else char for before, char in zip(" " + short, short, strict=False)
    )


def _unseen(char: str, before: str) -> bool:
    """Return whether ``char`` is invisible after ``before``: not printable, or a mark without a letter to sit on."""
    mark = unicodedata.category(char).startswith("M")
    return not char.isprintable() or (mark and (before == " " or char in _VARIATIONS))
