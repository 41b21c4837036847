"""Reads an LMDB by the layout that deep-text-recognition-benchmark made common."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any

import lmdb

from handgen.check.base import Reader, Record
from handgen.check.findings import Findings
from handgen.errors import UsageError
from handgen.files import walk

_IMAGE, _LABEL, _SIZE, _META, _COUNT = b"image-", b"label-", b"wh-", b"meta-", b"num-samples"
_DIGITS = 9
_LONGEST = 20


class LmdbReader(Reader):
    """Reads ``data.mdb`` in one folder."""

    format = "lmdb"

    @classmethod
    def find(cls, root: Path, findings: Findings) -> list[Path]:
        """Return every folder with a ``data.mdb``, as PARSeq finds them."""
        found = []
        for folder, folders, files in walk(root):
            if "data.mdb" in files and (folder / "data.mdb").is_file():
                found.append(folder)
                if folders:
                    findings.add("sub-folder", detail=str(folder))
        if not found:
            return []
        real = {Path(name): (folders, files) for name, folders, files in os.walk(root)}  # as the others walk
        for folder, (folders, files) in real.items():
            if not folders and "data.mdb" not in files:
                findings.add("stray-folder", detail=str(folder))
        for folder in found:
            if folder not in real:
                findings.add("linked-folder", detail=str(folder))
        return sorted(found)

    def __init__(self, folder: Path) -> None:
        self._file = folder / "data.mdb"
        try:
            self._env = lmdb.open(str(folder), readonly=True, lock=False, readahead=False, meminit=False)
        except lmdb.Error as error:
            raise UsageError(f"{self._file} is not an LMDB file ({error})", "Give a folder that holds one.") from error
        pages, page = self._env.info()["last_pgno"] + 1, self._env.stat()["psize"]
        # Reading a page that the map has and the file has not would end the process.
        self._whole = self._file.stat().st_size >= pages * page
        self._txn = self._env.begin()
        try:
            count = self._txn.get(_COUNT) if self._whole else None
        except lmdb.Error:
            self._whole, count = False, None
        self.count = int(count) if count is not None and count.strip().isdigit() and len(count) < _LONGEST else None
        self.total = self.count or self._env.stat()["entries"] // 2

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._txn.abort()
        self._env.close()

    def records(self, findings: Findings) -> Iterator[Record]:
        """Yield the samples that a trainer reads: 1 to ``num-samples``."""
        if not self._whole:
            findings.add("damaged", detail=f"{self._file.stat().st_size:,} bytes are left of it")
            return
        if self.count is None:
            findings.add("no-count")
        last = 0
        try:
            for number, image, label in self._pairs(findings):
                if number == 0:
                    findings.add("sample-0", detail="image-" + "0" * _DIGITS)
                    continue
                if self.count is not None and number > self.count:
                    findings.add("beyond-count", number)
                    continue
                if number > last + 1:
                    findings.add("gap", last + 1, count=number - last - 1)
                last = number
                name = (_IMAGE + b"%0*d" % (_DIGITS, number)).decode()
                yield Record(number, image, label, self._size(number), self._meta(number), name)
            self._stray_keys(findings)
        except lmdb.Error as error:
            findings.add("damaged", last + 1, detail=str(error))
        if self.count is not None and self.count > last:
            detail = f"num-samples is {self.count:,}, the last sample {last:,}"
            findings.add("count-too-large", last + 1, detail=detail, count=self.count - last)

    def label(self, number: int) -> str:
        """Return the label of sample ``number``."""
        try:
            value = self._txn.get(_LABEL + b"%0*d" % (_DIGITS, number), b"")
        except lmdb.Error:  # damage, which ``records`` has reported, spoils the whole transaction
            value = b""
        return bytes(value).decode("utf-8", errors="replace")

    def _pairs(self, findings: Findings) -> Iterator[tuple[int, bytes | None, bytes | None]]:
        """Yield (number, image, label) for every number that has one of them."""
        both = merge(self._numbered(_IMAGE, findings), self._numbered(_LABEL, findings), key=itemgetter(0))
        for number, parts in groupby(both, key=itemgetter(0)):
            found = {prefix: value for _, prefix, value in parts}
            yield number, found.get(_IMAGE), found.get(_LABEL)

    def _numbered(self, prefix: bytes, findings: Findings) -> Iterator[tuple[int, bytes, bytes]]:
        with self._txn.cursor() as cursor:
            cursor.set_range(prefix)
            for key, value in cursor:
                if not key.startswith(prefix):
                    break
                digits = key[len(prefix) :]
                if len(digits) == _DIGITS and digits.isdigit():
                    yield int(digits), prefix, value
                else:
                    findings.add("stray-key", detail=_text(key))

    def _stray_keys(self, findings: Findings) -> None:
        """Find keys of no known kind, jumping over those of a known one."""
        with self._txn.cursor() as cursor:
            there = cursor.first()
            while there:
                key = cursor.key()
                known = next((p for p in (_IMAGE, _LABEL, _SIZE, _META) if key.startswith(p)), None)
                if known is None and key != _COUNT:
                    findings.add("stray-key", detail=_text(key))
                there = cursor.set_range(known + b"\xff") if known else cursor.next()

    def _size(self, number: int) -> tuple[int, int] | None:
        value = self._txn.get(_SIZE + b"%0*d" % (_DIGITS, number))
        if value is None:
            return None
        width, _, height = value.partition(b"_")
        return (int(width), int(height)) if width.isdigit() and height.isdigit() else (0, 0)

    def _meta(self, number: int) -> dict[str, Any] | None:
        """Return what handgen notes in its own key, if it is there."""
        value = self._txn.get(_META + b"%0*d" % (_DIGITS, number))
        try:
            meta = json.loads(value) if value else None
        except ValueError:
            return None
        return meta if isinstance(meta, dict) else None


def _text(key: bytes) -> str:
    return key[:40].decode("utf-8", errors="backslashreplace")
