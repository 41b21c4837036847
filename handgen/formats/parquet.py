"""Parquet shards as Hugging Face's ``load_dataset("parquet", ...)`` reads them.

Columns: ``image`` (a struct of ``bytes`` and ``path``), ``text``, ``style``, and ``meta`` with all
further facts about the sample as JSON. A shard holds 10,000 samples. A Parquet file cannot grow, so
a shard that is not full is written again with the next samples.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from handgen.errors import UsageError
from handgen.extras import load_extra
from handgen.files import pointer_remedy, replacing
from handgen.formats.base import Format, Sample
from handgen.formats.files import FileReader, FileWriter, Meta, Stored, json_line, utf8
from handgen.formats.findings import Findings
from handgen.formats.imagefolder import TEXT_COLUMNS, no_text, text_column, text_of

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
        """Return the columns, with metadata that tells Hugging Face to decode ``image``."""
        arrow = self._arrow
        image = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
        text = ("text", "style", "meta")
        features = {"image": {"_type": "Image"}, **{name: {"dtype": "string", "_type": "Value"} for name in text}}
        schema = arrow.schema([("image", image), *((name, arrow.string()) for name in text)])
        return schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})


_PER_BATCH = 500
_IMAGE_COLUMNS = ("image", "img", "jpg", "jpeg", "png", "image_bytes", "bytes", "images", "file_name")


class ParquetReader(FileReader):
    """Reads the rows of all Parquet files in a folder."""

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
                    f"{file} is not a Parquet file ({error})",
                    pointer_remedy(file) or "Copy it again, or write it again.",
                ) from error
            for kind, known in (("images", _IMAGE_COLUMNS), ("labels", TEXT_COLUMNS)):
                if not set(names) & set(known):
                    raise UsageError(
                        f"{file} has no column of {kind} (such as {known[0]}, {known[1]})",
                        f"It has: {', '.join(sorted(names))}. Rename one of them to {known[0]}.",
                    )
            self.total += facts.num_rows

    def _samples(self, findings: Findings) -> Iterator[Stored]:
        for file in self._marked():
            table = self._parquet.ParquetFile(file)
            classes = _class_names(table.schema_arrow, file, findings)
            for batch in table.iter_batches(_PER_BATCH):
                for row in batch.to_pylist():
                    yield _stored(row, file, classes)


def _class_names(schema: Any, file: Path, findings: Findings) -> Sequence[str]:
    """Return the names of the classes if labels are numbers of Hugging Face's type ``ClassLabel``; else ()."""
    column = text_column(schema.names) or ""
    if not str(schema.field(column).type).startswith(("int", "uint", "float", "double")):
        return ()
    try:
        feature = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"][column]
        names = feature["names"] if feature["_type"] == "ClassLabel" else ()
    except (KeyError, ValueError, TypeError, RecursionError):
        names = ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        findings.add("class-numbers", detail=f"column {column} of {file.name}")
        return ()
    return names


def _stored(row: dict[str, Any], file: Path, classes: Sequence[str] = ()) -> Stored:
    image = row.pop(next(name for name in _IMAGE_COLUMNS if name in row))
    text = row.pop(text_column(row) or "")
    if classes and isinstance(text, int):
        text = classes[text] if 0 <= text < len(classes) else None
    name, fault = "", ""
    if isinstance(image, list) and len(image) == 1:
        image = image[0]
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
        found["meta"] = plain(meta)  # another program's column of the same name
    fault = fault or no_text(text)
    label = None if text is None or no_text(text) else utf8(text_of(text))
    if image is not None and not isinstance(image, bytes):
        fault = f"the column of images holds {type(image).__name__}, and no bytes"
    return Stored(image if isinstance(image, bytes) else None, label, found, name, fault)


def plain(value: Any) -> Any:
    """Return a value of a table as JSON can hold it: dates as text, bytes as base64, NaN and infinity as None."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


PARQUET = Format(ParquetWriter, ParquetReader)
