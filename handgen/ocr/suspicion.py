"""The rule that decides which samples are suspicious: those that a recognizer reads as another character.

The score of a sample is its margin, log p(label) - log p(best other character), of a calibrated
recognizer. In a style that is hard to read, all margins are low, so each style has a threshold of its
own, its floor.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

FALSE_ALARMS = 0.02
"""Share of good samples that may be called suspicious."""
SURE = math.log(3)
"""The highest floor of a gate: the label is three times as probable as the next character."""
_FEW = 20
"""With fewer samples, a style gets the default floor, at most 0: the label must be the best reading."""


def floor(margins: NDArray[np.floating], false_alarms: float = FALSE_ALARMS, most: float = 0.0) -> float:
    """Return the floor of a style: the margin below which a sample is suspicious.

    A normal distribution is fitted to the median and the lower quartile of the margins, which a few bad samples
    hardly change. The floor is its ``false_alarms`` quantile, but at most ``most``. With the default 0, a sample that
    is read as its label is never suspicious.

    Args:
        margins: ``[n]``, of samples of the style, some of which may be bad, or of its real glyphs.
        false_alarms: share of the good samples that may be below the floor, above 0 and below 0.5.
        most: the highest floor. Above 0, the label must also be more probable than others by this margin.
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
        margins: ``[n]``; NaN if the recognizer does not know the label: such a sample is never suspicious.
        styles: int64 ``[n]``, the number of each sample's style.
        false_alarms: as in ``floor``.

    Returns:
        Bool ``[n]``.
    """
    found = np.zeros(len(margins), bool)
    known = ~np.isnan(margins)
    for style in np.unique(styles):
        rows = np.flatnonzero((styles == style) & known)
        found[rows] = margins[rows] < floor(margins[rows], false_alarms)
    return found
