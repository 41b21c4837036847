"""Damaged files for every reader: no crash, no hang, no "internal error", nothing written beside the output.

``python -m benchmarks.fuzz [COUNT]`` runs COUNT damaged inputs (default 10,000), each a sound file with a few bytes or
JSON values changed, through the commands that read it. What breaks a rule is listed and its input kept.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.fuzz_seeds import Seed, make_seeds

SLOW = 20.0
"""Seconds of CPU time that an answer may take."""
HANG = 60.0
"""Seconds of CPU time after which a command that has not answered is stopped."""
SILENT = 1800
"""Seconds by the clock, for one that sleeps."""
MEMORY = 4 << 30
_PER_WORKER = 25
_SOUND = -1
Bytes = Callable[[bytes, np.random.Generator], bytes]


@dataclass(frozen=True)
class Fault:
    """What broke a rule: of which seed and number, by what command, and how."""

    seed: str
    number: int
    command: str
    what: str


def flip(data: bytes, rng: np.random.Generator) -> bytes:
    """Change a few bits."""
    changed = bytearray(data)
    for offset in rng.integers(0, max(1, len(data)), int(rng.integers(1, 9))):
        if offset < len(changed):
            changed[offset] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    """Leave the end out."""
    return data[: int(rng.integers(0, len(data) + 1))]


def insert(data: bytes, rng: np.random.Generator) -> bytes:
    """Put some bytes in, or the file's own a second time."""
    offset, length = int(rng.integers(0, len(data) + 1)), int(rng.integers(1, 40))
    own = data[: length * 3] if rng.random() < 0.3 else rng.bytes(length)
    return data[:offset] + own + data[offset:]


def blank(data: bytes, rng: np.random.Generator) -> bytes:
    """Set a stretch to zeros or to 255."""
    start = int(rng.integers(0, len(data) + 1))
    stop = min(len(data), start + int(rng.integers(1, 200)))
    return data[:start] + bytes([0 if rng.random() < 0.5 else 255]) * (stop - start) + data[stop:]


_ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**63, 10**30, 1e308, float("nan"), float("inf"), "", "x", "永" * 50, "../../out", "\0",
    "\ud800", [], [[]], [1, "a"], {}, {"a": {"b": None}},
)  # fmt: skip


def rewrite_json(data: bytes, rng: np.random.Generator) -> bytes:
    """Replace a value of a JSON text, or of a line of it, by an odd one, or take a key out."""
    lines = data.decode("utf-8", "replace").split("\n")
    whole = len(lines) < 2 or lines[0].strip() in ("{", "[")
    at = 0 if whole else int(rng.integers(len(lines)))
    try:
        value = json.loads(data if whole else lines[at])
    except ValueError:
        return flip(data, rng)
    entries = [*_entries(value)]
    if not entries:
        return json.dumps(_odd(rng)).encode()
    holder, key = entries[int(rng.integers(len(entries)))]
    if isinstance(holder, dict) and rng.random() < 0.3:
        del holder[key]
    else:
        holder[key] = _odd(rng)
    text = json.dumps(value)
    return (text if whole else "\n".join([*lines[:at], text, *lines[at + 1 :]])).encode()


def _odd(rng: np.random.Generator) -> Any:
    return _ODD[int(rng.integers(len(_ODD)))]


