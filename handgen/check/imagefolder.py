"""Reads an image folder as Hugging Face does: by ``metadata.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from handgen.check.files import ListReader, Meta


class ImageFolderReader(ListReader):
    """Reads images named by ``metadata.jsonl``."""

    format = "imagefolder"
    marks = "metadata.jsonl"

    def _rows(self, file: Path) -> Iterator[tuple[str, bytes | None, Meta | None]]:
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                row = dict(json.loads(line))
                name, text = row.pop("file_name"), row.pop("text", None)
                yield name, None if text is None else str(text).encode(), row
