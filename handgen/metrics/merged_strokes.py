"""Pieces of ink too few."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Images, Metric


class MergedStrokes(Metric):
    """How many pieces of ink a drawn glyph has fewer than the true one, 0 if it has more; the mean over glyphs.

    Two strokes that run into one another, or a piece that is missing, make one fewer. Pieces are
    those of ``BrokenStrokes``.
    """

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``."""
        return (truth.pieces - output.pieces).clamp(min=0).float()
