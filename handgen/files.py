"""Files and folders: atomic writing, locks, walking through folders."""

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
"""The folder in which handgen is installed."""
LOCK = ".handgen.lock"
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
"""Suffixes of the pictures that handgen reads, in lower case."""
SYSTEM_FOLDERS = frozenset({"__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information"})
_DEEPEST = 64
"""The most levels of folders that ``walk`` enters."""
_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs. Names of files that are not UTF-8 have them; JSON can escape them, UTF-8 cannot."""
_IN_USE = (5, 32, 33)
"""Error codes of Windows for a file that another program uses: access denied, sharing violation, lock violation."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``. If no error occurs, this file is synced to disk and replaces ``path``.

    Raises:
        HandgenError: the disk is full or not writable. Then ``path`` is unchanged.
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


@functools.cache
def _umask() -> int:
    """Return the process's umask. It is read once: to read it, it has to be set, which affects other threads."""
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
    """Return the folder for the user's data of all programs. It may not exist."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def writable_folder(path: Path) -> Path:
    """Create the folder ``path`` if it does not exist, check that it is writable, and return it.

    Raises:
        UsageError: it is a file, or is not writable.
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
    """Yield ``(folder, names of its folders, names of its files)`` for ``root`` and all folders in it, sorted by name.

    Links to folders are followed, except those to a folder above. Hidden folders and ``SYSTEM_FOLDERS`` are left out.
    """
    pending: list[tuple[Path, frozenset[tuple[int, int]]]] = [(root, frozenset())]
    while pending:
        folder, above = pending.pop()
        try:
            found = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:  # a broken link, or a folder without permission
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
    """Return a file that can be read several times and at any position: ``path``, or a copy of it if it is a pipe.

    ``/dev/stdin``, named pipes and process substitution can be read only once. Their copy is kept until the process
    ends, and later calls for the same path return it again.

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
    """Return the remedy for a file that is only a Git LFS pointer; empty for any other file.

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
    """Return the ``HandgenError``, with a remedy, for an operating-system error at ``path``."""
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
    """Lock a folder for this process.

    Returns:
        A file handle; the lock is held until it is closed with ``os.close``.

    Raises:
        UsageError: another run holds the lock.
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
        # Other errors: some network disks have no locks. Then there is no protection.
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            os.close(handle)
            raise UsageError(
                f"another run is writing to {path}", "Wait until it ends, or choose another --out."
            ) from None
    return handle
