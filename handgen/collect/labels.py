"""Finds the labels of images in the names of their files and folders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from handgen.characters import nfc
from handgen.errors import UsageError
from handgen.fonts.charsets import is_written

_CODE = re.compile(r"(?:[Uu]\+|0[xX]|uni)([0-9A-Fa-f]{4,6})(?![0-9A-Fa-f])")
_END = re.compile(r"[_\-.\s(\[]|$")
_DIGITS = frozenset("0123456789")
_NUMBER = re.compile(rf"([0-9]+)(?:{_END.pattern})")
_SHOWN = 3


def label_of(text: str) -> str:
    """Return the text in NFC, or the character if the text is its code, such as ``U+6C38``."""
    text = nfc(text.strip())
    match = _CODE.fullmatch(text)
    return _of_code(match) if match else text


def named(text: str) -> bool:
    """Return whether a folder's name is one character."""
    return is_written(label_of(text))


def char_in_name(stem: str) -> str:
    """Return the character at the start of a file's name, alone or before a separator; "" if there is none."""
    stem = nfc(stem)
    match = _CODE.match(stem)
    char, rest = (_of_code(match), stem[match.end() :]) if match else (stem[:1], stem[1:])
    return char if is_written(char) and _END.match(rest) else ""


def labels_in_names(files: Iterable[Path], root: Path, *, guessed: bool) -> Iterator[str]:
    """Yield the character in the name of each file; "" if there is none, or if it is a digit of a counter.

    Args:
        files: the files.
        root: the folder that they are below.
        guessed: whether handgen guessed that file names have the labels; only then counters are looked for.
    """
    some = [*files]
    counting = _counting(some) if guessed else set()
    for file in some:
        counter = (_is_bare(file.stem) and _above(root, file)) or file.parent in counting
        yield "" if counter and _number(file.stem) else char_in_name(file.stem)


def _above(root: Path, file: Path) -> str:
    """Return the character that is the name of a file's folder; "" if the name is not one character."""
    label = label_of(file.parent.name) if file.parent != root else ""
    return label if is_written(label) else ""


def _counting(files: Iterable[Path]) -> set[Path]:
    """Return the folders in which a number at the start of a file name counts files, and is no label.

    That is so if one of the numbers has several digits, or if all names begin with a digit and no two with the same one
    (``1 scan.png``, ``0_A.png``). Names that are nothing but a digit count files too, unless one folder has all ten:
    then each such folder holds the digits of a writer.
    """
    names: dict[Path, set[str]] = {}
    for file in files:
        names.setdefault(file.parent, set()).add(file.stem)
    numbers = {folder: [_number(stem) for stem in stems] for folder, stems in names.items()}
    several = {folder for folder, some in numbers.items() if any(len(number) > 1 for number in some)}
    bare = {folder for folder, stems in names.items() if stems <= _DIGITS}
    once = {folder for folder, some in numbers.items() if all(some) and len({*some}) == len(some)} - bare
    return several | once if any(names[folder] == _DIGITS for folder in bare) else several | once | bare


def _number(stem: str) -> str:
    """Return the number at the start of a file's name, alone or before a separator; "" if there is none."""
    match = _NUMBER.match(stem)
    return match[1] if match else ""


def _is_bare(stem: str) -> bool:
    return stem.isascii() and stem.isalnum()


def _of_code(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return nfc(chr(code)) if code < 0x110000 else ""


@dataclass
class _Votes:
    """Files by where their label seems to be: in the folder's name, in the file's, in either of them, or in neither."""

    folder: list[Path]
    name: list[Path]
    either: list[Path]
    neither: list[Path]


def choose_way(root: Path, files: Iterable[Path]) -> str:
    """Return where most files have their label: ``folder`` or ``name``.

    A file name that is only a number is a counter and no label if its folder's name is one character, or in the cases
    that ``_counting`` describes. In a folder whose name is one character, a file name of one letter (``a.png``) can be
    a label or not.

    Raises:
        UsageError: neither way fits half of the files, or both fit equally many.
    """
    votes = _count(root, [*files])
    folder, name = len(votes.folder), len(votes.name)
    if folder == name:
        either = votes.folder[:1] + votes.name[:1] + votes.either[:2]
        raise _unclear(root, "the names say two things" if either else "no name says what an image shows", votes)
    fit = folder + len(votes.either) if folder > name else name
    total = folder + name + len(votes.either) + len(votes.neither)
    if 2 * fit < total or len(votes.either) > max(folder, name):
        raise _unclear(
            root, f"only {max(folder, name):,} of {total:,} images have a name that says what they show", votes
        )
    return "folder" if folder > name else "name"


def _count(root: Path, files: list[Path]) -> _Votes:
    votes = _Votes([], [], [], [])
    counting = _counting(files)
    for file in files:
        above = _above(root, file)
        char = char_in_name(file.stem)
        bare = _is_bare(file.stem)
        counter = _number(file.stem) and (bare or file.parent in counting)
        if above:
            if not char or char == above or counter:
                votes.folder.append(file)
            else:
                (votes.either if bare else votes.name).append(file)
        elif char and not (_number(file.stem) and file.parent in counting):
            votes.name.append(file)
        else:
            votes.neither.append(file)
    return votes


def _unclear(root: Path, why: str, votes: _Votes) -> UsageError:
    some = [*votes.folder[:_SHOWN], *votes.either[:_SHOWN], *votes.name[:_SHOWN], *votes.neither[:_SHOWN]]
    shown = ", ".join(str(file.relative_to(root)) for file in some[: 2 * _SHOWN])
    return UsageError(
        f"{why} in {root} ({shown})",
        "Say where the characters stand with --labels folder or --labels name, or write a labels.csv.",
    )
