"""Reads Parquet as Hugging Face does: an image (bytes, or a path), its text, and whatever else there is."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handgen.check.files import FileReader, Meta, Stored, utf8
from handgen.check.findings import Findings
from handgen.check.imagefolder import text_column
from handgen.errors import UsageError
from handgen.extras import load_extra

_PER_BATCH = 500
_IMAGE_COLUMNS = ("image", "img", "jpg", "png")


class ParquetReader(FileReader):
    """Reads the rows of all Parquet files of a folder."""

    format = "parquet"
    marks = ("*.parquet",)
    inside = "data"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._arrow, self._parquet = load_extra("pyarrow", "parquet"), load_extra("pyarrow.parquet", "parquet")
        self.damage = (OSError, ValueError, TypeError, KeyError, self._arrow.ArrowException)
        self.total = 0
        for file in self._marked():
            try:
                facts = self._parquet.read_metadata(file)
                names = facts.schema.to_arrow_schema().names
            except self.damage as error:
                raise UsageError(
                    f"{file} is not a Parquet file ({error})", "Copy it again, or write it again."
                ) from error
            if not text_column(names) or not set(names) & set(_IMAGE_COLUMNS):
                raise UsageError(
                    f"{file} has no columns image and text", f"It has: {', '.join(sorted(names))}. Rename two of them."
                )
            self.total += facts.num_rows

    def _samples(self, findings: Findings) -> Iterator[Stored]:
        for file in self._marked():
            for batch in self._parquet.ParquetFile(file).iter_batches(_PER_BATCH):
                for row in batch.to_pylist():
                    yield _stored(row, file)


def _stored(row: dict[str, Any], file: Path) -> Stored:
    image = row.pop(next(name for name in _IMAGE_COLUMNS if name in row))
    text = row.pop(text_column(row) or "")
    name, fault = "", ""
    if isinstance(image, dict):
        name, image = str(image.get("path") or ""), image.get("bytes")
    elif isinstance(image, str):
        name, image = image, None
    if image is None and name:
        try:
            image = (file.parent / name).read_bytes() if (file.parent / name).is_file() else None
        except (OSError, ValueError):
            image = None
        fault = "" if image else f"no file {name}"
    meta = row.pop("meta", None)
    found: Meta = {key: plain(value) for key, value in row.items() if value is not None}
    try:
        found |= dict(json.loads(meta)) if meta else {}
    except (ValueError, TypeError, RecursionError):
        found["meta"] = plain(meta)  # a column of somebody else's that has the name by chance
    label = None if text is None else utf8(text)
    return Stored(image if isinstance(image, bytes) else None, label, found, name, fault)


def plain(value: Any) -> Any:
    """Return a value of a table as JSON has it: dates as text, bytes as base64."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no such number
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
