"""Fetching fonts of the catalog with the npm and pip clients.

Nothing is installed: packages are downloaded, several at a time, into scratch folders, their font and license are
taken out, and only a whole font reaches the font folder. Fonts under the OFL may reserve their names for
unmodified files. A merged font keeps its name, so that it is found by it, as a private conversion
for use on this machine; ``<family>.json`` says so, and it must not be passed on under that name.
"""

from __future__ import annotations

import fnmatch
import functools
import gzip
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from handgen.errors import FontError, HandgenError
from handgen.files import from_os_error, sha256, writable_folder, write_json
from handgen.fonts.catalog import Entry, Source
from handgen.fonts.face import FontRef, open_face
from handgen.fonts.merge import merge_apart, merge_slices

_LICENSE_FILES = ("license*", "licence*", "ofl*", "copying*")
_CLIENT_SECONDS = 900
_SCRATCH = ".fetch-"
WORKERS = 4
"""Packages that are fetched at a time: clients wait for the network, and slices are put together in processes."""


@dataclass(frozen=True)
class Outcome:
    """What became of one entry.

    Attributes:
        entry: the family.
        state: ``fetched``, ``present`` (it was there already) or ``failed``.
        path: the font file, or None when it failed.
        error: why it failed, else None.
    """

    entry: Entry
    state: str
    path: Path | None = None
    error: HandgenError | None = None


def fetch_all(entries: list[Entry], out: Path, force: bool = False, workers: int = WORKERS) -> Iterator[Outcome]:
    """Fetch ``entries`` into ``out``, ``workers`` at a time, and yield what became of each as soon as it is known.

    A failure does not keep the others back. Stopped anywhere, the same call goes on: what is there is ``present``.

    Raises:
        UsageError: ``out`` cannot be written.
    """
    writable_folder(out)
    sweep(out)
    with scratch_folder(out) as scratch:
        bring = functools.partial(fetch, archive_of=_Archives(entries, scratch).get)
        pool = ThreadPoolExecutor(workers, thread_name_prefix="fetch")
        try:
            jobs = [
                pool.submit(attempt, entry, out, None if force else installed(entry, out), bring) for entry in entries
            ]
            for job in as_completed(jobs):
                yield job.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)  # what runs clears its scratch folder


class _Archives:
    """The archives of packages; one that several entries come from is downloaded once, and kept for all of them.

    Args:
        entries: all that are fetched.
        folder: for the archives that are kept.
    """

    def __init__(self, entries: list[Entry], folder: Path) -> None:
        count = Counter(_package(entry.source) for entry in entries)
        several = [package for package, number in count.items() if number > 1]
        self._kept = {package: (folder / str(i), threading.Lock()) for i, package in enumerate(several)}

    def get(self, source: Source, scratch: Path) -> Path:
        """Return the archive of a package, in ``scratch`` or kept; raises what ``download`` raises."""
        if _package(source) not in self._kept:
            return download(source, scratch)
        folder, lock = self._kept[_package(source)]
        with lock:
            if folder.is_dir():
                return next(folder.iterdir())
            archive = download(source, scratch)
            folder.mkdir()
            return archive.replace(folder / archive.name)


def _package(source: Source) -> tuple[str, str, str]:
    return source.type, source.package, source.version


