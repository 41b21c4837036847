"""Traced hands as a file: the strokes of many fonts, small enough to come with handgen.

A stroke is a short cosine series in steps of 1/256 of the square: 12 terms are nearer to it than half a pixel of 128.
The file is safetensors, packed by xz, with these arrays:

chars               uint32 ``[chars]``, code points, the same for all hands
NAME.counts         uint8 ``[chars]``, strokes of each; 0 where the hand has no form
NAME.series         int16 ``[TERMS, 2, strokes]``
NAME.held           uint8 ``[strokes]``, as ``FontForms.held``

Its metadata tells of each hand the family, the kind, the license, and the hash of the font.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from handgen.errors import HandgenError
from handgen.files import replacing
from handgen.hands import shipped
from handgen.strokes.base import POINTS
from handgen.strokes.series import cosines, fitted
from handgen.strokes.tracing import ABSENT, TRACED, FontForms, decoded, encoded

TERMS = 12
"""Of a stroke."""
_STEP = 1 / 256
_LEAST = 3
"""A hand has at least one in so many of the characters that are asked for."""
_KIND = "handgen traced hands"
_HEAD = 8
"""Bytes before the header of a safetensors file: its length."""


@dataclass(frozen=True)
class TracedHand:
    """Whose forms they are.

    Attributes:
        name: of the hand: the family in lower case with hyphens.
        family: of the font.
        kind: of the font, as in the catalog.
        license: SPDX.
        copyright: as the font says it.
        sha256: of the font's file.
    """

    name: str
    family: str
    kind: str
    license: str
    copyright: str
    sha256: str


ShippedHand = tuple[Path, TracedHand]
"""A hand, and the file that has it."""


@dataclass(frozen=True, eq=False)
class TracedHands:
    """A file of traced hands, open.

    Attributes:
        path: the file.
        hands: whose forms it has.
        digest: a hash of the file.
    """

    path: Path
    hands: tuple[TracedHand, ...]
    digest: str
    _arrays: Mapping[str, NDArray[Any]]

    @property
    def chars(self) -> str:
        """The characters that any hand may have."""
        return "".join(map(chr, self._arrays["chars"].tolist()))

    def covered(self, hand: TracedHand, asked: str) -> int:
        """Return how many of some characters a hand has."""
        some = np.isin(self._arrays["chars"], [ord(char) for char in asked])
        return int((self._arrays[f"{hand.name}.counts"][some] > 0).sum())

    def forms(self, hand: TracedHand, asked: str) -> FontForms:
        """Return the forms of a hand for some characters, each once."""
        counts = self._arrays[f"{hand.name}.counts"].astype(np.int64)
        first = np.concatenate([[0], np.cumsum(counts)])
        row = {char: number for number, char in enumerate(self.chars)}
        rows = np.array([row.get(char, -1) for char in asked], np.int64)
        taken = np.where(rows >= 0, counts[rows], 0)
        ends = np.concatenate([[0], np.cumsum(taken)])
        strokes = np.repeat(first[rows] - ends[:-1], taken) + np.arange(ends[-1])
        series = self._arrays[f"{hand.name}.series"][:, :, strokes].astype(np.float32) * np.float32(_STEP)
        # What was picked lies stroke by stroke, in which order the sum takes twenty times as long.
        points = np.einsum("pt,tds->spd", cosines(POINTS, TERMS), np.ascontiguousarray(series))
        way = np.where(taken > 0, TRACED, ABSENT).astype(np.uint8)
        fit = np.where(taken[:, None] > 0, 1, 0).astype(np.float32).repeat(2, 1)
        return FontForms(asked, ends, encoded(points), self._arrays[f"{hand.name}.held"][strokes], way, fit)


def write_hands(file: Path, forms: Mapping[TracedHand, FontForms]) -> None:
    """Write hands that have the same characters, whole or not at all.

    Raises:
        HandgenError: the disk is full.
    """
    (chars,) = {each.chars for each in forms.values()}
    arrays: dict[str, NDArray[Any]] = {"chars": np.array([ord(char) for char in chars], np.uint32)}
    for hand, each in forms.items():
        series = fitted(decoded(each.points), TERMS)
        arrays[f"{hand.name}.counts"] = np.diff(each.first).astype(np.uint8)
        arrays[f"{hand.name}.series"] = np.ascontiguousarray(
            np.round(series / _STEP).astype(np.int16).transpose(1, 2, 0)
        )
        arrays[f"{hand.name}.held"] = each.held
    about = {"kind": _KIND, "hands": json.dumps([asdict(hand) for hand in forms], ensure_ascii=False)}
    with replacing(file) as temporary:
        temporary.write_bytes(lzma.compress(save(arrays, about), preset=9 | lzma.PRESET_EXTREME))


@lru_cache(maxsize=4)
def open_hands(file: Path) -> TracedHands:
    """Open a file of hands.

    Raises:
        HandgenError: it is damaged, or no such file.
    """
    try:
        packed = file.read_bytes()
        data = lzma.decompress(packed)
        size = int.from_bytes(data[:_HEAD], "little")
        about = json.loads(data[_HEAD : _HEAD + size])["__metadata__"]
        if about["kind"] != _KIND:
            raise ValueError(about["kind"])
        hands = tuple(TracedHand(**hand) for hand in json.loads(about["hands"]))
        arrays = load(data)
    except (OSError, lzma.LZMAError, EOFError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise HandgenError(f"{file} holds no traced hands", "Install handgen again: the file comes with it.") from error
    return TracedHands(file, hands, hashlib.sha256(packed).hexdigest(), arrays)


def shipped_hands(chars: str) -> list[ShippedHand]:
    """Return the hands that come with handgen for these characters.

    They are of the file that has most of the characters, and have a third of them at least: many a hand of a Chinese
    font has only what is written in Japan as well.

    Raises:
        HandgenError: a file is damaged.
    """
    return list(_most_of(tuple(shipped().values()), chars))


@lru_cache(maxsize=4)
def _most_of(paths: tuple[Path, ...], chars: str) -> tuple[ShippedHand, ...]:
    files = [open_hands(file) for file in paths]
    have = [len(set(chars) & set(each.chars)) for each in files]
    best = max(range(len(files)), key=lambda number: (have[number], -len(files[number].chars)), default=None)
    if best is None or not have[best]:
        return ()
    hands = files[best]
    return tuple((hands.path, hand) for hand in hands.hands if _LEAST * hands.covered(hand, chars) >= len(chars))
