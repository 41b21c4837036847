"""TensorBoard: the losses, measurements and pictures of a run, shown in a browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from handgen.extras import load_extra


class Board:
    """Writes event files into the run folder; ``tensorboard --logdir RUN`` shows them.

    Args:
        path: the run folder.
        images: images seen when the run is resumed; TensorBoard hides what was recorded after that.

    Raises:
        HandgenError: tensorboard is not installed.
    """

    def __init__(self, path: Path, images: int) -> None:
        load_extra("tensorboard", "tensorboard")
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(path), purge_step=images + 1)

    def numbers(self, images: int, kind: str, values: Mapping[str, Any]) -> None:
        """Add the numbers in ``values``, which may be nested, as ``kind/key/...`` at ``images`` images seen."""
        for name, value in _leaves(kind, values):
            self._writer.add_scalar(name, value, images)

    def picture(self, images: int, name: str, path: Path) -> None:
        """Add a picture file."""
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        self._writer.add_image(name, pixels, images, dataformats="HWC")
        self._writer.flush()

    def close(self) -> None:
        """Write what is buffered, and close the file."""
        self._writer.close()


def _leaves(name: str, values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(f"{name}/{key}", value)
        elif isinstance(value, int | float):
            yield f"{name}/{key}", value
