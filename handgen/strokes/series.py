"""Displacements along strokes as short cosine series: few numbers, smooth, and none of them depends on another.

Term k of a stroke's series is ``cos(pi k t)`` with t from 0 to 1 along the stroke; term 0 moves it as a whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TERMS = 6
"""Of the displacement of a stroke."""
WIDTHS = 3
"""Of the width along it."""
_SMOOTH = 1e-3
"""How little the higher terms are wanted."""


def cosines(points: int, terms: int) -> NDArray[np.float32]:
    """Return the terms at so many even positions along a stroke, ``[points, terms]``."""
    t = np.linspace(0, 1, points)[:, None]
    made: NDArray[np.float32] = np.cos(np.pi * t * np.arange(terms)).astype(np.float32)
    return made


def fitted(values: NDArray[np.float32], terms: int) -> NDArray[np.float32]:
    """Return the series that comes nearest to values along strokes.

    Args:
        values: ``[n, points, d]``.
        terms: at most ``points``.

    Returns:
        ``[n, terms, d]``.
    """
    basis = cosines(values.shape[1], terms).astype(np.float64)
    ridge = np.diag(_SMOOTH * np.arange(terms) ** 2)
    solver = np.linalg.solve(basis.T @ basis + ridge, basis.T).astype(np.float32)
    made: NDArray[np.float32] = np.einsum("tp,npd->ntd", solver, values)
    return made
