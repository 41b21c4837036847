"""What a model of strokes learns from: standard strokes, and where each is in the glyphs of a run; kept in a file.

Laying strokes over glyphs takes a minute for some thousand of them, so it is done once. The file lies in the run's
folder, holds no pickle, and says what it was made of.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handgen.errors import HandgenError, TrainingError
from handgen.files import replacing
from handgen.strokes.base import POINTS
from handgen.strokes.paint import paint
from handgen.strokes.register import PICKED, Placed, register
from handgen.strokes.series import TERMS, WIDTHS, cosines, fitted

FILE = "copybook.npz"
FORMAT = 1
KEPT, NO_STROKES, BAD_FIT = 0, 1, 2
_REASONS = {NO_STROKES: "no strokes are known", BAD_FIT: "the strokes do not fit the glyph"}
_LEAST = 0.8
"""Recall and precision below which strokes do not fit."""
_SHOWN = 40
_MEASURED = 200
"""Glyphs of a style whose ink is compared."""
_REMEDY = "Delete it and run the same command again: it is made anew."


@dataclass(frozen=True)
class Task:
    """Glyphs to be written.

    Attributes:
        chars: what each shows.
        style: int64 ``[n]``, the number of its style.
        images: tells the glyphs of some numbers, uint8 ``[k, size, size]``, 0 = ink.
        source: what tells these glyphs from others.
    """

    chars: Sequence[str]
    style: NDArray[np.int64]
    images: Callable[[NDArray[np.int64]], NDArray[np.uint8]]
    source: str

    def digest(self, strokes: str) -> str:
        """Return a hash of the glyphs and of the standard strokes, of which ``strokes`` is one."""
        hasher = hashlib.sha256(f"{FORMAT} {strokes} {self.source} ".encode())
        hasher.update("".join(self.chars).encode())
        hasher.update(self.style.tobytes())
        return hasher.hexdigest()


@dataclass(frozen=True)
class Copybook:
    """How the glyphs of a run are written, stroke by stroke.

    Attributes:
        first: int64 ``[glyphs + 1]``, where the strokes of each begin; a glyph that is left out has none.
        offsets: float32 ``[strokes, TERMS, 2]``, from the standard's stroke, as a cosine series, in sides.
        widths: float32 ``[strokes, WIDTHS]``, likewise.
        joined: bool ``[strokes]``, whether the pen stays down after it.
        fit: float32 ``[glyphs, 2]``, recall and precision of the strokes in the glyph.
        reason: uint8 ``[glyphs]``: ``KEPT``, or why it is left out.
    """

    first: NDArray[np.int64]
    offsets: NDArray[np.float32]
    widths: NDArray[np.float32]
    joined: NDArray[np.bool_]
    fit: NDArray[np.float32]
    reason: NDArray[np.uint8]

    def report(self, task: Task, styles: Sequence[str]) -> list[str]:
        """Return what a user should know: how many glyphs are learned from, and which are not."""
        lines = [f"strokes laid over {int((self.reason == KEPT).sum()):,} of {len(self.reason):,} glyphs"]
        for reason, text in _REASONS.items():
            left: list[int] = np.flatnonzero(self.reason == reason).tolist()
            per_style = Counter(styles[task.style[i]] for i in left)
            for name, count in per_style.items():
                chars = "".join(task.chars[i] for i in left if styles[task.style[i]] == name)
                shown = chars if len(chars) <= _SHOWN else chars[:_SHOWN] + "…"
                lines.append(f"left out of {name}, {text}: {count:,} ({shown})")
        return lines


def open_copybook(
    file: Path, task: Task, strokes: Mapping[str, NDArray[np.float32]], stroke_digest: str, styles: Sequence[str]
) -> Copybook:
    """Read the copybook of a run, or make it.

    Args:
        file: where it is kept.
        task: the glyphs.
        strokes: standard strokes by character, ``[n, POINTS, 2]``.
        stroke_digest: a hash of them.
        styles: names of the styles.

    Raises:
        HandgenError: the file is damaged, of another version, or of other glyphs or strokes.
        TrainingError: not one glyph can be learned from.
    """
    digest = task.digest(stroke_digest)
    if file.is_file():
        return _read(file, digest)
    made = make_copybook(task, strokes)
    if not (made.reason == KEPT).any():
        why = "; ".join(f"{int((made.reason == reason).sum()):,}: {text}" for reason, text in _REASONS.items())
        raise TrainingError(
            f"not one of the {len(made.reason):,} glyphs can be learned from ({why})",
            "Name other --strokes, or hands that write these characters as the standard does.",
        )
    with replacing(file) as temporary, temporary.open("wb") as out:
        np.savez_compressed(out, format=np.int64(FORMAT), digest=np.array(digest), **vars(made))
    return made


def make_copybook(task: Task, strokes: Mapping[str, NDArray[np.float32]]) -> Copybook:
    """Lay standard strokes over glyphs, style by style; arguments are those of ``open_copybook``."""
    placed: dict[int, Placed] = {}
    known = np.array([char in strokes for char in task.chars])
    for number in np.unique(task.style):
        rows = np.flatnonzero((task.style == number) & known)
        if len(rows):
            found = register([strokes[task.chars[i]] for i in rows.tolist()], task.images(rows))
            placed.update(zip(rows.tolist(), _as_dark(list(found), task.images, rows), strict=True))
    fit = np.zeros((len(task.chars), 2), np.float32)
    for row, each in placed.items():
        fit[row] = each.recall, each.precision
    reason = np.where(known, np.where(fit.min(1) >= _LEAST, KEPT, BAD_FIT), NO_STROKES).astype(np.uint8)
    kept = [int(row) for row in np.flatnonzero(reason == KEPT)]
    counts = np.zeros(len(reason), np.int64)
    counts[kept] = [len(placed[row].points) for row in kept]
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    nothing = np.empty((0, len(PICKED), 2), np.float32)
    moved = [placed[row].points - strokes[task.chars[row]][:, PICKED] for row in kept]
    widths = [placed[row].widths[..., None] for row in kept]
    return Copybook(
        first,
        fitted(np.concatenate([nothing, *moved]), TERMS),
        fitted(np.concatenate([nothing[..., :1], *widths]), WIDTHS)[..., 0],
        np.concatenate([np.empty(0, bool), *(placed[row].joined for row in kept)]),
        fit,
        reason,
    )


def _as_dark(placed: list[Placed], images: Callable[..., NDArray[np.uint8]], rows: NDArray[np.int64]) -> list[Placed]:
    """Make lines so much wider, or narrower, that a style's glyphs drawn by them have as much ink as the true ones.

    How thick a line is read off the distance to paper, which is shorter than half of the line where it has ends.
    """
    some = np.unique(np.linspace(0, len(rows) - 1, _MEASURED).astype(int))
    true = images(rows[some])
    owner = np.repeat(np.arange(len(some)), [len(placed[i].points) for i in some])
    knots = np.concatenate([placed[i].points for i in some])
    points = np.einsum("kt,sta->ska", cosines(POINTS, TERMS), fitted(knots, TERMS))
    widths = fitted(np.concatenate([placed[i].widths for i in some])[..., None], WIDTHS)[..., 0]
    widths = widths @ cosines(POINTS, WIDTHS).T
    down, factor = np.concatenate([placed[i].joined for i in some]), 1.0
    for _ in range(3):
        drawn = paint(points, widths * np.float32(factor), down, owner, len(some), true.shape[-1])
        ink = (255 - drawn.astype(np.float64)).sum()
        factor *= float(np.clip((255 - true.astype(np.float64)).sum() / max(ink, 1.0), 0.7, 1.4))
    return [replace(each, widths=each.widths * np.float32(factor)) for each in placed]


def _read(file: Path, digest: str) -> Copybook:
    try:
        with np.load(file, allow_pickle=False) as found:
            version, made_of = int(found["format"]), str(found["digest"])
            if version != FORMAT:
                raise HandgenError(f"{file} was made by another version of handgen", _REMEDY)
            if made_of != digest:
                raise HandgenError(f"{file} was made of other glyphs or strokes", _REMEDY)
            table = Copybook(**{name: found[name] for name in Copybook.__dataclass_fields__})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise HandgenError(f"{file} is damaged ({' '.join(str(error).split())[:80]})", _REMEDY) from error
    strokes = int(table.first[-1]) if len(table.first) else 0
    shapes = [(strokes, TERMS, 2), (strokes, WIDTHS), (strokes,), (len(table.first) - 1, 2), (len(table.first) - 1,)]
    if [each.shape for each in (table.offsets, table.widths, table.joined, table.fit, table.reason)] != shapes:
        raise HandgenError(f"{file} is damaged (its parts do not match)", _REMEDY)
    return table