def _entries(value: Any) -> Iterator[tuple[Any, Any]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield value, key
        yield from _entries(inner)


_WORDS = (
    "null", "true", "-1", "0", "9999999999999999999999", "1e308", ".nan", ".inf", "''", "永", "../../out", "[]", "{}",
    "[[1]]", "{a: {b: }}", "a: b", "*a", "&a", "!!python/object:os.system", "|", "- ", "\t", '"\\ud800"', "2026-01-01",
)  # fmt: skip


def rewrite_yaml(data: bytes, rng: np.random.Generator) -> bytes:
    """Replace a word of a YAML text by an odd one."""
    text = data.decode("utf-8", "replace")
    words = [*re.finditer(r"[\w./-]+", text)]
    if not words:
        return flip(data, rng)
    word = words[int(rng.integers(len(words)))]
    return (text[: word.start()] + _WORDS[int(rng.integers(len(_WORDS)))] + text[word.end() :]).encode()


_REWRITES: dict[str, Bytes] = {".json": rewrite_json, ".jsonl": rewrite_json, ".yaml": rewrite_yaml}
_BYTES: tuple[Bytes, ...] = (flip, flip, cut, insert, blank)


def damage(folder: Path, name: str, rng: np.random.Generator) -> str:
    """Damage one file of a seed in place; return what was done to which."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    chosen = [path for path in files if path.name == name] or files
    path = chosen[int(rng.integers(len(chosen)))]
    rewrite = _REWRITES.get(path.suffix) if rng.random() < 0.6 else None
    how = rewrite or _BYTES[int(rng.integers(len(_BYTES)))]
    path.write_bytes(how(path.read_bytes(), rng))
    return f"{how.__name__} {path.relative_to(folder)}"


def run_one(seed: Seed, number: int, work: Path) -> Fault | None:
    """Damage a copy of a seed and run one of its commands on it; return what broke a rule."""
    rng = np.random.default_rng([number, *seed.name.encode()])
    _copy(seed, work)
    name = seed.files[int(rng.integers(len(seed.files)))] if seed.files else ""
    done = damage(work / "in", name, rng)
    before = _listing(work)
    words = seed.commands[int(rng.integers(len(seed.commands)))]
    return _run(seed, words, number, work, done, before)


def _copy(seed: Seed, work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(seed.folder, work / "in")
    (work / "cwd").mkdir()


def _run(seed: Seed, words: Sequence[str], number: int, work: Path, done: str, before: set[str]) -> Fault | None:
    from handgen.cli import run

    command = [word.format(IN=work / "in", OUT=work / "out") for word in words]
    out, err = io.StringIO(), io.StringIO()
    started = time.process_time()
    what = ""
    for each in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(each, _too_slow)
    signal.alarm(SILENT)
    signal.setitimer(signal.ITIMER_PROF, HANG)
    try:
        with _inside(work / "cwd"), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(command)
        if code not in (0, 1, 2):
            what = f"exit code {code}"
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is a fault
        what = f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
    took = time.process_time() - started
    text = err.getvalue()
    if "internal error" in text:
        what = text.strip().splitlines()[-1]
    elif not what and took > SLOW:
        what = f"{took:.0f} s of CPU time"
    elif not what and (beside := sorted(_listing(work) - before - seed.written(work))):
        what = f"wrote {', '.join(beside[:3])}"
    return Fault(seed.name, number, f"handgen {' '.join(command)} [{done}]", what) if what else None


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _too_slow(*_: object) -> None:
    raise TimeoutError(f"no answer within {HANG:.0f} s of CPU time or {SILENT} s")


def _listing(work: Path) -> set[str]:
    out = work / "out"
    return {str(path) for path in work.rglob("*") if out not in (path, *path.parents) and path.is_file()}


def fuzz(seeds: Sequence[Seed], numbers: Sequence[int], work: Path) -> list[Fault]:
    """Run damaged inputs in this process: number i is of seed i modulo their count."""
    found = (run_one(seeds[number % len(seeds)], number, work) for number in numbers)
    return [fault for fault in found if fault is not None]


def warm_up(seeds: Sequence[Seed], work: Path) -> list[Fault]:
    """Run every command on its sound input: what it loads once is shared with the processes forked afterwards."""
    found = []
    for seed in seeds:
        for words in seed.commands:
            _copy(seed, work)
            found.append(_run(seed, words, _SOUND, work, "sound", _listing(work)))
    return [fault for fault in found if fault is not None]


def _job(arguments: tuple[Sequence[Seed], Sequence[int], str]) -> tuple[list[Fault], int]:
    seeds, numbers, parent = arguments
    work = Path(tempfile.mkdtemp(dir=parent))
    try:
        faults = fuzz(seeds, numbers, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return faults, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def long_run(count: int, first: int = 0, log: Path | None = None, only: str = "") -> list[Fault]:
    """Run ``count`` damaged inputs, a few in each process, so that what ends a process is found as well.

    Args:
        count: how many.
        first: the first one's number.
        log: a file with what was found up to now, one JSON line for a few inputs; a run goes on after the last.
        only: of the seeds whose names contain this.
    """
    faults: list[Fault] = []
    begin = first
    if log is not None and log.is_file():
        for line in map(json.loads, log.read_text(encoding="utf-8").splitlines()):
            begin = max(begin, line["next"])
            faults += [Fault(**fault) for fault in line["faults"]]
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory(prefix="handgen-fuzz-") as parent:
        seeds = make_seeds(Path(parent) / "seeds", only=only)
        torch.set_num_threads(1)  # a process that is forked from one with OpenMP's threads may crash
        unsound = warm_up(seeds, Path(parent) / "sound")
        for fault in unsound:
            print(fault, flush=True)
        faults += unsound
        seeds = [*seeds, *(seed for seed in seeds if not seed.slow)]
        for start in range(begin, first + count, _PER_WORKER):
            before = len(faults)
            numbers = range(start, min(start + _PER_WORKER, first + count))
            receive, send = context.Pipe(duplex=False)
            child = context.Process(target=lambda s=send, n=numbers: s.send(_job((seeds, n, parent))))
            child.start()
            send.close()
            try:
                some, memory = receive.recv()
                faults += some
                if memory > MEMORY:
                    faults.append(Fault("?", start, f"numbers {start} to {numbers[-1]}", f"{memory >> 20} MiB"))
            except EOFError:
                child.join()
                faults.append(Fault("?", start, f"numbers {start} to {numbers[-1]}", f"ended by {child.exitcode}"))
            child.join()
            for fault in faults[before:]:
                print(fault, flush=True)
            if log is not None:
                line = {"next": numbers[-1] + 1, "faults": [asdict(fault) for fault in faults[before:]]}
                with log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
            if start // _PER_WORKER % 20 == 0:
                print(f"{start - first + len(numbers):,} of {count:,} inputs, {len(faults)} faults", flush=True)
    return faults


def main() -> int:
    """Run from the command line; exit with 1 if any rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first input: other numbers, other damage")
    parser.add_argument("--log", type=Path, help="file of what was found; with the same one a stopped run goes on")
    parser.add_argument("--only", default="", help="a part of the names of the seeds to take")
    options = parser.parse_args()
    faults = long_run(options.count, options.first, options.log, options.only)
    print(f"{options.count:,} damaged inputs, {len(faults)} broke a rule")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
