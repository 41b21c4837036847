"""The LMDB that deep-text-recognition-benchmark, PARSeq, MMOCR, PaddleOCR and OpenOCR read.

A folder with ``data.mdb``. Samples count from 1, without a gap:

- ``image-%09d``  a complete PNG file
- ``label-%09d``  UTF-8, NFC
- ``wh-%09d``     ``width_height`` in pixels; spares OpenOCR decoding every image at its start
- ``meta-%09d``   JSON; ours alone, no reader looks at it
- ``num-samples`` the count in decimal, written last
"""

from __future__ import annotations

import errno
import json
import mmap
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain

import lmdb

from handgen.errors import DatasetError, HandgenError
from handgen.files import from_os_error
from handgen.formats.base import Sample, Writer
from handgen.formats.png import as_png, png_size

Record = tuple[bytes, bytes]

_MAP_SIZE = 64 << 20
_PER_COMMIT = 1000
_PER_TASK = 50
_KEYS_PER_SAMPLE = 4
_COUNT = b"num-samples"
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class LmdbWriter(Writer):
    """Writes an LMDB; see ``Writer``. It is committed in transactions of 1000 samples."""

    format = "lmdb"

    def _open(self, resources: ExitStack) -> tuple[int, bool]:
        file = self.path / "data.mdb"
        if file.exists() and file.stat().st_size < 2 * mmap.PAGESIZE:
            file.unlink()  # a full disk stopped LMDB before its header was whole
        try:
            self._env = lmdb.open(str(self.path), map_size=_MAP_SIZE, mode=0o666)
            resources.callback(self._env.close)
            written, counted = self._samples()
        except lmdb.Error as error:
            raise self._failure(error) from error
        self._tasks: list[Future[list[Record]]] = []
        self._waiting = 0
        self._pool = ThreadPoolExecutor(self.workers, "encode")
        resources.callback(self._pool.shutdown, cancel_futures=True)
        return written, counted

    def _samples(self) -> tuple[int, bool]:
        """Return how many samples are committed, and whether their count is.

        Raises:
            DatasetError: the file is cut short, or not what this class writes.
        """
        file = self.path / "data.mdb"
        # Reading a page that a map has and its file has not would end the process.
        if file.stat().st_size < (self._env.info()["last_pgno"] + 1) * self._env.stat()["psize"]:
            raise self._damaged()
        with self._env.begin() as txn, txn.cursor() as cursor:
            # "." follows "-", so the key before "image." is the last image.
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
        # Sorted, each kind of key goes to the end of its own pages, and LMDB fills them up.
        self._commit(sorted(chain.from_iterable(task.result() for task in self._tasks)))
        self._tasks.clear()
        self._waiting = 0

    def _write_count(self) -> None:
        self._commit([(_COUNT, b"%d" % self.written)])

    def _commit(self, records: Sequence[Record]) -> None:
        """Put ``records`` into one transaction; the map doubles until it holds them."""
        try:
            while not self._put(records):
                self._env.set_mapsize(2 * self._env.info()["map_size"])
        except lmdb.Error as error:
            raise self._failure(error) from error

    def _put(self, records: Sequence[Record]) -> bool:
        """Try to commit ``records``; return False when the map is too small for them."""
        try:
            with self._env.begin(write=True) as txn, txn.cursor() as cursor:
                cursor.putmulti(records)
        except lmdb.MapFullError:
            return False
        return True

    def _failure(self, error: lmdb.Error) -> HandgenError:
        """Tell an error of the disk, which LMDB passes on by its text alone, from a damaged file."""
        code = next((code for code in errno.errorcode if str(error).endswith(os.strerror(code))), None)
        return self._damaged() if code is None else from_os_error(OSError(code, os.strerror(code)), self.path)

    def _damaged(self) -> DatasetError:
        return DatasetError(f"{self.path / 'data.mdb'} is damaged", "Remove the folder and run the command again.")


def _records(samples: Sequence[Sample], labels: Sequence[str]) -> list[Record]:
    """Encode samples into keys and values."""
    records = []
    for sample, label in zip(samples, labels, strict=True):
        number = b"%09d" % (sample.index + 1)
        image = as_png(sample.image)
        width, height = png_size(image)
        records += [
            (b"image-" + number, image),
            (b"label-" + number, label.encode()),
            (b"meta-" + number, _json(sample.meta).encode()),
            (b"wh-" + number, b"%d_%d" % (width, height)),
        ]
    return records