@contextmanager
def scratch_folder(out: Path) -> Iterator[Path]:
    """Give a hidden folder in ``out`` that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"{_SCRATCH}{os.getpid()}-", dir=out.resolve()) as folder:
        yield Path(folder)


def sweep(out: Path) -> None:
    """Remove the scratch folders in ``out`` of processes that were killed."""
    for folder in out.glob(f"{_SCRATCH}*"):
        if not _runs(folder.name.removeprefix(_SCRATCH).partition("-")[0]):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: str) -> bool:
    """Tell whether a process is running; where nobody can tell, it is."""
    if not pid.isdecimal():
        return False
    if os.name != "posix":
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def attempt(entry: Entry, out: Path, present: Path | None, bring: Callable[[Entry, Path], Path]) -> Outcome:
    """Return what became of an entry: it is ``present``, or ``bring`` fetches it into ``out`` or fails."""
    if present:
        return Outcome(entry, "present", present)
    try:
        return Outcome(entry, "fetched", bring(entry, out))
    except HandgenError as error:
        return Outcome(entry, "failed", error=error)
    except OSError as error:
        return Outcome(entry, "failed", error=from_os_error(error, out))


def installed(entry: Entry, out: Path) -> Path | None:
    """Return the font file of ``entry`` in ``out``, or None."""
    paths = (out / f"{entry.slug}{suffix}" for suffix in (".ttf", ".otf"))
    return next((path for path in paths if path.is_file()), None)


def fetch(entry: Entry, out: Path, archive_of: Callable[[Source, Path], Path] | None = None) -> Path:
    """Write ``<slug>.ttf|.otf``, ``LICENSE-<slug>.txt`` and ``<slug>.json`` of ``entry`` into ``out``.

    The font is moved last: where it is, the other two are.

    Args:
        entry: the family.
        out: folder of fonts.
        archive_of: has the archive of a package put into a scratch folder, or knows where it is; ``download`` if None.

    Raises:
        HandgenError: the client is missing or failed.
        FontError: the package holds unsafe paths, no such font, no license, or a damaged font.
    """
    with scratch_folder(out) as scratch:
        archive = (archive_of or download)(entry.source, scratch)
        slices, license = _unpack(archive, entry.source, scratch)
        merge = merge_apart if len(slices) > 1 else merge_slices
        font = merge(slices, scratch, entry.slug)
        open_face(FontRef(font))
        license = license.replace(scratch / f"LICENSE-{entry.slug}.txt")
        about = scratch / f"{entry.slug}.json"
        write_json(about, _provenance(entry, archive, slices, font))
        for path in (license, about, font):
            path.replace(out / path.name)
    return out / font.name


def _provenance(entry: Entry, archive: Path, slices: list[Path], font: Path) -> dict[str, object]:
    return {
        "family": entry.family,
        "license": entry.license,
        "source": {"type": entry.source.type, "package": entry.source.package, "version": entry.source.version},
        "archive_sha256": sha256(archive),
        "files": entry.source.take,
        "slices": len(slices),
        "converted": [path.suffix for path in slices] != [font.suffix],
        "note": "A font that was converted is for private use: do not pass it on under a reserved font name.",
        "sha256": sha256(font),
    }


def download(source: Source, scratch: Path) -> Path:
    """Have the client put the package's archive into ``scratch`` and return its path.

    Raises:
        HandgenError: the client is missing or failed.
    """
    command = _npm(source, scratch) if source.type == "npm" else _pip(source, scratch)
    name = f"{source.package} {source.version}"
    try:
        done = subprocess.run(
            command, cwd=scratch, capture_output=True, text=True, errors="replace", timeout=_CLIENT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise HandgenError(f"{source.type} took too long to download {name}", "Try again later.") from None
    archives = [path for path in scratch.iterdir() if path.name.endswith((".tgz", ".whl"))]
    if done.returncode or len(archives) != 1:
        why = _complaint(done.stderr) or f"exit code {done.returncode}, {len(archives)} archives"
        first = "Free some space" if "No space left" in why or "ENOSPC" in why else "Check the network"
        raise HandgenError(
            f"{source.type} could not download {name}: {why}", f"{first}, then run the same command again."
        )
    return archives[0]


def _npm(source: Source, scratch: Path) -> list[str]:
    client = shutil.which("npm")
    if not client:
        raise HandgenError("npm is not installed, and this comes from npm", "Install Node.js, which brings npm.")
    return [
        client, "pack", f"{source.package}@{source.version}", "--pack-destination", str(scratch),
        "--loglevel=error", "--ignore-scripts", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=4000",
    ]  # fmt: skip


def _pip(source: Source, scratch: Path) -> list[str]:
    if importlib.util.find_spec("pip") is None:
        raise HandgenError("pip is not installed in this Python", "Install it with: python -m ensurepip")
    return [
        sys.executable, "-m", "pip", "download", f"{source.package}=={source.version}", "--dest", str(scratch),
        "--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check",
    ]  # fmt: skip


def _complaint(stderr: str) -> str:
    """Return the first two telling lines of a client's messages, or what a traceback ends with."""
    lines = [line.strip() for line in stderr.splitlines() if "complete log" not in line]
    telling = [line for line in lines if line and not line.lower().startswith(("warning", "npm warn"))]
    if any(line.startswith("Traceback") for line in telling):
        telling = telling[-1:]
    return "; ".join(telling[:2])[:300]


def _unpack(archive: Path, source: Source, scratch: Path) -> tuple[list[Path], Path]:
    """Take the wanted font files and the license out of an archive; nothing else is written.

    Raises:
        FontError: unreadable, unsafe, or without the font or the license.
    """
    name = f"{source.package} {source.version}"
    files: list[Path] = []
    license: Path | None = None
    for path, data in members(archive, source):
        if fnmatch.fnmatchcase(str(path), source.take):
            files.append(_write(scratch / f"slice-{len(files):03}-{path.name}", data))
        elif license is None and any(fnmatch.fnmatchcase(path.name.lower(), form) for form in _LICENSE_FILES):
            license = _write(scratch / "license", data)
    if not files:
        raise FontError(
            f"the package {name} holds no {source.take}", "Its layout has changed; install a newer handgen."
        )
    if source.notice:  # a license file there is the package's, not the font's
        license = _write(scratch / "licence", f"{source.notice}\n".encode())
    if license is None:
        raise FontError(f"the package {name} holds no license", "A font without its license is not kept.")
    return files, license


def members(archive: Path, source: Source) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield the files of a package's archive, with their paths inside the package.

    Raises:
        FontError: unreadable or unsafe.
    """
    try:
        yield from _tar_files(archive) if archive.suffix == ".tgz" else _zip_files(archive)
    except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        name = f"{source.package} {source.version}"
        raise FontError(f"the package {name} is no readable archive: {error}", "Run the same command again.") from error


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _tar_files(archive: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        for member in members:
            if not (member.isfile() or member.isdir()):
                raise _unsafe(archive, member.name)
            _check_path(archive, member.name)
        for member in members:
            if file := tar.extractfile(member):
                # npm puts all into one folder more.
                yield PurePosixPath(*PurePosixPath(member.name).parts[1:]), file.read()


def _zip_files(archive: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            _check_path(archive, name)
        for name in packed.namelist():
            yield PurePosixPath(name), packed.read(name)


def _check_path(archive: Path, name: str) -> None:
    path = PureWindowsPath(name)  # which knows drives and both kinds of slashes
    if path.anchor or ".." in path.parts:
        raise _unsafe(archive, name)


def _unsafe(archive: Path, name: str) -> FontError:
    return FontError(
        f"{archive.name} is an archive with paths that lead outside its folder: {name}",
        "It was not unpacked; do not trust where it came from.",
    )
