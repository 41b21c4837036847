"""Formats of image files and one list that names them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from handgen.formats.base import Sample
from handgen.formats.files import META, FileWriter, image_name, json_line


class ListWriter(FileWriter[tuple[str, str]]):
    """Writes ``images/`` and a list; see ``FileWriter``.

    Attributes:
        whole: the list.
        head, between, tail: what stands before, between and behind the entries of the list.
        sidecar: whether ``meta.jsonl`` keeps what the list has no place for, one line a sample.
    """

    head: ClassVar[str] = ""
    between: ClassVar[str] = "\n"
    tail: ClassVar[str] = "\n"
    sidecar: ClassVar[bool] = True

    @abstractmethod
    def _entry(self, name: str, label: str, sample: Sample) -> str:
        """Return the entry of the image whose path is ``_name(index)``."""

    def _name(self, index: int) -> str:
        """Return the path of an image in the dataset."""
        return f"images/{image_name(index)}"

    def _row(self, sample: Sample, label: str, png: bytes) -> tuple[str, str]:
        name = self._name(sample.index)
        self._store(self.path / name, png)
        before = self.between if sample.index else self.head
        return before + self._entry(name, label, sample), json_line(sample.meta) + "\n"

    def _commit(self, rows: Sequence[tuple[str, str]]) -> None:
        self._grow(self._part, "".join(entry for entry, _ in rows).encode())
        if self.sidecar:
            self._grow(self.path / META, "".join(meta for _, meta in rows).encode())

    def _end(self) -> None:
        self._grow(self._part, self.tail.encode())
