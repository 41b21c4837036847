"""What is asked of one source: the options of ``synth`` that say how it draws."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from handgen.errors import UsageError
from handgen.registry import nearest
from handgen.settings import Settings, setting

CONTINUOUS = "continuous"
OWN = frozenset({"source", "share", "optional"})
"""Settings that say which source there is and how much of it; the others say how it draws."""
FONT, PEN = "font", "pen"
STYLES, DRAWN, PATHS = "In which styles", "What draws", "Where things are"
"""Panels of the help."""
_USUAL_SIZE = 64
_RANGE = "Give two numbers from 0 to 1, as 0,0.3."


@dataclass(frozen=True)
class SourceSpec(Settings):
    """One source of a recipe.

    Raises:
        UsageError: a value is out of range.
    """

    source: str = setting(
        "", "Run folder, model file, name of shipped weights, glyph store; or pen, fonts, store.", panel=DRAWN
    )
    share: float = setting(1.0, "Its share of the samples, against those of the others.", minimum=0, panel=DRAWN)
    optional: bool = setting(False, "Leave it out where it cannot be had.", panel=DRAWN)
    styles: str = setting(
        "",
        "A number: the trained styles first, then mixtures of them; with a bicyclegan, N latents far apart. Names with "
        "commas between, also of added styles. Or continuous: another latent for every sample.",
        metavar="N|NAMES|continuous",
        shown="every trained style",
        panel=STYLES,
        often=True,
    )
    like: Path | None = setting(
        None,
        "Write in this style: an image of one character, a folder of them, or a glyph store (bicyclegan, pen).",
        metavar="IMAGE|DIR|STORE",
        panel=STYLES,
        often=True,
    )
    vary: float = setting(
        1.0,
        "How much each drawing differs from the next: 0 not at all, 1 as people do.",
        minimum=0,
        maximum=1,
        panel=STYLES,
        often=True,
    )
    content: str = setting(
        FONT,
        "What a model redraws: the source font's glyphs, or these written anew by a pen for each sample.",
        choices=(FONT, PEN),
        panel=STYLES,
    )
    writer: Path | None = setting(None, "Writers, as the writers.json of a dataset holds them (pen).", panel=DRAWN)
    cursiveness: str = setting(
        "",
        "From print (0) to running hand (1): writers are spread evenly between the two (pen).",
        metavar="LOW,HIGH",
        shown="mostly 0.1 to 0.6",
        panel=DRAWN,
    )
    strokes: str = setting(
        "hanzi,kanjivg,trace",
        "Where strokes come from, first to last: hanzi, kanjivg, trace (the centerlines of --font) (pen).",
        metavar="NAMES",
        panel=DRAWN,
    )
    size: int | None = setting(
        None,
        "Side of an image in pixels; models and stores have their own.",
        minimum=16,
        maximum=512,
        shown="that of the models, else 64",
        panel=DRAWN,
    )
    fonts: str = setting(
        "",
        "What fonts draws: files, folders, families, or kinds such as handwriting and kai, with commas.",
        metavar="FONTS",
        shown="every font that looks written by hand",
        panel=DRAWN,
    )
    data: Path | None = setting(None, "Glyph store: its images (store), or its fonts (fonts).", panel=PATHS)
    font: str | None = setting(
        None, "Source font.", shown="the one the model was trained with", panel=PATHS, often=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not math.isfinite(self.share):
            raise UsageError(f"a share of {self.share:g} is impossible", "Give a number from 0.")
        given = self.range
        if given and self.writer:
            raise UsageError("--writer has a cursiveness of its own", "Leave out --cursiveness.")

    @property
    def range(self) -> tuple[float, float] | None:
        """The range that ``cursiveness`` means: two numbers, or one for both; None for nothing."""
        if not self.cursiveness:
            return None
        try:
            numbers = [float(part) for part in self.cursiveness.split(",")]
        except ValueError:
            numbers = []
        if not 1 <= len(numbers) <= 2 or not 0 <= numbers[0] <= numbers[-1] <= 1:
            raise UsageError(f"--cursiveness {self.cursiveness} is no range", _RANGE)
        return numbers[0], numbers[-1]

    def side(self, fixed: int | None) -> int:
        """Return the side of the images: what is asked for, else ``fixed``, else 64 pixels."""
        return self.size or fixed or _USUAL_SIZE

    def given(self) -> tuple[str, ...]:
        """Return the names of the settings that are not at their default."""
        return tuple(f.name for f in dataclasses.fields(self) if getattr(self, f.name) != f.default)


def asked_styles(text: str, known: Collection[str] = ()) -> int | list[str]:
    """Return what ``--styles`` asks for: a number of styles, or names; none for all that there are.

    Args:
        text: the option.
        known: the names that there are; a number that is one of them is the name.

    Raises:
        UsageError: no style is asked for, or one is named twice.
    """
    text = text.strip()
    if text in known:
        return [text]
    if re.fullmatch(r"[+-]?[0-9]+", text):
        if int(text) < 1:
            raise UsageError(f"--styles {text}: at least one style is needed", "Give a number from 1, or names.")
        return int(text)
    names = [name.strip() for name in text.split(",") if name.strip()]
    if len(set(names)) < len(names) or (text and not names):
        raise UsageError(f"--styles {text} names no style, or one twice", "See 'handgen synth --list-styles'.")
    return names


def some_names(text: str, known: list[str]) -> list[str]:
    """Return what ``--styles`` means where styles are a list of names: the first so many, the named ones, or all.

    Raises:
        UsageError: one is unknown, or there are not so many.
    """
    asked = asked_styles(text, known)
    if isinstance(asked, int):
        if asked > len(known):
            raise UsageError(
                f"{asked} styles were asked for and there are {len(known)}", f"Use --styles {len(known)} at most."
            )
        return known[:asked]
    for name in asked:
        if name not in known:
            raise UsageError(f"unknown style '{name}'", nearest(name, known))
    return asked or known
