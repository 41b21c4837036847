"""Traced forms kept on disk: tracing thousands of glyphs takes a while, so it is done once for a font.

A file holds the forms of one font for one set of characters. Its name is a hash of all that decides what is in it;
it is written whole or not at all, says what it was made of, carries a checksum, and holds no pickle. It is derived
from a font, whose license it is under, so it stays where it was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from handgen.files import replacing
from handgen.fonts.face import FontRef
from handgen.fonts.find import font_cache
from handgen.strokes.base import POINTS
from handgen.strokes.tracing import FontForms

FOLDER = "traced"
VERSION = 1
"""Of tracing: forms that another version traced are traced again."""
_LOW, _SPAN = -1.0, 3.0
"""Coordinates are kept in 16 bits over this range."""
_STEPS = 65535


def identity(font: FontRef, font_sha256: str, chars: str, standard: str) -> str:
    """Return a hash of what decides a font's forms.

    Args:
        font: the face.
        font_sha256: of its file.
        chars: the characters.
        standard: a hash of the standard strokes.
    """
    parts = (str(VERSION), font_sha256, str(font.face), font.instance, standard, chars)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def kept_or_made(name: str, make: Callable[[], FontForms]) -> FontForms:
    """Return the forms of this ``identity`` from the cache; made, and kept there, where there are none.

    A file that is damaged is made again. Where the cache cannot be written, nothing is kept.

    Raises:
        HandgenError: the disk is full.
    """
    file = font_cache() / FOLDER / f"{name}.safetensors"
    if (found := read_forms(file, name)) is not None:
        return found
    made = make()
    write_forms(file, name, made)
    return read_forms(file, name) or made


def write_forms(file: Path, name: str, forms: FontForms) -> None:
    """Write forms, whole or not at all."""
    points = np.clip((forms.points - _LOW) / _SPAN, 0, 1) * _STEPS
    arrays = {
        "points": np.rint(points).astype(np.uint16), "lengths": forms.lengths, "first": forms.first,
        "held": forms.held, "way": forms.way, "fit": forms.fit,
        "chars": np.array([ord(char) for char in forms.chars], np.uint32),
    }  # fmt: skip
    about = {"kind": "handgen traced forms", "identity": name, "sum": _sum(arrays)}
    with replacing(file) as temporary:
        save_file(arrays, temporary, metadata=about)


def read_forms(file: Path, name: str) -> FontForms | None:
    """Read forms; None if there are none of this identity, or they are damaged."""
    if not file.is_file():
        return None
    try:
        with safe_open(file, "numpy") as kept:
            about = kept.metadata() or {}
            arrays = {key: kept.get_tensor(key) for key in kept.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError):
        return None
    if about.get("identity") != name or about.get("sum") != _sum(arrays):
        return None
    points = (arrays.pop("points").astype(np.float32) * np.float32(_SPAN / _STEPS)) + np.float32(_LOW)
    chars = "".join(map(chr, arrays.pop("chars").tolist()))
    return FontForms(chars=chars, points=points.reshape(-1, POINTS, 2), **arrays)


def _sum(arrays: dict[str, NDArray[np.generic]]) -> str:
    hasher = hashlib.sha256()
    for key in sorted(arrays):
        hasher.update(key.encode())
        hasher.update(np.ascontiguousarray(arrays[key]).tobytes())
    return hasher.hexdigest()
