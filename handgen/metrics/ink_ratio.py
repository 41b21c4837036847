"""How heavy the strokes are."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Images, Metric


class InkRatio(Metric):
    """Pixels of ink in the drawing, divided by those in the true glyph; the mean over glyphs. Below 1, it is thinner.

    If neither has ink, the ratio is 1. If only the true glyph has none, it counts as 1 pixel.
    """

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``."""
        drawn, true = (images.ink.flatten(1).sum(1) for images in (output, truth))
        return (drawn / true.clamp(min=1)).masked_fill((drawn == 0) & (true == 0), 1.0)
