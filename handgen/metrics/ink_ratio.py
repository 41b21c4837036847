"""How heavy the strokes are."""

from __future__ import annotations

from torch import Tensor

from handgen.metrics.base import Images, Metric


class InkRatio(Metric):
    """Drawn over true ink in pixels darker than middle gray, the mean over glyphs; 1 is equal, less is thinner.

    A true glyph without ink counts as one of 1 px, unless the drawing has none either: that is 1.
    """

    def per_image(self, output: Images, truth: Images) -> Tensor:
        """Return ``[B]``."""
        drawn, true = (images.ink.flatten(1).sum(1) for images in (output, truth))
        return (drawn / true.clamp(min=1)).masked_fill((drawn == 0) & (true == 0), 1.0)
