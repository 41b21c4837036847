"""The page code: a band of black and white cells with all that a reader must know about a page.

It holds the layout and the characters themselves, so the scan is enough to read a sheet: there is no
second file that can get lost, and another machine or a later handgen with other layouts can read it.
The code has 336 bytes of data, enough for 150 characters, and 64 bytes of Reed-Solomon parity, which
correct up to 16 wrong bytes in each half. A CRC-32 confirms that what was read is what was printed.

A column of 16 cells is two bytes: the upper one belongs to the first half, the lower one to the second.
The cells are XORed with a fixed random pattern, so that no area is all black or all white.
"""

from __future__ import annotations

import hashlib
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from reedsolo import ReedSolomonError, RSCodec

from handgen.sheets.layout import CODE_COLUMNS, CODE_ROWS, PAPERS, Layout, Page

VERSION = 1
_BYTES = CODE_COLUMNS * CODE_ROWS // 8
_PARITY = 32
_DATA = _BYTES - 2 * _PARITY
_HEAD = struct.Struct(">BBBBBHHHHHHHIH")
_CHECK = struct.Struct(">I")
_MOST = 150


class UnreadableError(Exception):
    """The cells are no page code that can be read; the message says why."""


def room_for(chars: str) -> int:
    """Return how many characters fit into a page code, if they are all from ``chars``."""
    widest = 4 if any(ord(char) > 0xFFFF for char in chars) else 2
    return min(_MOST, (_DATA - _HEAD.size - _CHECK.size) // widest)


def encode(page: Page) -> NDArray[np.bool_]:
    """Return the cells of a page's code, bool ``[CODE_ROWS, CODE_COLUMNS]``, True = black."""
    layout, chars = page.layout, page.chars.encode("utf-16-be")
    lengths = (layout.box, layout.left, layout.top, layout.pitch_x, layout.pitch_y)
    head = _HEAD.pack(
        VERSION,
        PAPERS.index(layout.paper),
        layout.inside,
        layout.columns,
        layout.rows,
        *(round(10 * length) for length in lengths),
        page.number,
        page.pages,
        page.sheet,
        len(chars),
    )
    body = head + chars
    data = (body + _CHECK.pack(zlib.crc32(body))).ljust(_DATA, b"\0")
    halves = [RSCodec(_PARITY).encode(data[half::2]) for half in (0, 1)]
    return _cells(bytes(byte for pair in zip(*halves, strict=True) for byte in pair))


def decode(cells: NDArray[np.bool_]) -> Page:
    """Return the page that a page code describes.

    Raises:
        UnreadableError: the cells are no page code or are too damaged, or a later version of handgen made them.
    """
    word = _bytes(cells)
    try:
        halves = [RSCodec(_PARITY).decode(word[half::2])[0] for half in (0, 1)]
    except ReedSolomonError:
        raise UnreadableError("the page code cannot be read") from None
    data = bytes(byte for pair in zip(*halves, strict=True) for byte in pair)
    version, paper, inside, columns, rows, *lengths, number, pages, sheet, count = _HEAD.unpack(data[: _HEAD.size])
    end = _HEAD.size + count
    if data[end : end + _CHECK.size] != _CHECK.pack(zlib.crc32(data[:end])):
        raise UnreadableError("the page code cannot be read")
    if version != VERSION or paper >= len(PAPERS):
        raise UnreadableError("the page code is one of a later handgen")
    box, left, top, pitch_x, pitch_y = (length / 10 for length in lengths)
    layout = Layout(PAPERS[paper], box, columns, rows, left, top, pitch_x, pitch_y, bool(inside))
    return Page(layout, data[_HEAD.size : end].decode("utf-16-be"), number, pages, sheet)


def _pattern() -> NDArray[np.uint8]:
    return np.frombuffer(hashlib.shake_256(b"handgen sheet").digest(_BYTES), np.uint8)


def _cells(word: bytes) -> NDArray[np.bool_]:
    bits = np.unpackbits(np.frombuffer(word, np.uint8) ^ _pattern())
    return bits.reshape(CODE_COLUMNS, CODE_ROWS).T.astype(bool)


def _bytes(cells: NDArray[np.bool_]) -> bytes:
    return (np.packbits(cells.T.reshape(-1)) ^ _pattern()).tobytes()
