"""Deformation: a warp of images, and a model of how far people's drawings of one character differ.

- ``warp``: affine maps and smooth displacements of images, in one resampling.
- ``fields``: smooth displacement fields, from knots and weights.
- ``people``: how people vary, level by level, with amplitudes fitted on real drawings.
- ``strokes``: the same for drawings whose strokes are known.
"""

from handgen.deform.fields import Field, bspline_weights, cubic_weights
from handgen.deform.warp import Warp

__all__ = ["Field", "Warp", "bspline_weights", "cubic_weights"]
