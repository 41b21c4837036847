"""How much of the true strokes was drawn."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Images, Metric
from handgen.metrics.skeleton import covered


class StrokeRecall(Metric):
    """Share of the true glyph's centerlines that the drawn glyph's run along, 0 to 1.

    A true centerline's pixel counts if one of the drawn ones is at most 1 px away (8 neighbors) at
    64 px, and in proportion in larger images. This is topology sensitivity, one half of clDice (Shit
    et al. 2021, equation 1), with centerlines instead of the drawn ink: a blot covers a stroke, but
    does not run along it. A drawing without ink has 0.
    """

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``."""
        return covered(truth.skeleton, output.skeleton, truth.tolerance)
