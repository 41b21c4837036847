"""What a source is given to draw characters: glyphs of a font, their numbers, or their strokes."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.deform.people import PersonKeys
from handgen.glyphs.store import to_unit
from handgen.seeds import SampleKey
from handgen.sources.deform import deform
from handgen.strokes.base import StrokeTable
from handgen.strokes.prompts import StrokePrompt
from handgen.strokes.restroke import Restroked

Rows = NDArray[np.int64]
_STIR = 0.25
"""How strongly the source glyph is deformed for each further drawing of a sample, as ``vary`` counts."""


class Prompts(Protocol):
    """The prompts of all characters of a source."""

    varies: bool
    """Whether drawings of one prompt differ by themselves."""

    def batch(self, rows: Rows, styles: Rows, key: SampleKey, vary: float) -> Any:
        """Return what ``Model.generate`` is given.

        Args:
            rows: int64 ``[n]``, the characters' rows in the source.
            styles: int64 ``[n]``, numbers of the styles to draw in.
            key: ``[n]``.
            vary: how much one drawing differs from the next, 0 to 1.
        """
        ...


@dataclass(frozen=True, eq=False)
class GlyphPrompts:
    """Glyphs of a source font.

    Attributes:
        glyphs: uint8 ``[characters, size, size]``, 0 = ink.
        device: where the model is.
        restroke: writes them anew for each drawing; they are the font's own by default.
    """

    glyphs: NDArray[np.uint8]
    device: torch.device
    restroke: Restroked | None = None
    varies = False

    def batch(self, rows: Rows, styles: Rows, key: SampleKey, vary: float) -> Tensor:
        """Return float32 ``[n, 1, size, size]`` in [-1, 1]; what is drawn again is stirred."""
        if self.restroke is None:
            glyphs = self._there.index_select(0, torch.from_numpy(rows).to(self.device))
        else:
            written = self.restroke(self.glyphs[rows], rows, styles, key.keys("content"), vary)
            glyphs = torch.from_numpy(written).to(self.device)
        given = to_unit(glyphs)[:, None].contiguous(memory_format=torch.channels_last)
        again = np.flatnonzero(key.attempt)
        if len(again):
            who = PersonKeys.strangers(key[again].keys("source"))
            stirred = torch.from_numpy(again).to(self.device)
            given[stirred] = deform(given[stirred], None, who, _STIR)
        return given

    @functools.cached_property
    def _there(self) -> Tensor:
        """The glyphs, where the model is."""
        return torch.tensor(self.glyphs).to(self.device)


@dataclass(frozen=True, eq=False)
class CharacterPrompts:
    """Numbers of characters.

    Attributes:
        numbers: int64 ``[characters]``, in the model's charset.
        device: where the model is.
    """

    numbers: Rows
    device: torch.device
    varies = False

    def batch(self, rows: Rows, styles: Rows, key: SampleKey, vary: float) -> Tensor:
        """Return int64 ``[n]``."""
        return torch.from_numpy(self.numbers[rows]).to(self.device)


@dataclass(frozen=True, eq=False)
class StrokePrompts:
    """Strokes of characters.

    Attributes:
        table: the strokes, of each character of the source in order.
    """

    table: StrokeTable
    varies = True

    def facts(self) -> dict[str, Any]:
        """Return where the strokes come from, under which licenses."""
        return {"stroke_sources": dict(self.table.sources), "stroke_licenses": dict(self.table.licenses)}

    def batch(self, rows: Rows, styles: Rows, key: SampleKey, vary: float) -> StrokePrompt:
        """Return the strokes, and the keys of what differs from one drawing to the next."""
        return StrokePrompt(self.table, rows, key.keys("pen"), vary)
