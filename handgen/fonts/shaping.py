"""Text to glyphs at their positions, as HarfBuzz shapes it: kerning, ligatures, joined scripts, marks, both directions.

A line is cut into runs of one direction and one script; HarfBuzz shapes each, knowing what is around it, and the runs
are set in the order in which they are seen.
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
    """A part of a line that is shaped at once.

    Attributes:
        start: its first character.
        stop: one past its last.
        level: its embedding level; odd ones run from right to left.
        script: four letters, as ISO 15924 has them.
    """

    start: int
    stop: int
    level: int
    script: str


@dataclass(frozen=True, eq=False)
class Shaped:
    """A line of glyphs, in the order in which they are seen: from left to right, or from top to bottom.

    Attributes:
        text: in logical order.
        glyphs: int64 ``[n]``, glyph numbers; 0 where the font lacks the character.
        clusters: int64 ``[n]``, the first character of ``text`` that each glyph is drawn for.
        origins: float64 ``[n, 2]``, where each glyph's origin goes, in em: x to the right, y up from the base line; in
            a column x from its axis and y from its top, so below 0.
        turned: bool ``[n]``, the glyphs turned clockwise by a quarter, of scripts that do not stand in columns.
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
        """How far the pen moves in all, in em."""
        return float(self.advances.sum())

    def spans(self) -> list[tuple[int, int]]:
        """Return the clusters as parts of the text, first and one past the last character, in logical order."""
        starts = [*sorted({*self.clusters.tolist()}), len(self.text)]
        return list(itertools.pairwise(starts))

    @property
    def missing(self) -> str:
        """The characters of clusters that the font has no glyph for."""
        lacking = set(self.clusters[self.glyphs == 0].tolist())
        return "".join(self.text[start:stop] for start, stop in self.spans() if start in lacking)


class Shaper:
    """Shapes text with one font.

    Args:
        ref: the font.
        language: a BCP 47 tag such as ``fr`` or ``sr``, which some fonts' features depend on; none by default.

    Raises:
        FontError, UsageError: as ``open_face``.
    """

    def __init__(self, ref: FontRef, language: str = "") -> None:
        open_face(ref)  # it refuses, in words, what HarfBuzz would take for an empty font
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
        """Whether the font has a glyph for ``char``."""
        return bool(self._font.get_nominal_glyph(ord(char)))

    def shape(self, text: str, *, vertical: bool = False) -> Shaped:
        """Shape one line.

        Args:
            text: in logical order, without line breaks.
            vertical: set a column, in which scripts that do not stand upright are turned.
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
        """Return glyphs and clusters ``[n]``, offsets and steps of the pen ``[n, 2]`` in em."""
        buffer = uharfbuzz.Buffer()
        buffer.add_codepoints(codes, run.start, run.stop - run.start)
        buffer.direction = "ttb" if upright else "rtl" if run.level % 2 else "ltr"
        buffer.script = run.script
        buffer.language = self.language
        # A line may be a piece of a text, yet its first letter is the first that is seen.
        uharfbuzz.shape(self._font, buffer)
        infos, positions = buffer.glyph_infos, buffer.glyph_positions
        glyphs = np.array([info.codepoint for info in infos], np.int64)
        clusters = np.array([info.cluster for info in infos], np.int64)
        numbers = np.array([item.position for item in positions], np.float64).reshape(-1, 4) / self._units
        return glyphs, clusters, numbers[:, :2], numbers[:, 2:]


def _turn(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn vectors ``[n, 2]`` clockwise by a quarter, y up."""
    return np.stack([vectors[:, 1], -vectors[:, 0]], axis=1)


def script_of(text: str) -> list[str]:
    """Return the script of each character.

    What all scripts share is of the one before it, or after it at the start; a closing bracket is of the script of
    the one that opened (UAX #24).
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
    """Yield the parts of a line that have one direction and one script, in logical order."""
    numbers, names = levels(text), script_of(text)
    start = 0
    for stop in range(1, len(text) + 1):
        if stop == len(text) or (numbers[stop], names[stop]) != (numbers[start], names[start]):
            yield Run(start, stop, numbers[start], names[start])
            start = stop


def seen_runs(text: str) -> list[Run]:
    """Return the runs of a line from left to right."""
    found = list(logical_runs(text))
    return [found[index] for index in visual_order([run.level for run in found])]


def column_runs(text: str) -> list[Run]:
    """Return the runs of a column from top to bottom: scripts that stand upright, and others, which are turned."""
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
