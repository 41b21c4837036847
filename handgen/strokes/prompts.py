"""What is written stroke by stroke: characters, and what differs from one drawing to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.strokes.base import StrokeTable


@dataclass(frozen=True)
class StrokePrompt:
    """Characters to be written stroke by stroke.

    Attributes:
        table: strokes.
        characters: int64 ``[n]``, numbers in the table.
        sample: uint64 ``[n]``, keys from which all follows that differs from one drawing to the next.
        vary: how much does, 0 to 1.
    """

    table: StrokeTable
    characters: NDArray[np.int64]
    sample: NDArray[np.uint64]
    vary: float = 1.0
