"""How many samples of a dataset a trainer keeps, alters and drops: with its own settings, and with the right flags."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handgen.check.labels import Fault, Labels
from handgen.check.report import Report, own_charset
from handgen.check.trainers import TRAINERS
from handgen.check.trainers.base import Facts, Outcome, Reading, Trainer
from handgen.errors import UsageError, quoted
from handgen.formats.easyocr import is_raw
from handgen.formats.findings import EXAMPLES, Example
from handgen.formats.paddleocr import lists_in


@dataclass
class Counted:
    """How many samples are altered or dropped for one reason, and the first of them."""

    altered: int = 0
    dropped: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass
class Verdict:
    """How many samples a trainer keeps unchanged, alters, and drops. One sample may count for several reasons.

    Attributes:
        stops: whether training ends with an error.
    """

    kept: int = 0
    altered: int = 0
    dropped: int = 0
    reasons: dict[str, Counted] = field(default_factory=dict)
    stops: bool = False

    def add(self, trainer: Trainer, label: str, count: int, first: int, outcome: Outcome | None = None) -> None:
        """Count the samples with one label.

        Args:
            trainer: the trainer with its settings.
            label: the label; empty if it is missing.
            count: how many samples have it.
            first: the number of the first of them.
            outcome: what the trainer does because of a fault of these samples. Samples that it drops for their label
                never get that far.
        """
        reading = trainer.read(label) if label or outcome is None else Reading("")
        if outcome is not None and reading.label is not None:
            reading = Reading(outcome.reads, (*reading.reasons, outcome.reason))
            self.stops |= outcome.stops
        elif reading.label == label:
            self.kept += count
            return
        self.stops |= any("training stops" in reason for reason in reading.reasons)
        self._count(reading, label, count, first)

    def _count(self, reading: Reading, label: str, count: int, first: int) -> None:
        dropped = reading.label is None
        self.dropped += count * dropped
        self.altered += count * (not dropped)
        for reason in reading.reasons:
            counted = self.reasons.setdefault(reason, Counted())
            counted.dropped += count * dropped
            counted.altered += count * (not dropped)
            if len(counted.examples) < EXAMPLES:
                read = "dropped" if reading.label is None else f"read as '{reading.label}'"
                counted.examples.append(Example(first or None, label or None, read))

    def lose(self, reason: str, count: int) -> None:
        """Count all ``count`` samples as lost, because training stops."""
        self.stops = True
        self.kept, self.altered, self.dropped = 0, 0, self.dropped + count
        self.reasons = {reason: Counted(dropped=count)}

    def drop(self, reason: str, count: int) -> None:
        """Count ``count`` of the kept samples as dropped, because the trainer does not find them."""
        count = min(count, self.kept)
        if count:
            self.kept, self.dropped = self.kept - count, self.dropped + count
            self.reasons[reason] = Counted(dropped=count)

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON."""
        reasons = {
            reason: {**vars(counted), "examples": [vars(example) for example in counted.examples]}
            for reason, counted in self.reasons.items()
        }
        return {
            "kept": self.kept,
            "altered": self.altered,
            "dropped": self.dropped,
            "stops": self.stops,
            "reasons": reasons,
        }


@dataclass
class Judgment:
    """A trainer's two verdicts, and what to type.

    Attributes:
        trainer: the trainer with the settings for this dataset.
        as_it_comes, with_flags: the verdicts without and with ``flags``.
        flags: flag or change of a file -> why.
        command: shell commands that start training; [] if there are none.
        prepare: shell commands to run before.
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
        name: the trainer's registered name.
        report: the report on the datasets that are to be trained on together.
        labels: the labels of these datasets.
        charset: the characters to train; by default the datasets' charsets, or else the characters of the labels.

    Raises:
        UsageError: the trainer is unknown, or does not read the datasets' format.
    """
    kind: type[Trainer] = TRAINERS.load(name)
    for dataset in report.datasets:
        if dataset.format not in kind.formats:
            raise UsageError(
                f"{kind.title} does not read the format {dataset.format} of {dataset.path}",
                f"Run: handgen convert {quoted(report.path)} OUT --format {kind.formats[0]}.",
            )
    facts, prepare = _facts(report, labels, charset)
    trainer, plain = kind.for_data(facts), kind.as_it_comes(facts)
    verdicts = _verdict(plain, report, labels), _verdict(trainer, report, labels)
    return Judgment(trainer, *verdicts, trainer.flags(facts), trainer.command(facts), prepare)


def _verdict(trainer: Trainer, report: Report, labels: Labels) -> Verdict:
    """Apply a trainer's rules to every sample, also to samples that ``num-samples`` promises and that are missing."""
    verdict = Verdict()
    format = report.datasets[0].format
    faulty: Counter[str] = Counter()
    for (label, fault), (count, first) in labels.faulty.items():
        if (outcome := trainer.outcome(fault, format)) is not None:
            verdict.add(trainer, label, count, first, outcome)
            faulty[label] += count
    for label, (count, first) in labels.items():
        if count > faulty[label]:
            verdict.add(trainer, label, count - faulty[label], first)
    total = verdict.kept + verdict.altered + verdict.dropped
    for dataset in report.datasets:
        promised, no_count = (trainer.outcome(fault, format) for fault in (Fault.NO_SAMPLE, Fault.NO_COUNT))
        if promised and (missing := dataset.findings.number("count-too-large") + dataset.findings.number("gap")):
            verdict.add(trainer, "", missing, dataset.samples + 1, promised)
        if no_count and "no-count" in dataset.findings:
            verdict.lose(no_count.reason, total)
        if no_count and "bad-count" in dataset.findings:
            verdict.lose("num-samples is no count; training stops (ValueError)", total)
        for rule, outcome in trainer.findings.items():
            if outcome.stops and rule in dataset.findings:
                verdict.lose(outcome.reason, total)
            elif not verdict.stops:
                verdict.drop(outcome.reason, dataset.findings.number(rule))
    if total and (reason := trainer.stops_at(labels)):
        verdict.lose(reason, total)
    return verdict


def _facts(report: Report, labels: Labels, charset: str | None) -> tuple[Facts, list[str]]:
    """Return the facts, and the shell commands that write the charset into one file if there is no such file yet."""
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
        raw_csv=report.datasets[0].format == "easyocr" and all(is_raw(path / "labels.csv") for path in paths),
        lists=tuple(file.relative_to(report.path).as_posix() for path in paths for file in lists_in(path)),
    )
    return facts, prepare
