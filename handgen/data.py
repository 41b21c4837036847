"""A dataset of any format as a PyTorch dataset."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from handgen.errors import DatasetError, quoted
from handgen.formats.find import one_dataset
from handgen.formats.findings import Findings
from handgen.formats.reading import Record
from handgen.glyphs.pictures import UNDECODABLE


class LabeledImages(Dataset[Any]):
    """The samples of a dataset, in order; items are ``(image, label)``.

    An image is uint8 ``[1, H, W]`` or, in color, ``[3, H, W]``, 0 = ink, 255 = paper. All images are kept in memory in
    their encoded form, about 1.5 kB for a character, so that samples of any format can be read in any order.

    Args:
        path: the folder of a dataset, in shards or not, in any format that ``handgen check`` reads.
        transform: is applied to each image.

    Raises:
        UsageError: there is no dataset, or there are several.
        DatasetError: a sample has no image or no label; the message has its number.
    """

    def __init__(self, path: Path, transform: Callable[[Tensor], Any] | None = None) -> None:
        self.path, self.transform = path, transform
        self.labels: list[str] = []
        self._images: list[bytes] = []
        with one_dataset(path).open() as reader:
            findings = Findings()
            for record in reader.records(findings):
                self._images.append(_whole(path, record))
                self.labels.append((record.label or b"").decode("utf-8"))
        if "damaged" in findings:
            raise DatasetError(f"{path} is damaged after {len(self.labels):,} samples", _see(path))
        if not self.labels:
            raise DatasetError(f"{path} has no samples", _see(path))

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Any, str]:
        """Return image and label of the sample at an index.

        Raises:
            DatasetError: the image cannot be decoded.
        """
        try:
            with Image.open(io.BytesIO(self._images[index])) as opened:
                pixels = np.array(opened if opened.mode in ("L", "RGB") else opened.convert("RGB"))
        except UNDECODABLE as error:
            raise DatasetError(f"sample {index + 1} of {self.path} is no image", _see(self.path)) from error
        image = torch.from_numpy(pixels)
        image = image[None] if image.dim() == 2 else image.movedim(2, 0)
        return (self.transform(image) if self.transform else image), self.labels[index]


def _see(path: Path) -> str:
    return f"See: handgen check {quoted(path)}"


def _whole(path: Path, record: Record) -> bytes:
    """Return the encoded image of a sample.

    Raises:
        DatasetError: it has no image or no label, or the label is not UTF-8.
    """
    if record.image is None or record.label is None:
        lacking = "image" if record.image is None else "label"
        raise DatasetError(f"sample {record.number} of {path} has no {lacking}", _see(path))
    try:
        record.label.decode("utf-8")
    except UnicodeDecodeError:
        raise DatasetError(f"the label of sample {record.number} of {path} is not UTF-8", _see(path)) from None
    return record.image
