"""Reads Parquet as Hugging Face does: ``image`` (bytes, path) and ``text``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handgen.check.files import FileReader, Meta, Stored
from handgen.errors import UsageError
from handgen.extras import load_extra

_PER_BATCH = 500


class ParquetReader(FileReader):
    """Reads the rows of all Parquet files of a folder."""

    format = "parquet"
    marks = "*.parquet"
    inside = "data"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._arrow, self._parquet = load_extra("pyarrow", "parquet"), load_extra("pyarrow.parquet", "parquet")
        self.damage = (OSError, ValueError, self._arrow.ArrowException)
        self.total = 0
        for file in self._marked():
            try:
                facts = self._parquet.read_metadata(file)
            except self.damage as error:
                raise UsageError(
                    f"{file} is not a Parquet file ({error})", "Copy it again, or write it again."
                ) from error
            names = set(facts.schema.to_arrow_schema().names)
            if not {"image", "text"} <= names:
                raise UsageError(f"{file} has no columns image and text", f"It has: {', '.join(sorted(names))}.")
            self.total += facts.num_rows

    def _samples(self) -> Iterator[Stored]:
        for file in self._marked():
            for batch in self._parquet.ParquetFile(file).iter_batches(_PER_BATCH):
                yield from map(_stored, batch.to_pylist())


def _stored(row: dict[str, Any]) -> Stored:
    image = row["image"]
    data = image.get("bytes") if isinstance(image, dict) else image
    meta: Meta = {"style": row["style"]} if row.get("style") is not None else {}
    meta |= json.loads(row["meta"]) if row.get("meta") else {}
    return data, None if row["text"] is None else str(row["text"]).encode(), meta
