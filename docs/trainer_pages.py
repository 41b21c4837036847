"""Writes trainers/, a page for each OCR trainer, from the rules that ``handgen check`` knows."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any

from handgen.check.labels import Fault
from handgen.check.trainers import TRAINERS
from handgen.check.trainers.base import Facts, Trainer
from handgen.formats import FORMATS

FOLDER = Path(__file__).with_name("trainers")
_CHARSETS = (
    ("lower-case Latin letters and digits", "0123456789abcdefghijklmnopqrstuvwxyz"),
    ("Latin letters of both cases and digits", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("Chinese", "一丁七万丈三上下不与"),
)
"""Examples of what a set is of."""
_PROBES = (
    ("a Latin letter", "a"),
    ("a capital letter", "A"),
    ("a Chinese character", "一"),
    ("two words", "two words"),
    ("30 letters", "a" * 30),
    ("an accent", "é"),
)
_SHOWN = 24


_PAGE = """# {title}

<!-- docs/trainer_pages.py writes this (make reference); the rules are in handgen/check/trainers -->

{about}

## Write it

It reads the format{plural} {listed}:

{formats}

```sh
handgen synth --count 100000 --format {format} --out datasets/train/handgen
handgen synth --count 2000 --seed 1 --format {format} --out datasets/val/handgen
handgen check datasets/train --for {name}
```

The second set only shows that training works; validate on real handwriting. `check` says how many samples the trainer
keeps, alters or drops, and prints the flags and the command for this very set. Below, `/datasets` is the full path of
that folder.

## Start it

{starts}

## Its rules

Its own settings ({comes_as}):

{settings}

What it makes of a label, with these and with the flags that `check` prints for such a set:

| label | as it comes | with the flags |
|---|---|---|
{labels}

{faults}
"""


def page(name: str) -> str:
    """Return the page of a trainer."""
    kind: type[Trainer] = TRAINERS.load(name)
    format = kind.formats[0]
    filled = _PAGE.format(
        title=kind.title,
        about=" ".join((inspect.getdoc(kind) or "").partition("\n\nAttributes:")[0].split()),
        plural="s" * (len(kind.formats) > 1),
        listed=" or ".join(f"`{each}`" for each in kind.formats),
        formats="\n".join(f"- `{each}`: {_summary(each)}" for each in kind.formats),
        format=format,
        name=name,
        starts="\n".join(_starts(kind, format)).strip(),
        comes_as=kind.comes_as,
        settings="\n".join(_settings(kind, format)),
        labels="\n".join(_labels(kind, format)),
        faults="\n".join(_faults(kind, format)),
    )
    return filled.rstrip() + "\n"


def _facts(charset: str, format: str) -> Facts:
    return Facts(charset, 1, 1.0, Path("/datasets/train/handgen"), format, Path("/datasets/train/handgen/charset.txt"))


def _summary(format: str) -> str:
    return next(entry.summary for entry in FORMATS if entry.name == format)


def _starts(kind: type[Trainer], format: str) -> list[str]:
    alike: dict[tuple[str, ...], list[str]] = {}
    notes: dict[str, None] = {}
    for title, charset in _CHARSETS:
        facts = _facts(charset, format)
        trainer = kind.for_data(facts)
        notes.update(dict.fromkeys(trainer.notes()))
        command, flags = trainer.command(facts), trainer.flags(facts)
        lines = ["```sh", *command, "```", ""] if command else []
        lines += [f"- `{flag}`: {why}" for flag, why in flags.items()] or ["- No flag is needed."]
        alike.setdefault((*lines, ""), []).append(title)
    everything = [
        line
        for lines, titles in alike.items()
        for line in (f"For a set of single characters, {'; or '.join(titles)}:", "", *lines)
    ]
    if notes:
        everything += ["To be known:", "", *(f"- {_escaped(note)}" for note in notes), ""]
    return everything


def _settings(kind: type[Trainer], format: str) -> list[str]:
    own = kind.as_it_comes(_facts(_CHARSETS[1][1], format))
    lines = [f"- {field.name.replace('_', ' ')}: {_value(getattr(own, field.name))}" for field in fields(own)]
    return lines or ["- it has none that matter here"]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}… ({len(value)} characters)"
        return f"`` {shown} ``" if shown else "none"
    return f"`{value}`"


def _labels(kind: type[Trainer], format: str) -> list[str]:
    rows = []
    for title, label in _PROBES:
        facts = _facts("".join(dict.fromkeys(label)), format)
        facts = Facts(**{**vars(facts), "longest": len(label), "aspect": float(len(label))})
        cells = [_made(each, label) for each in (kind.as_it_comes(facts), kind.for_data(facts))]
        rows.append(f"| {title} | {cells[0]} | {cells[1]} |")
    return rows


def _made(trainer: Trainer, label: str) -> str:
    reading = trainer.read(label)
    if reading.label == label:
        return "as it is"
    why = f": {', '.join(reading.reasons)}" if reading.reasons else ""
    if reading.label is None:
        return _escaped(f"not learned{why}")
    return _escaped(f"learns `{reading.label}`{why}") if reading.label else _escaped(f"learns nothing{why}")


def _faults(kind: type[Trainer], format: str) -> list[str]:
    trainer = kind.as_it_comes(_facts(_CHARSETS[0][1], format))
    found = [(fault, trainer.outcome(fault, format)) for fault in Fault]
    lines = [f"- {_escaped(outcome.reason)}" for _, outcome in found if outcome is not None]
    head = ["Damaged samples, which `handgen check` finds:", ""]
    return [*head, *lines] if lines else []


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("[", r"\[").replace("<", "&lt;")


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(exist_ok=True)
    for entry in TRAINERS:
        (FOLDER / f"{entry.name}.md").write_text(page(entry.name), encoding="utf-8")
