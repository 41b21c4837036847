"""What can read samples: the interface of recognizers, and the registry of independent judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from handgen.registry import Registry

Judge = Callable[[NDArray[np.uint8]], list[str]]
"""A function from images, uint8 ``[n, H, W]``, to the text of each."""

JUDGES = Registry("judge")
JUDGES.register("rapidocr", "handgen.ocr.judge:read", "PP-OCRv6, which took no part in training or gating")


class GlyphReader(Protocol):
    """The part of ``handgen.ocr.reader.Reader`` that evaluation needs; images are uint8 ``[n, H, W]``, 0 = ink."""

    @property
    def charset(self) -> str:
        """The characters of its classes, in order."""

    @property
    def floors(self) -> Mapping[str, float]:
        """Font name -> the margin that almost all of its real glyphs have (``suspicion.floor``)."""

    def number(self, char: str) -> int:
        """Return the class of a character; -1 if it is not known."""

    def read(self, images: NDArray[np.uint8], *, top: int = 5) -> Any:
        """Return classes ``chars`` and probabilities ``confidence``, both ``[n, top]``, best first."""

    def confidence(
        self, images: NDArray[np.uint8], labels: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return p(label) and log p(label) - log p(best other), each ``[n]``."""

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return features ``[n, F]`` for the Fréchet distance."""
