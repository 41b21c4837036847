"""Writes a folder of pages: images, files of the page formats, and a record of each page.

``pages.jsonl`` has one JSON object per line: the complete record of a page.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from PIL import Image

from handgen.files import replacing
from handgen.formats.base import Sample
from handgen.formats.files import FileWriter, image_name, json_line
from handgen.formats.png import encode_png
from handgen.pages.formats import PAGE_FORMATS, PageFormat
from handgen.pages.record import Page

RECORDS = "pages.jsonl"
FORMATS_KEY, IMAGE_KEY = "page_formats", "page_image"
"""Keys of a run's plan for the page formats and the type of images."""
_QUALITY = 92
_Row = dict[str, str]


class PageWriter(FileWriter[_Row]):
    """Writes pages; see ``FileWriter``. A sample is a page: its text is that of all lines, its meta the files to write.

    Args:
        path, plan, workers: see ``formats.base.Writer``.

    Attributes:
        lines_before: for each page, the number of handwritten lines on all pages before it; at the end, that of all.
    """

    format = "pages"
    whole = RECORDS
    per_commit = 16

    def __init__(self, path: Path, plan: Mapping[str, Any], *, workers: int = 1) -> None:
        super().__init__(path, plan, workers=workers)
        self._formats: list[PageFormat] = [PAGE_FORMATS.load(name)(plan) for name in plan[FORMATS_KEY]]
        self._ending = f".{plan[IMAGE_KEY]}"
        self.lines_before = [0]

    def _open(self, resources: ExitStack) -> tuple[int, bool]:
        written, counted = super()._open(resources)
        if not counted:
            self._count_lines(written)
        return written, counted

    def _count_lines(self, written: int) -> None:
        """Count the lines of the pages that an earlier run has written.

        Raises:
            DatasetError: the records are damaged.
        """
        if not written:
            return
        try:
            with self._part.open(encoding="utf-8") as records:
                for _ in range(written):
                    self.lines_before.append(self.lines_before[-1] + int(json.loads(next(records))["lines"]))
        except (StopIteration, ValueError, KeyError, TypeError):
            raise self._damaged(self._part) from None

    def sample_of(self, page: Page) -> Sample:
        """Return a page as a sample for ``write_pages``; it is called in the threads that draw."""
        if self._ending == ".png":
            data = encode_png(page.image)
        else:
            stream = io.BytesIO()
            Image.fromarray(page.image).save(stream, format="JPEG", quality=_QUALITY)
            data = stream.getvalue()
        name = image_name(page.index).removesuffix(".png") + self._ending
        lines = [line for _, line in page.written]
        rows = {RECORDS: json_line({"image": name, "lines": len(lines), **page.record()}) + "\n"}
        files: dict[str, str] = {}
        for each in self._formats:
            beside, growing = each.page(page, name)
            files |= beside
            rows |= growing
        return Sample(page.index, " ".join(line.text for line in lines), data, {"files": files, "rows": rows})

    def write_pages(self, samples: Sequence[Sample]) -> None:
        """Append pages; see ``Writer.write``."""
        for sample in samples:
            count = int(json.loads(sample.meta["rows"][RECORDS])["lines"])
            self.lines_before.append(self.lines_before[-1] + count)
        self.write(samples)

    def _row(self, sample: Sample, label: str, png: bytes) -> _Row:
        stem = image_name(sample.index).removesuffix(".png")
        self._store(self.path / (stem + self._ending), png)
        for ending, text in sample.meta["files"].items():
            self._store(self.path / (stem + ending), text.encode())
        return dict(sample.meta["rows"])

    def _commit(self, rows: Sequence[_Row]) -> None:
        for name in rows[0]:
            path = self._part if name == RECORDS else self.path / name
            self._grow(path, "".join(row[name] for row in rows).encode())

    def _end(self) -> None:
        for each in self._formats:
            for name, parts in each.final().items():
                with replacing(self.path / name) as temporary, temporary.open("wb") as file:
                    for part in parts:
                        self._append_part(file, part)

    def _append_part(self, file: Any, part: str) -> None:
        if part.startswith("="):
            file.write(part[1:].encode())
            return
        with (self.path / part).open("rb") as grown:
            shutil.copyfileobj(grown, file)

    def _write_count(self) -> None:
        super()._write_count()
        parts = {part for each in self._formats for parts in each.final().values() for part in parts}
        for name in parts:
            if not name.startswith("="):
                (self.path / name).unlink(missing_ok=True)
