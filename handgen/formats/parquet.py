"""Parquet shards as Hugging Face's ``load_dataset("parquet", ...)`` reads them.

Columns: ``image`` (a struct of ``bytes`` and ``path``), ``text``, ``style``, and ``meta`` with
whatever else is noted of a sample, as JSON. A shard holds 10,000 samples and is written whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from handgen.extras import load_extra
from handgen.files import replacing
from handgen.formats.base import Sample
from handgen.formats.files import FileWriter, json_line

PER_SHARD = 10_000
_PER_ROW_GROUP = 1000

Columns = dict[str, Any]


class ParquetWriter(FileWriter[Columns]):
    """Writes ``data/shard-%05d.parquet``; see ``Writer``. It needs pyarrow.

    Raises:
        HandgenError: pyarrow is not installed.
    """

    format = "parquet"
    whole = "data"
    per_commit = PER_SHARD

    def __init__(self, path: Path, plan: Mapping[str, Any], *, workers: int = 1) -> None:
        super().__init__(path, plan, workers=workers)
        self._arrow, self._parquet = load_extra("pyarrow", "parquet"), load_extra("pyarrow.parquet", "parquet")

    def _open(self, resources: ExitStack) -> tuple[int, bool]:
        written, counted = super()._open(resources)
        self._number, committed = divmod(written, PER_SHARD)
        self._unfinished: list[Columns] = []
        if committed and not counted:
            try:
                rows = self._parquet.read_table(self._shard()).to_pylist()
            except (OSError, self._arrow.ArrowException):
                raise self._damaged(self._shard()) from None
            self._unfinished = rows[:committed]
        return written, counted

    def _row(self, sample: Sample, label: str, png: bytes) -> Columns:
        more = {key: value for key, value in sample.meta.items() if key != "style"}
        return {
            "image": {"bytes": png, "path": f"{sample.index + 1:09d}.png"},
            "text": label,
            "style": sample.meta.get("style"),
            "meta": json_line(more) if more else None,
        }

    def _commit(self, rows: Sequence[Columns]) -> None:
        rows = [*self._unfinished, *rows]
        for start in range(0, len(rows), PER_SHARD):
            self._unfinished = rows[start : start + PER_SHARD]
            table = self._arrow.Table.from_pylist(self._unfinished, self._schema())
            self._part.mkdir(exist_ok=True)
            with replacing(self._shard()) as file:
                self._parquet.write_table(table, file, row_group_size=_PER_ROW_GROUP)
            if len(self._unfinished) == PER_SHARD:
                self._number += 1
                self._unfinished = []

    def _shard(self) -> Path:
        return self._part / f"shard-{self._number:05d}.parquet"

    def _schema(self) -> Any:
        """The columns, with the note that tells Hugging Face to decode ``image``."""
        arrow = self._arrow
        image = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
        text = ("text", "style", "meta")
        features = {"image": {"_type": "Image"}, **{name: {"dtype": "string", "_type": "Value"} for name in text}}
        schema = arrow.schema([("image", image), *((name, arrow.string()) for name in text)])
        return schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
