"""The LMDB that deep-text-recognition-benchmark, PARSeq, MMOCR, PaddleOCR and OpenOCR read.

A folder with ``data.mdb``. Samples are numbered from 1, without gaps:

- ``image-%09d``  a complete PNG file
- ``label-%09d``  UTF-8, NFC
- ``wh-%09d``     ``width_height`` in pixels; with it OpenOCR need not decode every image when it starts
- ``meta-%09d``   JSON; a key of handgen's own, which trainers ignore
- ``num-samples`` the count in decimal, written last
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from heapq import merge
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any

import lmdb

from handgen.errors import DatasetError, HandgenError, UsageError
from handgen.files import from_os_error, pointer_remedy, walk
from handgen.formats.base import Format, Sample, Writer
from handgen.formats.files import json_line
from handgen.formats.findings import Findings
from handgen.formats.png import as_png, png_size
from handgen.formats.reading import Reader, Record

Pair = tuple[bytes, bytes]
"""A key and its value."""

_MAP_SIZE = 1 << 20 if sys.platform == "win32" else 64 << 20
"""Initial size of the map in bytes. On Windows the file is as large as its map, so the map grows in small steps."""
_GROWTH = 1.25 if sys.platform == "win32" else 2.0
_UNIT = 1 << 20
_PER_COMMIT = 1000
_PER_TASK = 50
_KEYS_PER_SAMPLE = 4


class LmdbWriter(Writer):
    """Writes an LMDB; see ``Writer``. Each transaction commits about 1000 samples."""

    format = "lmdb"

    def _open(self, resources: ExitStack) -> tuple[int, bool]:
        file = self.path / "data.mdb"
        if file.exists() and file.stat().st_size < 2 * mmap.PAGESIZE:
            file.unlink()  # a full disk stopped LMDB before it had written its two header pages
        try:
            self._env = lmdb.open(str(self.path), map_size=_MAP_SIZE, mode=0o666)
            resources.callback(self._env.close)
            written, counted = self._samples()
        except lmdb.Error as error:
            raise self._failure(error) from error
        self._tasks: list[Future[list[Pair]]] = []
        self._waiting = 0
        self._pool = ThreadPoolExecutor(self.workers, "encode")
        resources.callback(self._pool.shutdown, cancel_futures=True)
        return written, counted

    def _samples(self) -> tuple[int, bool]:
        """Return how many samples are committed, and whether ``num-samples`` is written.

        Raises:
            DatasetError: the file is cut short, or was not written by this class.
        """
        file = self.path / "data.mdb"
        # Reading a page of the map that lies beyond the end of the file would kill the process (SIGBUS).
        if file.stat().st_size < (self._env.info()["last_pgno"] + 1) * self._env.stat()["psize"]:
            raise self._damaged()
        with self._env.begin() as txn, txn.cursor() as cursor:
            # "." is the next character after "-", so the last image is right before the key "image.".
            found = cursor.prev() if cursor.set_range(b"image.") else cursor.last()
            last = cursor.key().partition(b"image-")[2] if found else b""
            written = int(last) if last.isdigit() else 0
            count = txn.get(_COUNT)
            if txn.stat()["entries"] != _KEYS_PER_SAMPLE * written + (count is not None):
                raise self._damaged()
        if count not in (None, b"%d" % written):
            raise self._damaged()
        return written, count is not None

    def _labels(self) -> Iterable[str]:
        with self._env.begin() as txn, txn.cursor() as cursor:
            cursor.set_range(b"label-")
            for key, value in cursor:
                if not key.startswith(b"label-"):
                    break
                yield value.decode("utf-8")

    def _append(self, samples: Sequence[Sample], labels: Sequence[str]) -> None:
        for start in range(0, len(samples), _PER_TASK):
            part = slice(start, start + _PER_TASK)
            self._tasks.append(self._pool.submit(_records, samples[part], labels[part]))
            self._waiting += len(samples[part])
            if self._waiting >= _PER_COMMIT:
                self._flush()

    def _flush(self) -> None:
        # In sorted order each kind of key is appended to its own pages, so LMDB can fill them.
        self._commit(sorted(chain.from_iterable(task.result() for task in self._tasks)))
        self._tasks.clear()
        self._waiting = 0

    def _write_count(self) -> None:
        self._commit([(_COUNT, b"%d" % self.written)])

    def _commit(self, records: Sequence[Pair]) -> None:
        """Write ``records`` in one transaction; enlarge the map until they fit."""
        try:
            while not self._put(records):
                self._env.set_mapsize(_grown(self._env.info()["map_size"]))
        except lmdb.Error as error:
            raise self._failure(error) from error

    def _put(self, records: Sequence[Pair]) -> bool:
        """Try to commit ``records``; return False when the map is too small for them."""
        try:
            with self._env.begin(write=True) as txn, txn.cursor() as cursor:
                cursor.putmulti(records)
        except lmdb.MapFullError:
            return False
        return True

    def _failure(self, error: lmdb.Error) -> HandgenError:
        """Return the error to raise. LMDB reports an error of the disk only by its text; all else is a damaged file."""
        code = next((code for code in errno.errorcode if str(error).endswith(os.strerror(code))), None)
        return self._damaged() if code is None else from_os_error(OSError(code, os.strerror(code)), self.path)

    def _damaged(self) -> DatasetError:
        return DatasetError(f"{self.path / 'data.mdb'} is damaged", "Remove the folder and run the command again.")


def _grown(size: int) -> int:
    """Return the next larger size of the map: whole MiB, which are whole pages on any system."""
    return -(-int(size * _GROWTH) // _UNIT) * _UNIT


def _records(samples: Sequence[Sample], labels: Sequence[str]) -> list[Pair]:
    """Encode samples into keys and values."""
    records = []
    for sample, label in zip(samples, labels, strict=True):
        number = b"%09d" % (sample.index + 1)
        image = as_png(sample.image)
        width, height = png_size(image)
        records += [
            (b"image-" + number, image),
            (b"label-" + number, label.encode()),
            (b"meta-" + number, json_line(sample.meta).encode()),
            (b"wh-" + number, b"%d_%d" % (width, height)),
        ]
    return records


_IMAGE, _LABEL, _SIZE, _META, _COUNT = b"image-", b"label-", b"wh-", b"meta-", b"num-samples"
_DIGITS = 9
_LONGEST = 20


class LmdbReader(Reader):
    """Reads ``data.mdb`` in one folder."""

    format = "lmdb"

    @classmethod
    def find(cls, root: Path, findings: Findings) -> list[Path]:
        """Return every folder with a ``data.mdb``; note folders that would disturb a trainer."""
        found = []
        for folder, folders, files in walk(root):
            if "data.mdb" in files and (folder / "data.mdb").is_file():
                found.append(folder)
                if folders:
                    findings.add("sub-folder", detail=str(folder))
        if not found:
            return []
        # PARSeq follows links to folders, as ``walk`` does; the other trainers use ``os.walk``, which does not.
        real = {Path(name): (folders, files) for name, folders, files in os.walk(root)}
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
            remedy = pointer_remedy(self._file) or "Give a folder that holds one."
            raise UsageError(f"{self._file} is not an LMDB file ({error})", remedy) from error
        pages, page = self._env.info()["last_pgno"] + 1, self._env.stat()["psize"]
        # Reading a page of the map that lies beyond the end of the file would kill the process (SIGBUS).
        self._whole = self._file.stat().st_size >= pages * page
        self._txn = self._env.begin()
        try:
            count = self._txn.get(_COUNT) if self._whole else None
        except lmdb.Error:
            self._whole, count = False, None
        self.count, self._promise = _count_of(count), count
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
            detail = "" if self._promise is None else f"num-samples is {_text(self._promise)!r}"
            findings.add("bad-count" if detail else "no-count", detail=detail)
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
        except lmdb.Error:  # the file is damaged, which ``records`` has reported
            value = b""
        return bytes(value).decode("utf-8", errors="replace")

    def _pairs(self, findings: Findings) -> Iterator[tuple[int, bytes | None, bytes | None]]:
        """Yield (number, image, label) for every number that has an image or a label."""
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
                    findings.add("key-digits" if digits.isdigit() else "stray-key", detail=_text(key))

    def _stray_keys(self, findings: Findings) -> None:
        """Find keys of unknown kinds; keys of a known kind are skipped without being read."""
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
        """Return the JSON object in handgen's own key; None if there is none."""
        value = self._txn.get(_META + b"%0*d" % (_DIGITS, number))
        try:
            meta = json.loads(value) if value else None
        except ValueError:
            return None
        return meta if isinstance(meta, dict) else None


def _count_of(value: bytes | None) -> int | None:
    """Return ``num-samples`` as trainers read it, with Python's ``int``; None if it is no count."""
    try:
        count = int(value) if value is not None and len(value) < _LONGEST else -1
    except ValueError:
        return None
    return count if count >= 0 else None


def _text(key: bytes) -> str:
    return key[:40].decode("utf-8", errors="backslashreplace")


LMDB = Format(LmdbWriter, LmdbReader)
