"""Listing the files of a folder, and naming writers, the same way for all readers."""

from __future__ import annotations

import itertools
import stat
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from handgen.characters import nfc
from handgen.files import SYSTEM_FOLDERS, walk

_UNREAD = frozenset(
    {".heic", ".heif", ".avif", ".jp2", ".j2k", ".psd", ".jxl", ".svg", ".dng", ".cr2", ".nef", ".arw", ".raw", ".xcf"}
)
_AS_PNG = "save them as PNG or JPEG"


@dataclass
class Listing:
    """The files below a folder.

    Attributes:
        files: the files to read, sorted by path.
        ignored: why other files are not read, with the remedy -> how many files.
        empty: empty folders.
    """

    files: list[Path] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    empty: list[Path] = field(default_factory=list)


def list_files(folder: Path, suffixes: Collection[str], beside: Collection[str] = ()) -> Listing:
    """List the files below ``folder`` with one of the endings. Links are followed, but not in circles.

    Args:
        folder: where to look.
        suffixes: endings in lower case, with the dot.
        beside: names of other files that the reader knows; they do not count as ignored.
    """
    found = Listing()
    for parent, folders, names in walk(folder):
        if not folders and not names and not any(parent.iterdir()):
            found.empty.append(parent)
        for name in names:
            path = parent / name
            suffix = path.suffix.lower()
            if suffix in suffixes and not name.startswith("."):
                if why := _amiss(path):
                    found.ignored[why] += 1
                else:
                    found.files.append(path)
            elif name not in beside:
                found.ignored[_other(name, suffix)] += 1
        for entry in parent.iterdir():
            if entry.name not in folders and entry.is_dir():
                found.ignored[_hidden(entry)] += 1
    del found.ignored[""]
    return found


def files_in(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """Return the files below ``folder`` with one of the endings, sorted; see ``list_files``."""
    return list_files(folder, suffixes).files


def _amiss(path: Path) -> str:
    """Return why a file with the right ending cannot be read; "" if it can."""
    try:
        found = path.stat()
    except OSError:
        return "broken link: copy the file that it should lead to"
    if not stat.S_ISREG(found.st_mode):
        return "pipe or device, which is no file"
    return "" if found.st_size else "empty file: copy it again"


def _other(name: str, suffix: str) -> str:
    if name.startswith("."):
        return "" if name in (".DS_Store", ".handgen.lock") else "hidden file"
    if suffix in _UNREAD:
        return f"{suffix[1:].upper()} file, which is not read: {_AS_PNG}"
    return f"{suffix or 'file without ending'}, which is not read"


def _hidden(folder: Path) -> str:
    if folder.is_symlink():
        return "link to a folder above it"
    return "folder of the system" if folder.name in SYSTEM_FOLDERS else "hidden folder"


class StyleNames:
    """Gives each writer a name from ``style_name``, and a number if the name is taken: ``a-b``, ``a-b-2``."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, text: str) -> str:
        """Return the name for the writer ``text``; the same text always gets the same name."""
        if text not in self._names:
            plain = style_name(text)
            numbered = (f"{plain}-{number}" for number in itertools.count(2))
            self._names[text] = next(n for n in itertools.chain([plain], numbered) if n not in self._taken)
            self._taken.add(self._names[text])
        return self._names[text]


def style_name(text: str) -> str:
    """Return a writer's name in the form that ``--styles`` takes: NFC, without commas, slashes, spaces and controls."""
    kept = ("-" if char in ",/\\:" or char.isspace() or not char.isprintable() else char for char in nfc(text))
    return "".join(kept).strip("-") or "hand"
