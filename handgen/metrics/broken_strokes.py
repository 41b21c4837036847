"""Pieces of ink too many."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Images, Metric


class BrokenStrokes(Metric):
    """How many pieces of ink a drawn glyph has more than the true one, 0 if it has fewer; the mean over glyphs.

    A piece is an 8-connected component of ink. A cut through a stroke makes one more, unless the
    stroke is part of a ring. Pieces of fewer than 4 pixels at 64 px (in proportion to the area in
    other sizes) are specks, and count in neither glyph. A break and a merger in one glyph cancel out:
    read it with ``MergedStrokes`` and ``StrokeRecall``.
    """

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``."""
        return (output.pieces - truth.pieces).clamp(min=0).float()
