"""What a trainer keeps, alters and drops of a dataset: as it comes, and with the flags that mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handgen.check.findings import EXAMPLES, Example
from handgen.check.report import Labels, Report, own_charset
from handgen.check.trainers import TRAINERS
from handgen.check.trainers.base import Facts, Trainer, quoted
from handgen.errors import UsageError


@dataclass
class Counted:
    """How many samples a reason alters or drops, and the first of them."""

    altered: int = 0
    dropped: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass
class Verdict:
    """How many samples a trainer keeps as they are, alters, and drops. Reasons may share a sample."""

    kept: int = 0
    altered: int = 0
    dropped: int = 0
    reasons: dict[str, Counted] = field(default_factory=dict)

    def add(self, trainer: Trainer, label: str, count: int, first: int) -> None:
        """Count the samples of one label; ``first`` is the number of the first of them."""
        reading = trainer.read(label)
        if reading.label == label:
            self.kept += count
            return
        dropped = reading.label is None
        self.dropped += count * dropped
        self.altered += count * (not dropped)
        for reason in reading.reasons:
            counted = self.reasons.setdefault(reason, Counted())
            counted.dropped += count * dropped
            counted.altered += count * (not dropped)
            if len(counted.examples) < EXAMPLES:
                read = "dropped" if reading.label is None else f"read as '{reading.label}'"
                counted.examples.append(Example(first, label, read))

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON."""
        reasons = {
            reason: {**vars(counted), "examples": [vars(example) for example in counted.examples]}
            for reason, counted in self.reasons.items()
        }
        return {"kept": self.kept, "altered": self.altered, "dropped": self.dropped, "reasons": reasons}


@dataclass
class Judgment:
    """A trainer's two verdicts, and what to do.

    Attributes:
        trainer: with the settings that suit the data.
        as_it_comes, with_flags: without and with ``flags``.
        flags: flag or change -> why.
        command: lines of shell; [] where there is none.
        prepare: lines of shell before all that.
    """

    trainer: Trainer
    as_it_comes: Verdict
    with_flags: Verdict
    flags: dict[str, str]
    command: list[str]
    prepare: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON."""
        return {
            "trainer": self.trainer.title,
            "settings": self.trainer.comes_as,
            "as_it_comes": self.as_it_comes.as_dict(),
            "with_flags": self.with_flags.as_dict(),
            "flags": self.flags,
            "command": [*self.prepare, *self.command],
            "notes": self.trainer.notes(),
        }


def judge(name: str, report: Report, labels: Labels, charset: str | None = None) -> Judgment:
    """Apply a trainer's rules to every label.

    Args:
        name: of the trainer, as registered.
        report: of the datasets; all of them are trained on.
        labels: of the datasets.
        charset: the characters to train; without it, the datasets' own, or those of the labels.

    Raises:
        UsageError: the trainer is unknown, or does not read the format.
    """
    kind: type[Trainer] = TRAINERS.load(name)
    for dataset in report.datasets:
        if dataset.format not in kind.formats:
            raise UsageError(
                f"{kind.title} does not read the format {dataset.format} of {dataset.path}",
                f"Run: handgen convert {quoted(report.path)} OUT --format {kind.formats[0]}.",
            )
    facts, prepare = _facts(report, labels, charset)
    trainer, plain = kind.for_data(facts), kind()
    as_it_comes, with_flags = Verdict(), Verdict()
    for label, (count, first) in labels.items():
        as_it_comes.add(plain, label, count, first)
        with_flags.add(trainer, label, count, first)
    return Judgment(trainer, as_it_comes, with_flags, trainer.flags(facts), trainer.command(facts), prepare)


def _facts(report: Report, labels: Labels, charset: str | None) -> tuple[Facts, list[str]]:
    """Return what the settings follow from, and the shell that brings the charset into one file."""
    paths = [dataset.path for dataset in report.datasets]
    own = [own_charset(path) for path in paths]
    characters, file = charset, Path("charset.txt")
    prepare = [f"# {file}: the characters to train, one a line"]
    if charset is None and None not in own:
        characters = "".join(text or "" for text in own)
        file, prepare = paths[0] / file, []
        if len(paths) > 1:
            file = Path("handgen-charset.txt")
            prepare = [f"find {quoted(report.path)} -name charset.txt -exec cat {{}} + | LC_ALL=C sort -u > {file}"]
    elif charset is None:
        characters = "".join(labels)
    facts = Facts(
        charset="".join(sorted(set(characters or ""))),
        longest=max(map(len, labels), default=1),
        aspect=max(dataset.aspect for dataset in report.datasets),
        folder=report.path,
        format=report.datasets[0].format,
        charset_file=file,
    )
    return facts, prepare
