"""Lists what can draw or read: shipped weights, runs, and sources that need no training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from handgen import weights
from handgen.checkpoints.files import peek
from handgen.errors import HandgenError
from handgen.fonts.charsets import CHARSETS, load_charset
from handgen.fonts.find import short_license
from handgen.glyphs.records import StyleRecord
from handgen.sources import UNTRAINED

SHIPPED, RUN, BUILT_IN = "shipped", "run", "built in"


@dataclass(frozen=True)
class Listed:
    """A model, recognizer or source.

    Attributes:
        name: the value for ``--model`` or ``--recognizer``.
        kind: the model's name in the registry, or ``recognizer``.
        where: ``SHIPPED``, ``RUN`` or ``BUILT_IN``.
        styles: the number of trained styles.
        charset: the number of its characters, and the name of the charset if it has one.
        size: side of its images in pixels; 0 = any.
        bytes: the size of its file.
        license: the licenses of the training fonts, each once.
        images: images seen in training.
        problem: why it cannot be used; empty if it can.
    """

    name: str
    kind: str
    where: str
    styles: int = 0
    charset: str = ""
    size: int = 0
    bytes: int = 0
    license: str = ""
    images: int = 0
    problem: str = ""


def charset_name(chars: str) -> str:
    """Return for example ``6,763 characters (gb2312)``; the name is there if ``chars`` are exactly that charset."""
    own = set(chars)
    name = next((name for name in CHARSETS if own == set(load_charset(name))), "")
    return f"{len(own):,} characters" + (f" ({name})" if name else "")


def listed(runs: Sequence[Path]) -> list[Listed]:
    """Return shipped weights, then runs, the latest first, then sources that need no training.

    Args:
        runs: run folders.
    """
    files = [(SHIPPED, name, folder) for name, folder in weights.shipped().items()]
    files += [(RUN, str(run), run) for run in sorted(runs, key=_changed, reverse=True)]
    found = [
        _look(where, name, folder / kind)
        for where, name, folder in files
        for kind in (weights.MODEL, weights.RECOGNIZER)
        if (folder / kind).is_file()
    ]
    return found + [Listed(name, name, BUILT_IN) for name in UNTRAINED]


def _changed(run: Path) -> float:
    files = [run / name for name in (weights.MODEL, weights.RECOGNIZER) if (run / name).is_file()]
    return max((file.stat().st_mtime for file in files), default=0.0)


def _look(where: str, name: str, file: Path) -> Listed:
    size = file.stat().st_size
    try:
        found = peek(file)
        if found.facts.get("kind") == "recognizer":
            facts = found.facts
            chars, images = charset_name(facts["charset"]), int(facts.get("images", 0))
            return Listed(name, "recognizer", where, charset=chars, size=int(facts["size"]), bytes=size, images=images)
        model = found.model
        return Listed(
            name=name,
            kind=model.model,
            where=where,
            styles=len(model.styles),
            charset=charset_name(model.usual_characters),
            size=model.size,
            bytes=size,
            license=_licenses(model.styles),
            images=model.images,
        )
    except (HandgenError, KeyError, TypeError) as error:
        return Listed(name, "?", where, bytes=size, problem=getattr(error, "message", f"{file} lacks {error}"))


def _licenses(styles: Sequence[StyleRecord]) -> str:
    known = [short_license(style.origin.license) or "unknown" for style in styles]
    return ", ".join(sorted({license[:40] for license in known}))
