"""Deformation: one warp of images, affine and smooth, and how far people's drawings of a character differ.

- ``warp``: the warp itself; everything in handgen that bends pixels goes through it.
- ``fields``: smooth fields of displacement, from knots and what each weighs at each pixel.
- ``people``: the hierarchy in which people vary, with amplitudes fitted on real drawings.
"""

from handgen.deform.fields import Field, bspline_weights, cubic_weights
from handgen.deform.warp import Warp

__all__ = ["Field", "Warp", "bspline_weights", "cubic_weights"]
