"""Turns text into positioned glyphs with HarfBuzz: kerning, ligatures, joined scripts, marks, both directions.

A line is cut into runs of one direction and one script. HarfBuzz shapes each run, with the text around it as context,
and the runs are put in visual order.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import uharfbuzz
from fontTools import unicodedata as scripts
from numpy.typing import NDArray

from handgen.errors import FontError
from handgen.fonts.bidi import CLOSER, levels, visual_order
from handgen.fonts.face import FontRef, instance_coordinates, open_face, plain_data

_SHARED = ("Zyyy", "Zinh", "Zzzz")
_UPRIGHT = frozenset(("Hani", "Hira", "Kana", "Hang", "Bopo", "Yiii"))
_NO_LANGUAGE = "und"


@dataclass(frozen=True)
class Run:
    """A part of a line with one direction and one script.

    Attributes:
        start: index of its first character.
        stop: index one past its last character.
        level: embedding level; odd = right to left.
        script: ISO 15924 code of four letters.
    """

    start: int
    stop: int
    level: int
    script: str


@dataclass(frozen=True, eq=False)
class Shaped:
    """A shaped line: its glyphs in visual order, from left to right, or from top to bottom in a column.

    Attributes:
        text: the text in logical order.
        glyphs: int64 ``[n]``, glyph numbers; 0 if the font lacks the character.
        clusters: int64 ``[n]``, index in ``text`` of the first character that each glyph stands for.
        origins: float64 ``[n, 2]``, origin of each glyph in em: x to the right, y up from the base line; in a column, x
            from its axis and y (negative) from its top.
        turned: bool ``[n]``, whether a glyph is turned clockwise by 90 degrees, as Latin letters in a column are.
        advances: float64 ``[n]``, how far each glyph moves the pen along the line, in em.
    """

    text: str
    glyphs: NDArray[np.int64]
    clusters: NDArray[np.int64]
    origins: NDArray[np.float64]
    turned: NDArray[np.bool_]
    advances: NDArray[np.float64]

    @property
    def length(self) -> float:
        """Length of the line in em."""
        return float(self.advances.sum())

    def spans(self) -> list[tuple[int, int]]:
        """Return the clusters as (first, one past the last) indices of ``text``, in logical order."""
        starts = [*sorted({*self.clusters.tolist()}), len(self.text)]
        return list(itertools.pairwise(starts))

    @property
    def missing(self) -> str:
        """The characters of all clusters that have a missing glyph."""
        lacking = set(self.clusters[self.glyphs == 0].tolist())
        return "".join(self.text[start:stop] for start, stop in self.spans() if start in lacking)


class Shaper:
    """Shapes text with one font.

    Args:
        ref: the font.
        language: a BCP 47 tag such as ``fr`` or ``sr`` for language-specific forms; none by default.

    Raises:
        FontError, UsageError: as ``open_face``.
    """

    def __init__(self, ref: FontRef, language: str = "") -> None:
        open_face(ref)  # raises for files that HarfBuzz would silently treat as an empty font
        self.ref, self.language = ref, language or _NO_LANGUAGE
        face = uharfbuzz.Face(plain_data(ref), ref.face)
        self._font = uharfbuzz.Font(face)
        if coordinates := instance_coordinates(ref):
            self._font.set_var_coords_design(list(coordinates))
        self._units = float(face.upem)
        extents = self._font.get_font_extents("ltr")
        self._middle = (extents.ascender + extents.descender) / 2 / self._units
        if not self._units:
            raise FontError(f"the font {ref.path} says nothing of its size", "Use another font.")

    def has(self, char: str) -> bool:
        """Return whether the font has a glyph for ``char``."""
        return bool(self._font.get_nominal_glyph(ord(char)))

    def shape(self, text: str, *, vertical: bool = False) -> Shaped:
        """Shape one line.

        Args:
            text: the text in logical order, without line breaks.
            vertical: make a column; scripts that do not stand upright are turned.
        """
        codes = [ord(char) for char in text]
        parts = []
        pen = np.zeros(2)
        for run in column_runs(text) if vertical else seen_runs(text):
            upright = vertical and run.script in _UPRIGHT
            glyphs, clusters, offsets, steps = self._shape_run(codes, run, upright)
            turned = vertical and not upright
            if turned:
                offsets, steps = _turn(offsets - [0, self._middle]), _turn(steps)
            pens = pen + np.cumsum(np.concatenate([np.zeros((1, 2)), steps]), axis=0)
            parts.append((glyphs, clusters, pens[:-1] + offsets, np.full(len(glyphs), turned), steps))
            pen = pens[-1]
        if not parts:
            none = np.zeros(0, np.int64)
            return Shaped(text, none, none, np.zeros((0, 2)), np.zeros(0, bool), np.zeros(0))
        glyphs, clusters, origins, turns, steps = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Shaped(text, glyphs, clusters, origins, turns, -steps[:, 1] if vertical else steps[:, 0])

    def _shape_run(self, codes: list[int], run: Run, upright: bool) -> tuple[NDArray[Any], ...]:
        """Return glyphs and clusters ``[n]``, and offsets and steps of the pen ``[n, 2]`` in em."""
        buffer = uharfbuzz.Buffer()
        buffer.add_codepoints(codes, run.start, run.stop - run.start)
        buffer.direction = "ttb" if upright else "rtl" if run.level % 2 else "ltr"
        buffer.script = run.script
        buffer.language = self.language
        # No flags for the beginning or end of a text: a line may be cut out of a longer one.
        uharfbuzz.shape(self._font, buffer)
        infos, positions = buffer.glyph_infos, buffer.glyph_positions
        glyphs = np.array([info.codepoint for info in infos], np.int64)
        clusters = np.array([info.cluster for info in infos], np.int64)
        numbers = np.array([item.position for item in positions], np.float64).reshape(-1, 4) / self._units
        return glyphs, clusters, numbers[:, :2], numbers[:, 2:]


def _turn(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn vectors ``[n, 2]`` clockwise by 90 degrees, y up."""
    return np.stack([vectors[:, 1], -vectors[:, 0]], axis=1)


