"""What ``synth`` and ``preview`` ask of whatever draws characters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from handgen.errors import UsageError
from handgen.fonts.find import UNKNOWN, short_license
from handgen.glyphs.store import GlyphStore
from handgen.lines.penned import PenLine
from handgen.lines.shaped import LineFont
from handgen.models.base import DrawnStyle, StyleSpec
from handgen.models.styles import vectors
from handgen.seeds import SampleKey
from handgen.sources.spec import CONTINUOUS, SourceSpec, asked_styles
from handgen.strokes.ends import Ends, ends_together

WEIGHTS = "weights "
"""What the name of weights begins with where licenses are listed."""
Rows = NDArray[np.int64]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Drawing:
    """Drawn characters.

    Attributes:
        images: uint8 ``[n, size, size]``, 0 = ink, 255 = paper.
        notes: of each, what is worth keeping in its meta, such as a latent that no other sample has.
        ends: where a pen enters and leaves each, so that it can go on to the next in a line; None if no pen drew.
    """

    images: NDArray[np.uint8]
    notes: list[dict[str, Any]]
    ends: Ends | None = None

    def put(self, rows: Rows, other: Drawing, which: Rows | NDArray[np.bool_]) -> None:
        """Replace the drawings at ``rows`` by some of another."""
        self.images[rows] = other.images[which]
        if self.ends is not None:
            self.ends.values[rows] = 0 if other.ends is None else other.ends.values[which]
        positions = np.arange(len(other.notes))[which]
        for row, number in zip(rows.tolist(), positions.tolist(), strict=True):
            self.notes[row] = other.notes[number]


def joined(drawings: Sequence[Drawing]) -> Drawing:
    """Return several drawings as one."""
    if len(drawings) == 1:
        return drawings[0]
    return Drawing(
        np.concatenate([drawing.images for drawing in drawings]),
        [note for drawing in drawings for note in drawing.notes],
        ends_together([drawing.ends for drawing in drawings]),
    )


@dataclass(frozen=True)
class Part:
    """One source of those that a dataset is drawn by.

    Attributes:
        source: draws.
        share: of the samples, a whole number.
        chars: int64 ``[len(source.chars)]``, its characters' positions among all.
        first_style: its first style's number among all.
    """

    source: Source
    share: int
    chars: Rows
    first_style: int


@dataclass(frozen=True)
class GateFacts:
    """What a gate can know of a source: who reads it, and how legible its styles' real glyphs are.

    Attributes:
        recognizer: the one that came with it.
        owed: whether one came with it, be it here or not.
        store: what it learned from, if that is still where it was.
        floors: style -> the least margin of its real glyphs, as measured when these were at hand.
        measured_by: digest of the recognizer that measured the floors.
        unlearned: the characters that it can draw but never learned: some styles draw them badly.
    """

    recognizer: Path | None = None
    owed: bool = False
    store: GlyphStore | None = None
    floors: Mapping[str, float] = field(default_factory=dict)
    measured_by: str = ""
    unlearned: str = ""


@dataclass(frozen=True)
class Opening:
    """What is alike for all sources of a run.

    Attributes:
        seed: of the run, which styles may follow from.
        device: where networks draw.
        size: side of the images in pixels, where a source has none of its own.
        progress: called with what takes long, how many of it are done, and how many there are.
        workers: processes that may trace fonts side by side; more than 1 only where processes can be started.
        suit: the characters that fonts suit which are not named, if these are not the ones that are drawn.
    """

    seed: int = 0
    device: str = "cpu"
    size: int | None = None
    progress: Progress | None = None
    workers: int = 1
    suit: str = ""


@dataclass(frozen=True, eq=False)
class Source(ABC):
    """Draws characters in styles.

    Attributes:
        name: what a person calls it.
        chars: what it can draw of what was asked for, in that order, each character once.
        size: side of the images in pixels.
        styles: what it draws in; names are unique.
        skipped: reason -> characters that were asked for and that it cannot draw.
        block: how many characters are best drawn together.
        parallel: whether several threads draw faster than one.
    """

    options: ClassVar[frozenset[str]] = frozenset()
    """The settings of ``SourceSpec`` that say something to it, beside ``source`` and ``share``."""

    name: str
    chars: str
    size: int
    styles: Sequence[DrawnStyle]
    skipped: Mapping[str, str]
    block: int
    parallel: bool

    @classmethod
    @abstractmethod
    def open(cls, spec: SourceSpec, chars: str, how: Opening) -> Source:
        """Make a source ready.

        Args:
            spec: what is asked of it.
            chars: the characters to draw.
            how: what is alike for all sources of a run.

        Raises:
            UsageError, HandgenError: it cannot be had, or can draw none of the characters.
        """

    @classmethod
    @abstractmethod
    def usual_chars(cls, spec: SourceSpec) -> str:
        """Return the characters that it draws unless told otherwise."""

    @classmethod
    def lack(cls, spec: SourceSpec, chars: str) -> str:
        """Return why it cannot be had for these characters, without opening it; empty if nothing speaks against it."""
        del chars
        return ""

    @classmethod
    def unseen_chars(cls, spec: SourceSpec) -> str:
        """Return characters that were kept from it when it was trained: the most telling to look at."""
        return ""

    @classmethod
    def own_size(cls, spec: SourceSpec) -> int | None:
        """Return the side of its images in pixels, if it cannot be chosen."""
        return None

    @classmethod
    def list_styles(cls, spec: SourceSpec) -> list[dict[str, Any]]:
        """Return a record of each style that ``--styles`` knows by name."""
        return []

    @abstractmethod
    def draw(self, characters: Rows, styles: Rows, key: SampleKey) -> Drawing:
        """Draw.

        Args:
            characters: int64 ``[n]``, positions in ``chars``.
            styles: int64 ``[n]``, positions in ``styles``.
            key: ``[n]``; all that is random in a drawing follows from it.
        """

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Return everything that decides what it draws, but for characters and seed."""

    def describe(self, style: int) -> dict[str, Any]:
        """Return what a manifest tells of a style, beside its name: what it is made of, its license."""
        drawn = self.styles[style]
        vector = [round(float(value), 6) for value in drawn.vector]
        return {"weights": dict(drawn.weights), **({"vector": vector} if vector else {})}

    def facts(self) -> dict[str, Any]:
        """Return what a manifest tells of the source: where what it draws comes from, under which licenses."""
        return {}

    def licenses(self) -> dict[str, str]:
        """Return what its drawings come from -> license: the stroke data by default, else fonts, and weights."""
        return {
            what: short_license(license.rpartition(", ")[0] or license) or UNKNOWN
            for what, license in self.facts().get("stroke_licenses", {}).items()
        }

    @property
    def coverage(self) -> NDArray[np.bool_] | None:
        """``[styles, chars]``: which style can draw which character; None if each can draw all."""
        return None

    @property
    def parts(self) -> Sequence[Part]:
        """The sources that it consists of: itself, if it is no mixture."""
        return [Part(self, 1, np.arange(len(self.chars)), 0)]

    def drops(self, style: int) -> Mapping[str, float]:
        """Return how much lower than on its canvas each character belongs in a line, in canvas sides; 0 by default."""
        return {}

    def line_font(self, style: int) -> LineFont | PenLine | None:
        """Return what draws whole lines of a style; None, by default, if they are put together of its characters."""
        del style
        return None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should beware of, a line each."""
        return ()

    def gate_facts(self) -> GateFacts:
        """Return what a gate can know of it."""
        return GateFacts()

    def content_glyphs(self) -> NDArray[np.uint8] | None:
        """Return what it redraws of its characters, uint8 ``[len(chars), size, size]``; None if that is no image."""
        return None

    def save_beside(self, folder: Path) -> None:
        """Write into a dataset's folder what another run can draw the same styles from, if that is a file."""
        del folder

    def walk(self, first: str, second: str, steps: int) -> tuple[Source, str]:
        """Return this source in ``steps`` styles from one to another, and what these lie on.

        Raises:
            UsageError: there is no such style, or no way between styles.
        """
        raise UsageError(f"there is no way between the styles of {self.name}", "Leave out --interpolate.")


