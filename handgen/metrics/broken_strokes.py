"""Broken strokes: pieces of ink that a drawn glyph has too many."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Images, Metric


class BrokenStrokes(Metric):
    """How many more pieces of ink a drawn glyph has than the true one; 0 if it has fewer. The mean over glyphs.

    A piece is an 8-connected component of ink. A cut through a stroke makes one piece more, unless the
    stroke is part of a ring. Pieces of fewer than 4 pixels at 64 px a side (in proportion to the area at
    other sizes) are specks and are not counted. A broken and a merged stroke in one glyph cancel out, so
    look at ``MergedStrokes`` and ``StrokeRecall``, too.
    """

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``."""
        return (output.pieces - truth.pieces).clamp(min=0).float()
