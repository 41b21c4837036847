"""The image folder that Hugging Face's ``load_dataset("imagefolder", data_dir=...)`` reads.

``metadata.jsonl`` has one object a line: ``file_name``, ``text``, and a key for each key of the
sample's meta, ``style`` among them. They become the columns of the dataset.
"""

from __future__ import annotations

from handgen.errors import DatasetError
from handgen.formats.base import Sample
from handgen.formats.files import json_line
from handgen.formats.listed import ListWriter


class ImageFolderWriter(ListWriter):
    """Writes ``images/`` and ``metadata.jsonl``; see ``Writer``."""

    format = "imagefolder"
    whole = "metadata.jsonl"
    sidecar = False

    def _entry(self, name: str, label: str, sample: Sample) -> str:
        own = {"file_name": name, "text": label}
        if taken := own.keys() & sample.meta.keys():
            message = f"sample {sample.index} has the meta key '{min(taken)}', which metadata.jsonl has itself"
            raise DatasetError(message, "Give the key another name.")
        return json_line({**own, **sample.meta})
