"""Writing files so that nothing half-written ever looks whole."""

from __future__ import annotations

import atexit
import contextlib
import errno
import functools
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handgen.errors import HandgenError, UsageError

PACKAGE = Path(__file__).resolve().parent
"""Where handgen itself is installed."""
LOCK = ".handgen.lock"
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
"""How the names of pictures end that handgen reads, in lower case."""
SYSTEM_FOLDERS = frozenset({"__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information"})
_DEEPEST = 64
_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs: JSON can hold them, and names of files that are no UTF-8; UTF-8 cannot."""
_IN_USE = (5, 32, 33)
"""What Windows says where a file is open elsewhere: access denied, sharing violation, lock violation."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it is synced and replaces it.

    Raises:
        HandgenError: the disk is full or may not be written; what was at ``path`` is still there.
    """
    try:
        with _temporary_beside(path) as temporary:
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
    except OSError as error:
        raise from_os_error(error, path) from error


@contextlib.contextmanager
def _temporary_beside(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, whole or not at all."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    if _HALVES.search(text):
        text = json.dumps(value, indent=2)
    write_text(path, text + "\n")


def sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def user_data() -> Path:
    """Return the folder in which programs keep the data of this user; it may not be there yet."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def writable_folder(path: Path) -> Path:
    """Create ``path`` if need be and make sure that files can be written into it.

    Raises:
        UsageError: it is a file, or may not be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{path} is not a folder", "Choose another --out.") from None
    except PermissionError:
        raise UsageError(f"no permission to write to {path}", "Choose another --out.") from None
    except OSError as error:
        raise from_os_error(error, path) from error
    return path


def walk(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield folder, names of its folders and names of its files, from ``root`` down, all in order of their names.

    Links to folders are followed as ``glob`` follows them, but none that leads back to a folder above it. Hidden
    folders and those that systems leave behind are no part of anybody's data.
    """
    pending: list[tuple[Path, frozenset[tuple[int, int]]]] = [(root, frozenset())]
    while pending:
        folder, above = pending.pop()
        try:
            found = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:  # a link that leads nowhere, or a folder that may not be read
            continue
        here = (found.st_dev, found.st_ino)
        if here in above or len(above) > _DEEPEST:
            continue
        within = above | {here}
        folders = [e.name for e in entries if e.is_dir() and not _of_a_system(e.name) and not _leads_back(e, within)]
        yield folder, folders, [entry.name for entry in entries if not entry.is_dir()]
        pending += [(folder / name, within) for name in reversed(folders)]


def _leads_back(entry: os.DirEntry[str], above: frozenset[tuple[int, int]]) -> bool:
    if not entry.is_symlink():
        return False
    found = entry.stat()
    return (found.st_dev, found.st_ino) in above


@functools.cache
def regular(path: Path) -> Path:
    """Return a file that can be read twice and anywhere in it: ``path``, or a copy of what comes out of a pipe.

    ``/dev/stdin``, named pipes and process substitution give what they have only once; the copy is kept until the
    process ends, so the same path may be asked for again.

    Raises:
        HandgenError: there is no room for the copy.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except (OSError, ValueError):
        return path
    if kind not in (stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK):
        return path
    handle, name = tempfile.mkstemp(prefix="handgen-", suffix=".txt")
    copy = Path(name)
    atexit.register(copy.unlink, missing_ok=True)
    try:
        with path.open("rb") as source, os.fdopen(handle, "wb") as target:
            shutil.copyfileobj(source, target)
    except OSError as error:
        raise from_os_error(error, path) from error
    return copy


_POINTER = b"version https://git-lfs"


def pointer_remedy(file: Path | bytes) -> str:
    """Return how to get what a file of Git LFS stands for; empty if it is another file.

    Args:
        file: its path, or its content.
    """
    try:
        if isinstance(file, bytes):
            head = file[: len(_POINTER)]
        else:
            with file.open("rb") as stream:
                head = stream.read(len(_POINTER))
    except OSError:
        return ""
    return "It is a Git LFS pointer: fetch the file with 'git lfs pull'." if head == _POINTER else ""


def is_text_input(path: Path) -> bool:
    """Whether text can be read from ``path``: it is a file, or a pipe."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # a long or odd text is no path
        return False
    return stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _of_a_system(name: str) -> bool:
    return name.startswith(".") or name in SYSTEM_FOLDERS


def from_os_error(error: OSError, path: Path) -> HandgenError:
    """Turn an operating-system error met at ``path`` into one that names the remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HandgenError(
            f"no room left on the disk that holds {path}",
            "Free some space and run the same command again: it goes on where it stopped.",
        )
    if error.errno in (errno.EFBIG, errno.EIO):  # LMDB reports EIO where a disk took half of what it wrote
        return HandgenError(
            f"{path} cannot grow: the disk is full or fails, or a limit on file size (ulimit -f) is reached",
            "Make room and run the same command again: it goes on where it stopped.",
        )
    if getattr(error, "winerror", None) in _IN_USE:
        return HandgenError(f"{path} is in use by another program, or read-only", "Close what has it open.")
    if error.errno == errno.EROFS:
        return HandgenError(f"{path} is on a read-only disk", "Choose another --out.")
    return HandgenError(f"{path}: {error.strerror or error}", "Check the path and its permissions.")


def lock_folder(path: Path) -> int:
    """Lock the folder for this process; return the handle, which holds the lock until it is closed.

    Raises:
        UsageError: another run holds it.
    """
    handle = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network disks know no locks; there the user alone can take care.
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            os.close(handle)
            raise UsageError(
                f"another run is writing to {path}", "Wait until it ends, or choose another --out."
            ) from None
    return handle
