"""Traced forms kept on disk: tracing thousands of glyphs takes a while, so it is done once for a font.

A file holds the forms of one font for one set of characters. Its name is a hash of all that decides what is in it;
it is written whole or not at all, says what it was made of, carries a checksum, and holds no pickle. It is derived
from a font, whose license it is under, so it stays where it was made.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from handgen.errors import FontError, HandgenError
from handgen.files import replacing
from handgen.fonts.face import FontRef
from handgen.fonts.find import font_cache
from handgen.strokes.base import POINTS, StrokeTable
from handgen.strokes.library import digest
from handgen.strokes.tracing import FontForms, trace_font
from handgen.workers import Failed, Pool

Progress = Callable[[str, int, int], None]
"""Is told a font's name, how many are done, and how many there are."""
FOLDER = "traced"
_TYPES = {"U8": np.uint8, "U16": np.uint16, "U32": np.uint32, "I64": np.int64, "F32": np.float32}
_MANY = 1500
"""Glyphs that take longer to trace than other processes to start."""
VERSION = 4
"""Of tracing: forms that another version traced are traced again."""


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

    A file that is damaged is made again. Where the cache may not be written, nothing is kept.

    Raises:
        HandgenError: the disk is full.
    """
    file = file_of(name)
    if (found := read_forms(file, name)) is not None:
        return found
    made = make()
    try:
        write_forms(file, name, made)
    except HandgenError as error:
        if getattr(error.__cause__, "errno", None) not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
    return read_forms(file, name) or made


def file_of(name: str) -> Path:
    """Return where forms of this ``identity`` are kept."""
    return font_cache() / FOLDER / f"{name}.safetensors"


def write_forms(file: Path, name: str, forms: FontForms) -> None:
    """Write forms, whole or not at all."""
    arrays: dict[str, NDArray[Any]] = {
        "points": forms.points, "first": forms.first, "held": forms.held, "way": forms.way, "fit": forms.fit,
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
        about, arrays = _mapped(file)
        points, codes = arrays["points"], arrays["chars"].tolist()
        sound = about.get("identity") == name and about.get("sum") == _sum(arrays) and points.shape[1:] == (POINTS, 2)
        made = FontForms("".join(map(chr, codes)), *(arrays[key] for key in ("first", "points", "held", "way", "fit")))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return made if sound else None


def _mapped(file: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Return the metadata and the arrays of a safetensors file, mapped into memory: workers share the pages."""
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        header = json.loads(opened.read(size))
    about = header.pop("__metadata__")
    data = np.memmap(file, np.uint8, "r", offset=8 + size)
    arrays = {}
    for key, entry in header.items():
        start, stop = entry["data_offsets"]
        arrays[key] = data[start:stop].view(_TYPES[entry["dtype"]]).reshape(entry["shape"])
    return about, arrays


def _sum(arrays: dict[str, NDArray[Any]]) -> str:
    hasher = hashlib.sha256()
    for key in sorted(arrays):
        hasher.update(key.encode())
        hasher.update(np.ascontiguousarray(arrays[key]).tobytes())
    return hasher.hexdigest()


@dataclass(frozen=True)
class Job:
    """A font and what is traced of it.

    Attributes:
        font: the face.
        font_hash: of its file.
        chars: the characters.
        standard: standard strokes, of some of them.
    """

    font: FontRef
    font_hash: str
    chars: str
    standard: StrokeTable | None

    @property
    def name(self) -> str:
        """The ``identity`` of the forms."""
        return identity(self.font, self.font_hash, self.chars, digest(self.standard) if self.standard else "")

    def forms(self) -> FontForms:
        """Return the font's forms, from the cache or anew."""
        table = self.standard
        strokes = {char: table.strokes(char) for char in table.chars} if table else {}
        return kept_or_made(self.name, lambda: trace_font(self.font, self.chars, strokes))


def all_forms(jobs: Sequence[Job], workers: int, progress: Progress | None) -> list[FontForms]:
    """Return fonts' forms, from the cache or anew.

    Args:
        jobs: the fonts.
        workers: processes that trace fonts side by side, where there is enough to trace.
        progress: is told as fonts are done.

    Raises:
        FontError: a font cannot be opened, or crashes its process.
    """
    todo = [job for job in jobs if read_forms(file_of(job.name), job.name) is None] if workers > 1 else []
    if len(todo) > 1 and sum(len(job.chars) for job in todo) >= _MANY:
        _trace_apart(todo, workers, len(jobs), progress)
        progress = None
    made = []
    for number, job in enumerate(jobs, 1):
        made.append(job.forms())
        if progress:
            progress(job.font.style_name, number, len(jobs))
    return made


def _trace_apart(todo: Sequence[Job], workers: int, total: int, progress: Progress | None) -> None:
    """Trace fonts in other processes, into the cache; ``total`` counts those that were there as well."""
    done = total - len(todo)
    with Pool(min(workers, len(todo))) as pool:
        for number, message in pool.run(_work, todo):
            font = todo[number].font
            if isinstance(message, Failed):
                error = FontError(f"{font.spec} cannot be traced ({message.reason})", "Leave it out.")
                raise message.error or error
            done += 1
            if progress:
                progress(font.style_name, done, total)


def _work(job: Job, send: Callable[[Any], None]) -> None:
    import torch

    torch.set_num_threads(1)
    job.forms()
