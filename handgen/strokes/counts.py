"""How many strokes a character has: lines of ``character<TAB>count`` in UTF-8."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from handgen.errors import HandgenError, UsageError
from handgen.files import write_text
from handgen.fonts.find import font_cache

FOLDER, COUNTS = "strokes", "stroke-counts.tsv"
_FETCH = "Get one with 'handgen fonts fetch strokes'."


def find_counts(path: Path | None) -> Path:
    """Return the file of stroke counts.

    Args:
        path: the file or its folder; None = what was fetched, into ./fonts or handgen's font cache.

    Raises:
        UsageError: there is none.
    """
    fetched = (folder / FOLDER / COUNTS for folder in (Path("fonts"), font_cache()))
    if path is None:
        file = next((file for file in fetched if file.is_file()), None)
    else:
        file = path / COUNTS if path.is_dir() else path
    if file is None or not file.is_file():
        raise UsageError("no stroke counts were found" if path is None else f"no stroke counts at {path}", _FETCH)
    return file


def read_counts(path: Path) -> dict[str, int]:
    """Read how many strokes each character has, 1 or more.

    Raises:
        HandgenError: the file is not UTF-8, or a line is not what it should be.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise HandgenError(f"{path} is not UTF-8 (byte {error.start})", _FETCH) from error
    counts: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        char, _, count = line.partition("\t")
        if len(char) != 1 or not (count.isascii() and count.isdigit()) or not int(count):
            raise HandgenError(f"{path}, line {number} is not 'character<TAB>count': {line[:40]!r}", _FETCH)
        if char in counts:
            raise HandgenError(f"{path}, line {number} has {char} a second time", "Delete one of the two lines.")
        counts[char] = int(count)
    return counts


def write_counts(path: Path, counts: Mapping[str, int]) -> None:
    """Write what ``read_counts`` reads, whole or not at all."""
    write_text(path, "".join(f"{char}\t{count}\n" for char, count in sorted(counts.items())))
