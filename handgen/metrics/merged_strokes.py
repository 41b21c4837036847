"""Merged strokes: pieces of ink that a drawn glyph has too few."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Images, Metric


class MergedStrokes(Metric):
    """How many fewer pieces of ink a drawn glyph has than the true one; 0 if it has more. The mean over glyphs.

    Two strokes that touch, or a missing piece, make one piece fewer. Pieces are counted as in ``BrokenStrokes``.
    """

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``."""
        return (truth.pieces - output.pieces).clamp(min=0).float()