def draw_in_blocks(source: Source, characters: Rows, styles: Rows, key: SampleKey) -> Drawing:
    """Draw as ``Source.draw`` does, as many together as the source draws best."""
    blocks = [slice(start, start + source.block) for start in range(0, len(key), source.block)]
    return joined([source.draw(characters[block], styles[block], key[block]) for block in blocks])


def no_notes(count: int) -> list[dict[str, Any]]:
    """Return empty notes."""
    return [{} for _ in range(count)]


def choose_styles(spec: StyleSpec, wanted: str, seed: int) -> list[DrawnStyle]:
    """Return the styles that ``--styles`` means: a name, a number, "continuous", names with commas, or all when empty.

    Raises:
        UsageError: none is asked for, one is unknown, or one is named twice.
    """
    if wanted.strip() == CONTINUOUS:
        return [spec.continuous()]
    asked = asked_styles(wanted, spec.names)
    if isinstance(asked, int):
        return spec.draw(asked, seed)
    return spec.find(asked, seed) if asked else spec.pick(spec.names)


def latents(styles: Sequence[DrawnStyle], key: SampleKey) -> tuple[Any, list[dict[str, Any]]]:
    """Return the vectors of the styles of some drawings, float32 ``[n, dim]``, and notes of those no other sample has.

    Args:
        styles: ``[n]``, of each drawing.
        key: ``[n]``; what is fresh in a style follows from it, and is one for all characters of a line.
    """
    made = vectors(styles, key.shared("latent"))
    notes = no_notes(len(styles))
    for note, style, vector in zip(notes, styles, made, strict=True):
        if style.fresh and style.fresh == len(vector):
            note["latent"] = [round(value, 4) for value in vector.tolist()]
    return made, notes
