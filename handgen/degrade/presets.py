"""The presets, as a table: effect -> its probability, and its settings if they are not the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Preset:
    """A named pipeline.

    Attributes:
        summary: one line for a listing.
        lost: the largest allowed share of 64-pixel glyphs that the preset makes unreadable. It is tested with 176
            Chinese and Latin characters, many of which differ by one stroke (己已巳, 土士, 白自), which are compared
            with clean templates. This reader fails earlier than a person does.
        effects: effect -> ``probability`` and settings, as in a YAML file.
    """

    summary: str
    lost: float = 0.0
    effects: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def _on(probability: float, **settings: float) -> dict[str, float]:
    return {"probability": probability, **settings}


PRESETS: Mapping[str, Preset] = {
    "none": Preset("clean drawings"),
    "pen": Preset(
        "another hand and another pen on white paper",
        lost=0.02,
        effects={
            "slant": _on(0.7, degrees=8),
            "rotation": _on(0.7, degrees=3),
            "aspect": _on(0.6),
            "size": _on(0.7),
            "baseline": _on(0.7),
            "elastic": _on(0.8),
            "pen_width": _on(0.8),
            "bleed": _on(0.2),
            "ink": _on(0.5),
            "dropout": _on(0.2),
            "pencil": _on(0.15),
        },
    ),
    "ink": Preset(
        "lines as wide, dark and finely scanned as those of real handwriting",
        lost=0.02,
        effects={"real_ink": _on(1.0)},
    ),
    "grain": Preset(
        "the same, half of them with the grain of a scanner, a quarter with a broad pen, a third black",
        lost=0.02,
        effects={"real_ink": _on(1.0, broad=0.25, dark=0.35), "noise": _on(0.5, deviation=0.06)},
    ),
    "lines": Preset(
        "lines of text cut from a scanned page: a third with that ink, never coarse or pale, two thirds on rules",
        lost=0.02,
        effects={
            "real_ink": _on(0.35, coarse=0.0, least=0.7),
            "ruled": _on(0.65, written=0.9, darkness=0.55, thickness=0.035),
        },
    ),
    "notebook": Preset(
        "handwriting in a notebook, in color",
        lost=0.02,
        effects={
            "slant": _on(0.6, degrees=8),
            "rotation": _on(0.6, degrees=2.5),
            "aspect": _on(0.5),
            "size": _on(0.6),
            "baseline": _on(0.7),
            "elastic": _on(0.7),
            "pen_width": _on(0.7),
            "bleed": _on(0.3),
            "ink": _on(0.7),
            "dropout": _on(0.15),
            "pencil": _on(0.2),
            "ink_color": _on(0.7),
            "paper": _on(1.0, darkest=0.88),
            "ruled": _on(0.35),
            "squares": _on(0.2),
            "mizige": _on(0.15),
            "colored": _on(0.4, strength=0.2),
            "stains": _on(0.06),
            "blur": _on(0.5, sigma=0.01),
            "noise": _on(0.5, deviation=0.02),
        },
    ),
    "scan": Preset(
        "forms and letters from an office scanner, gray or black and white",
        lost=0.02,
        effects={
            "slant": _on(0.4, degrees=8),
            "rotation": _on(0.5, degrees=2),
            "aspect": _on(0.4),
            "size": _on(0.5),
            "baseline": _on(0.5),
            "elastic": _on(0.5),
            "pen_width": _on(0.6),
            "bleed": _on(0.25),
            "ink": _on(0.6),
            "dropout": _on(0.12),
            "pencil": _on(0.1),
            "paper": _on(0.8, darkest=0.9),
            "ruled": _on(0.12),
            "squares": _on(0.06),
            "form": _on(0.25),
            "stains": _on(0.04),
            "blur": _on(0.8, sigma=0.013),
            "low_resolution": _on(0.25, factor=0.55),
            "noise": _on(0.7, deviation=0.025),
            "binarize": _on(0.2),
            "jpeg": _on(0.6, quality=35),
        },
    ),
    "photo": Preset(
        "notebooks and notes photographed with a telephone, in color",
        lost=0.03,
        effects={
            "slant": _on(0.5, degrees=8),
            "rotation": _on(0.8, degrees=5),
            "aspect": _on(0.5, stretch=0.16),
            "size": _on(0.6),
            "baseline": _on(0.5),
            "elastic": _on(0.6),
            "pen_width": _on(0.6),
            "bleed": _on(0.2),
            "ink": _on(0.7),
            "dropout": _on(0.1),
            "pencil": _on(0.15),
            "ink_color": _on(0.7),
            "paper": _on(1.0, darkest=0.8, fibre=0.03),
            "ruled": _on(0.25),
            "squares": _on(0.12),
            "mizige": _on(0.06),
            "form": _on(0.06),
            "colored": _on(0.6, strength=0.3),
            "stains": _on(0.06),
            "lighting": _on(0.9),
            "shadow": _on(0.35),
            "motion": _on(0.2, length=0.045),
            "blur": _on(0.6, sigma=0.016),
            "low_resolution": _on(0.2, factor=0.55),
            "noise": _on(0.9, deviation=0.045),
            "jpeg": _on(0.8, quality=30),
        },
    ),
}
