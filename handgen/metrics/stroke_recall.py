"""Stroke recall: how much of the true strokes was drawn."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Images, Metric
from handgen.metrics.skeleton import covered


class StrokeRecall(Metric):
    """Share of the true centerlines that drawn ones run along, 0 to 1.

    A pixel of a true centerline counts if a pixel of a drawn one is at most 1 px away, also diagonally, up to 64 px
    a side; in larger images, in proportion. This is the topology sensitivity of clDice (Shit et al. 2021, equation
    1), with drawn centerlines in place of drawn ink: a blot covers a stroke, but does not run along it. A drawing
    without ink has 0.
    """

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``."""
        return covered(truth.skeleton, output.skeleton, truth.tolerance)
