"""How much of the drawn strokes is true."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Images, Metric
from handgen.metrics.skeleton import covered


class StrokePrecision(Metric):
    """Share of the drawn glyph's centerlines that run along the true glyph's, 0 to 1.

    The other half of clDice: ``StrokeRecall`` with both glyphs exchanged. Strokes too many, or in the
    wrong spot, lower it. A drawing without ink has 0, not 1: it is no glyph.
    """

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``."""
        return covered(output.skeleton, truth.skeleton, truth.tolerance)
