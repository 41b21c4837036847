"""Stroke precision: how much of the drawn strokes is true."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Images, Metric
from handgen.metrics.skeleton import covered


class StrokePrecision(Metric):
    """Share of the drawn centerlines that run along true ones, 0 to 1.

    This is ``StrokeRecall`` with the two glyphs swapped. Additional and misplaced strokes lower it. A drawing without
    ink has 0.
    """

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``."""
        return covered(output.skeleton, truth.skeleton, truth.tolerance)
