"""Which samples read so little like their label that they deserve a look: the one rule for it.

The score of a sample is its margin, log p(label) - log p(best other character), as a calibrated
recognizer sees it. A style that is hard to read has low margins throughout, so what is low is judged
style by style.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

FALSE_ALARMS = 0.02
"""Share of sound samples that may be called suspicious."""
SURE = math.log(3)
"""The margin that a gate is content with in any style: the label is three times as likely as the next character."""
_FEW = 20
"""Samples below which a style says nothing about itself: the recognizer is taken at its word."""


def floor(margins: NDArray[np.floating], false_alarms: float = FALSE_ALARMS, most: float = 0.0) -> float:
    """Return the margin below which a sample of this style is suspicious.

    By default a sample that reads as its label never is. Where sound samples often read as something
    else, as in a cursive style, the floor lies lower: where a normal distribution with their median
    and lower quartile has ``false_alarms`` of itself below. Both are hardly moved by a few bad samples.

    Args:
        margins: ``[n]``, of the style's samples, some of which may be bad; or of its real glyphs.
        false_alarms: share of the sound ones that may fall below, above 0 and below 0.5.
        most: the highest floor; above 0 it asks of sound styles that the label stands out.
    """
    if len(margins) < _FEW:
        return min(0.0, most)
    low, middle = np.quantile(margins, (0.25, 0.5))
    normal = NormalDist()
    spread = (middle - low) / -normal.inv_cdf(0.25)
    return min(most, float(middle + normal.inv_cdf(false_alarms) * spread))


def suspicious(
    margins: NDArray[np.floating], styles: NDArray[np.int64], false_alarms: float = FALSE_ALARMS
) -> NDArray[np.bool_]:
    """Tell which samples are suspicious, each judged by the floor of its own style.

    Args:
        margins: ``[n]``; NaN where the recognizer does not know the label, which is never suspicious.
        styles: ``[n]``, the style's number of each.
        false_alarms: as in ``floor``.
    """
    found = np.zeros(len(margins), bool)
    known = ~np.isnan(margins)
    for style in np.unique(styles):
        rows = np.flatnonzero((styles == style) & known)
        found[rows] = margins[rows] < floor(margins[rows], false_alarms)
    return found
