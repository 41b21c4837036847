"""Where the characters of a line are once its ink was moved."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from handgen.glyphs.ink import INK
from handgen.lines.compose import Box


def moved_boxes(
    boxes: Sequence[Box | None], image: NDArray[np.uint8], origin: NDArray[np.float32], *, turned: bool = False
) -> list[Box | None]:
    """Return the boxes of characters on an image whose pixels were moved.

    A new box holds the pixels whose origin is inky and within the old one; so it is exact where
    boxes do not overlap, and holds a neighbor's stroke at most where they do.

    Args:
        boxes: ``(x0, y0, x1, y1)`` in pixels of the clean image, x1 and y1 one past the last; None for a space.
        image: the clean image, uint8 ``[H, W]``.
        origin: float32 ``[H, W, 2]``: x and y on the clean image that each pixel comes from.
        turned: boxes have x and y in the other order than the image, before and after.
    """
    height, width = image.shape
    x, y = (np.floor(origin[..., axis]).astype(np.int64) for axis in (0, 1))
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    inky = inside & (image[y.clip(0, height - 1), x.clip(0, width - 1)] < INK)
    found: list[Box | None] = []
    for box in boxes:
        if box is None:
            found.append(None)
            continue
        x0, y0, x1, y1 = (box[1], box[0], box[3], box[2]) if turned else box
        here = (x >= x0) & (x < x1) & (y >= y0) & (y < y1)
        # Pale ink is drawn, but not as dark as INK.
        rows, columns = np.nonzero(here & inky if np.any(here & inky) else here)
        if not len(rows):  # a point smaller than a pixel: its old position is the best guess
            found.append(box)
            continue
        left, top, right, bottom = int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1
        found.append((top, left, bottom, right) if turned else (left, top, right, bottom))
    return found