def script_of(text: str) -> list[str]:
    """Return the script of each character (UAX #24).

    Common characters get the script of the character before them, or after them at the start of the line. A closing
    bracket gets the script of its opening bracket.
    """
    found = [scripts.script(char) for char in text]
    present = next((script for script in found if script not in _SHARED), "Zyyy")
    opened: list[tuple[str, str]] = []
    for index, (char, script) in enumerate(zip(text, found, strict=True)):
        if script not in _SHARED:
            present = script
        elif char in CLOSER:
            opened.append((CLOSER[char], present))
        elif any(char == closer for closer, _ in opened):
            while opened:
                closer, script = opened.pop()
                if closer == char:
                    present = script
                    break
        found[index] = present
    return found


def logical_runs(text: str) -> Iterator[Run]:
    """Yield the runs of a line in logical order."""
    numbers, names = levels(text), script_of(text)
    start = 0
    for stop in range(1, len(text) + 1):
        if stop == len(text) or (numbers[stop], names[stop]) != (numbers[start], names[start]):
            yield Run(start, stop, numbers[start], names[start])
            start = stop


def seen_runs(text: str) -> list[Run]:
    """Return the runs of a line in visual order, from left to right."""
    found = list(logical_runs(text))
    return [found[index] for index in visual_order([run.level for run in found])]


def column_runs(text: str) -> list[Run]:
    """Return the runs of a column from top to bottom; runs of scripts that do not stand upright are to be turned."""
    numbers = levels(text, 0)
    names = script_of(text)
    kinds = []
    for index, (char, name) in enumerate(zip(text, names, strict=True)):
        wide = unicodedata.east_asian_width(char) in "WF"
        script = (name if name in _UPRIGHT else "Hani") if wide or (name in _UPRIGHT and char != " ") else name
        if wide or (name in _UPRIGHT and not char.isascii()):
            kinds.append((0, script))
        else:
            kinds.append((numbers[index], "Latn" if name in _UPRIGHT else name))
    found, start = [], 0
    for stop in range(1, len(text) + 1):
        if stop == len(text) or kinds[stop] != kinds[start]:
            found.append(Run(start, stop, *kinds[start]))
            start = stop
    return [found[index] for index in visual_order([run.level for run in found])]
