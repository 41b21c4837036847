"""The model card, in Markdown: the data of weights and its licenses, settings, measurements and limits."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from handgen import weights
from handgen.checkpoints.facts import ModelFacts
from handgen.export.licenses import Provenance
from handgen.export.listing import charset_name
from handgen.export.measured import train_command
from handgen.models import MODELS
from handgen.training.settings import TrainSettings
from handgen.version import __version__

_WORST = 3


def make_card(
    facts: ModelFacts,
    styles: Mapping[str, Provenance],
    files: Mapping[str, int],
    recognizer: Mapping[str, Any],
    notes: str,
) -> str:
    """Return the card.

    Args:
        facts: the facts of the model file.
        styles: style name -> where it comes from.
        files: file name -> size in bytes.
        recognizer: the facts of the recognizer that comes with the model; empty without one.
        notes: Markdown to append.
    """
    parts = [
        _head(facts, files),
        _data(facts, styles),
        _settings(facts),
        _numbers(facts),
        _recognizer(facts, recognizer, files) if recognizer else "",
        _limits(facts, recognizer),
        notes.strip(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(facts: ModelFacts, files: Mapping[str, int]) -> str:
    name, count = facts.name, len(facts.styles)
    megabytes = files[weights.MODEL] / 1e6
    return (
        f"# {name}\n\n"
        f"Trained weights for `handgen synth`: a {facts.model} of {count} styles, "
        f"{charset_name(facts.usual_characters)}, {facts.size} x {facts.size} pixels, {megabytes:.1f} MB in "
        f"half precision. Made with handgen {__version__}.\n\n"
        f"```sh\nhandgen synth --model {name} --styles 15 --count 100000\n```\n\n"
        "If they did not come with handgen, `--model` takes their folder.\n\n"
        f"![A row for each style]({weights.PICTURE})"
    )


def _data(facts: ModelFacts, styles: Mapping[str, Provenance]) -> str:
    rows = [(style, known.family, known.license, known.where or "-") for style, known in styles.items()]
    source = facts.raster.source
    drawn_from = [f"Source font, at training and at synthesis: {source}.", _other_source(facts)] if source else []
    return (
        "## Data and licenses\n\n"
        "Learned from pictures of the glyphs of these fonts; no font, nor any part of one, is in the files here. "
        "The weights themselves are under handgen's own license, Apache-2.0. "
        + " ".join(line for line in drawn_from if line)
        + "\n\n"
        + _table(("style", "font", "license", "where it is from"), rows)
    )


def _other_source(facts: ModelFacts) -> str:
    moved = facts.source_moved
    if not moved:
        return ""
    return (
        f"Training had another build of it ({moved['trained_with']}), whose drawings differ by {moved['mean_levels']} "
        f"of 255 gray levels on average over {moved['glyphs']} characters, by {moved['most_levels']} at most."
    )


def _settings(facts: ModelFacts) -> str:
    settings = {**facts.settings, **facts.config}
    begun = settings.pop("from", "")
    lines = [
        f"{facts.images:,} images, seed {facts.seed}; what is not named is the default of handgen {__version__}:",
        f"```sh\n{train_command(facts.model, settings, _defaults(facts.model))}\n```",
    ]
    if begun:
        lines.append(f"It began with the weights of another run (`--from`, {begun}).")
    return "## Settings\n\n" + "\n\n".join(lines)


def _defaults(name: str) -> dict[str, Any]:
    model = MODELS.load(name)
    own = [field for kind in (TrainSettings, model.Config) for field in dataclasses.fields(kind)]
    return {field.name: field.default for field in own} | dict(model.defaults)


_READS = (
    "`reads` is the share of drawings whose label is the recognizer's first guess, `judge` that of PP-OCR, which had "
    "no part in making them; `reads true` and `judge true` are of the real glyphs of the same characters."
)


def _numbers(facts: ModelFacts) -> str:
    half = facts.half_precision
    rounded = (
        f"Half precision changes a drawn pixel by {half['mean_levels']} of 255 gray levels on average, by "
        f"{half['most_levels']} at most."
    )
    found = facts.measured.get("styles")
    if not found:
        return f"## Numbers\n\nNothing was measured on held-out glyphs. {rounded}"
    by = "`handgen eval`" if facts.measured["by"] == "eval" else "`handgen train`"
    if most := facts.measured.get("glyphs_per_style_at_most"):
        by += f" after {facts.measured['images']:,} images, on at most {most} glyphs a style"
    columns = [key for key in next(iter(found.values())) if key not in ("glyphs", "samples")]
    rows = [(name, *(_shown(row.get(key)) for key in columns)) for name, row in found.items()]
    head = ("style", *(column.replace("_", " ") for column in columns))
    spread = facts.measured.get("diversity") or {}
    differ = (
        f" Drawings of one character in different styles differ {spread['ratio']:.0%} as much as the real glyphs do."
        if spread.get("ratio")
        else ""
    )
    reads = f" {_READS}" if "reads" in columns else ""
    return (
        f"## Numbers\n\nOn glyphs that training never saw, measured by {by}, in single precision. "
        f"{rounded}{differ}{reads}\n\n" + _table(head, rows)
    )


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "-" if value is None else str(value)


def _recognizer(facts: ModelFacts, recognizer: Mapping[str, Any], files: Mapping[str, int]) -> str:
    floors = facts.gate.get("floors", {})
    text = (
        f"## The recognizer\n\n`{weights.RECOGNIZER}` ({files[weights.RECOGNIZER] / 1e6:.1f} MB) reads "
        f"{charset_name(recognizer['charset'])} for the gate. It learned {len(recognizer.get('fonts', ()))} fonts in "
        f"{recognizer.get('images', 0):,} images. What it must see of a label, as log p(label) - log p(best other), "
        "was taken from the real glyphs of each style."
    )
    if measured := recognizer.get("measured"):
        columns = list(next(iter(measured.values())))
        rows = [(font, *(_shown(row.get(key)) for key in columns)) for font, row in measured.items()]
        text += "\n\n" + _table(("font it never saw", *columns), rows)
    if floors:
        text += "\n\n" + _table(
            ("style", "floor of the gate"), [(name, f"{value:.2f}") for name, value in floors.items()]
        )
    return text


def _limits(facts: ModelFacts, recognizer: Mapping[str, Any]) -> str:
    lines = [
        f"It was trained and measured on {charset_name(facts.charset + facts.held_out)}. Other characters of the "
        "source font are drawn, too, but their quality was not measured.",
        f"Images are {facts.size} pixels a side; larger ones need a model of their own.",
    ]
    found = facts.measured.get("styles", {})
    worst = sorted((row["ssim"], name) for name, row in found.items() if name != "mean" and row.get("ssim") is not None)
    if len(worst) > _WORST:
        names = ", ".join(f"{name} ({value:.2f})" for value, name in worst[:_WORST])
        lines.append(f"Farthest from their true glyphs, by SSIM: {names}.")
    if recognizer and (unknown := set(facts.usual_characters) - set(recognizer["charset"])):
        lines.append(f"The recognizer does not know {len(unknown):,} of its characters; they pass the gate unread.")
    if not recognizer:
        lines.append("No recognizer comes with it: without one in `runs/`, `synth` writes unread labels.")
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
