"""A source font's glyphs written anew, each time a little differently: what a GAN is given as varied content.

The glyphs are traced where they are on the canvas and drawn again as thick as they are, with each stroke displaced,
turned and scaled. So a model gets what it knows, a glyph of its source font, and yet never the same one twice.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.fonts.face import FontRef
from handgen.fonts.raster import Placement
from handgen.metrics.skeleton import thinned
from handgen.seeds import keys
from handgen.strokes.base import StrokeTable, make_table
from handgen.strokes.ink import draw
from handgen.strokes.motion import Hand, write
from handgen.strokes.pens import PENS
from handgen.strokes.trace import SIDE, trace
from handgen.strokes.writer import NUMBERS, Writer

_PEN = "brush"
"""Without pressure its line is even, and black."""
_MEASURED = 200
"""Glyphs that the thickness of strokes is measured on."""


@dataclass(frozen=True)
class Restroked:
    """Writes content glyphs anew.

    Attributes:
        table: strokes of the glyphs, traced where they are.
        numbers: int64 ``[characters]``, of each content character in the table; -1 = not traced.
        writer: how they are displaced.
        size: side of the glyphs in pixels.
    """

    table: StrokeTable
    numbers: NDArray[np.int64]
    writer: Writer
    size: int

    @classmethod
    def prepare(
        cls, font: FontRef, size: int, placement: Placement, chars: str, glyphs: NDArray[np.uint8]
    ) -> Restroked:
        """Trace the content.

        Args:
            font: the source font.
            size: side of its glyphs in pixels.
            placement: where they lie.
            chars: the characters.
            glyphs: theirs, uint8 ``[len(chars), size, size]``, 0 = ink.

        Raises:
            FontError: the font cannot be opened.
        """
        scale = SIDE / size
        placement = Placement(**{name: value * scale for name, value in asdict(placement).items()})
        table = make_table(trace(font, chars, placement=placement))
        number_of = {char: number for number, char in enumerate(table.chars)}
        some = torch.from_numpy(glyphs[:: max(1, len(glyphs) // _MEASURED)] < 128)
        width = float(some.sum() / thinned(some).sum().clamp(min=1)) / size
        writer = Writer(
            cursiveness=0, rounding=0.1, size=1, size_rhythm=0, baseline=0, structure=0.02, habit=0.35, looseness=0.3,
            tremor=0.1, tilt=0, slant=0, bow_across=0.01, bow_down=0, pressure=0, darkness=1, pen=_PEN,
            width=float(np.clip(width / PENS[_PEN].width / np.sqrt(1 / 0.85), 0.02, 0.12)),
        )  # fmt: skip
        return cls(table, np.array([number_of.get(char, -1) for char in chars]), writer, size)

    def __call__(
        self,
        glyphs: NDArray[np.uint8],
        characters: NDArray[np.int64],
        styles: NDArray[np.int64],
        sample: NDArray[np.uint64],
        vary: float,
    ) -> NDArray[np.uint8]:
        """Return content glyphs written anew.

        Args:
            glyphs: as the font draws them, uint8 ``[n, size, size]``; those that were not traced stay so.
            characters: int64 ``[n]``, numbers in the content.
            styles: int64 ``[n]``: samples of one style have the same odd habits.
            sample: uint64 ``[n]``, keys of what else differs.
            vary: how much that is, 0 to 1.
        """
        made = glyphs.copy()
        known = np.flatnonzero(self.numbers[characters] >= 0)
        if not len(known):
            return made
        numbers = np.array([[getattr(self.writer, name) for name in NUMBERS]], np.float64).repeat(len(known), 0)
        hand = Hand(numbers, keys(styles[known], 11))
        written = write(self.table, self.numbers[characters[known]], hand, sample[known], vary)
        pens = np.full(len(known), tuple(PENS).index(_PEN))
        made[known] = draw(written, hand, pens, sample[known], self.size)
        return made
